"""Opening hours: read from the configuration, asked with the turn's own clock."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Self

from concierge.text import trim

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTES_PER_DAY = 24 * 60
_CLOCK = re.compile(r"([0-9]+):([0-9]+)")


@dataclass(frozen=True)
class Span:
    """From when until when the house is open on one day, in minutes of that day."""

    start: int
    end: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a span such as `09:00-18:00`.

        Raises:
            ValueError: It is none.
        """
        start, _, end = text.partition("-")
        span = cls(_read_clock(start), _read_clock(end))
        if span.start >= span.end:
            raise ValueError(f"{text!r} ends before it begins")
        return span

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end)}"


@dataclass(frozen=True)
class Hours:
    """When the house is open."""

    days: tuple[Span | None, ...]
    """Monday first; nothing for a day that is closed."""

    @classmethod
    def read(cls, written: object) -> Self:
        """Read hours, which can be written in two ways.

        A text: `mon-fri 09:00-18:00, sat 10:00-16:00`; or an object, where a platform takes one in a configuration:
        `{"mon-fri": "09:00-18:00", "sat": "10:00-16:00"}`. A day that is not named is closed.

        Raises:
            ValueError: It is neither.
        """
        days: list[Span | None] = [None] * len(_DAYS)
        for names, span in _entries(written):
            open_days = _read_days(names)
            days[open_days] = [Span.read(span)] * len(days[open_days])
        return cls(tuple(days))

    def is_open(self, now_ms: int, utc_offset_minutes: int) -> bool:
        """Tell whether the house is open at this time, in milliseconds since 1970-01-01 UTC."""
        day, minute = divmod(now_ms // 60_000 + utc_offset_minutes, _MINUTES_PER_DAY)
        # 1970-01-01 was a Thursday, three days after a Monday.
        span = self.days[(day + 3) % len(_DAYS)]
        return span is not None and span.start <= minute < span.end

    def __str__(self) -> str:
        """Give the week in words, days of the same hours together."""
        parts = []
        for span, group in groupby(zip(_DAYS, self.days, strict=True), key=lambda day: day[1]):
            if span is not None:
                names = [name for name, _ in group]
                parts.append(f"{names[0]} {span}" if len(names) == 1 else f"{names[0]}-{names[-1]} {span}")
        return ", ".join(parts) or "closed until further notice"


def _entries(written: object) -> Iterable[tuple[str, str]]:
    """Give pairs of days and a span. Those of an object are sorted: where two name the same day, the order matters."""
    if isinstance(written, str):
        for entry in written.split(","):
            days, _, span = trim(entry).partition(" ")
            yield days, span
    elif isinstance(written, dict) and all(isinstance(span, str) for span in written.values()):
        yield from sorted(written.items())
    else:
        raise ValueError("hours are neither a text nor an object of texts")


def _read_days(text: str) -> slice:
    names = [trim(name) for name in text.split("-", 1)]
    if any(name not in _DAYS for name in names):
        raise ValueError(f"{text!r} is neither a day nor a range of days such as mon-fri")
    first, last = _DAYS.index(names[0]), _DAYS.index(names[-1])
    if last < first:
        raise ValueError(f"{text!r} ends before it begins")
    return slice(first, last + 1)


def _read_clock(text: str) -> int:
    """Read the minute of the day."""
    found = _CLOCK.fullmatch(trim(text))
    hours, minutes = map(int, found.groups()) if found else (0, _MINUTES_PER_DAY)
    minute = 60 * hours + minutes
    if minutes >= 60 or minute > _MINUTES_PER_DAY:
        raise ValueError(f"{text!r} is not a time such as 09:00")
    return minute


def _clock(minute: int) -> str:
    return "{:02}:{:02}".format(*divmod(minute, 60))
