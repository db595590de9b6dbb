//! Khoros Care, Automation Framework / Bot API v3.
