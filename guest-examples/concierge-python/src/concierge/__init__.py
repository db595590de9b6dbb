"""A concierge: greets new customers, tells opening hours, offers treatments and hands over to people."""

VERSION = "1.0.0"
"""Shown in the log. It is the same as in pyproject.toml: change both, build, and push, and the log shows the swap."""
