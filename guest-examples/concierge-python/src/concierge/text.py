"""Texts of people and operators.

White space is what Unicode says it is, for every concierge in every language. Python's own `str.strip` and `str.split`
also take four control characters for it.
"""

import re
from string import punctuation

_WHITE_SPACE = (
    "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_BETWEEN_SPACES = re.compile(f"[^{_WHITE_SPACE}]+")
_WORD = re.compile(f"[^{_WHITE_SPACE}{re.escape(punctuation)}]+")


def trim(text: str) -> str:
    """Give the text without white space around it."""
    return text.strip(_WHITE_SPACE)


def first_word(text: str) -> str | None:
    """Give what stands before the first white space, where there is anything."""
    found = _BETWEEN_SPACES.search(text)
    return found and found.group()


def words(text: str) -> str:
    """Give the text in lower case, each word between single spaces, so that "hi" is not found in "this"."""
    return "".join(f" {word.lower()}" for word in _WORD.findall(text)) + " "
