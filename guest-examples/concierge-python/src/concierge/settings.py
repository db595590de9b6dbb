"""How the operator configured this bot: the registration's `metadata` object. Everything has a default.

Khoros takes no object and no list within `metadata`, so each setting is a text or a number.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from concierge.hours import Hours
from concierge.text import trim

_TREATMENTS_MAX = 10
"""How many treatments are offered at most: no network shows longer lists well."""

_WRITTEN: dict[str, Any] = {
    "house": "Lantern House",
    "hours": "mon-fri 09:00-18:00, sat 10:00-16:00",
    "utc-offset-minutes": 0,
    "treatments": (
        "hot-stone = Hot stone massage, 60 minutes 🪨; forest-bath = Forest bath, 45 minutes 🌲; "
        "tea-ritual = Tea ritual, 30 minutes 🍵"
    ),
    "tag-person": None,
    "tag-booking": None,
}
"""The defaults as an operator would write them."""


@dataclass(frozen=True)
class Treatment:
    """Something to book."""

    id: str
    """Comes back with the choice."""
    title: str
    subtitle: str | None
    """A word about it."""

    @classmethod
    def read(cls, entry: str) -> Self:
        """Read a treatment such as `tea-ritual = Tea ritual, 30 minutes`.

        Raises:
            ValueError: It is none. The host refuses a choice without an id or a title, and with it the whole answer.
        """
        key, _, words = entry.partition("=")
        title, _, subtitle = words.partition(",")
        treatment = cls(trim(key), trim(title), trim(subtitle) or None)
        if not treatment.id or not treatment.title:
            raise ValueError(f"{entry!r} is not a treatment such as 'tea-ritual = Tea ritual, 30 minutes'")
        return treatment


@dataclass(frozen=True)
class Settings:
    """The configuration."""

    house: str
    """The house's name."""
    hours: Hours
    """When it is open."""
    utc_offset_minutes: int
    """How far the house's clock is ahead of UTC."""
    treatments: tuple[Treatment, ...]
    """What can be booked."""
    tag_person: int | None
    """The platform's tag for conversations that ask for a person. Khoros' tags are numbers."""
    tag_booking: int | None
    """The platform's tag for conversations in which something was chosen."""

    @classmethod
    def read(cls, config: str) -> tuple[Self, str | None]:
        """Read the configuration.

        A broken one must not silence the bot: it gets the defaults, and a complaint for the log.
        """
        try:
            return cls(**_DEFAULTS | _configured(json.loads(config))), None
        except ValueError as error:
            return cls(**_DEFAULTS), f"the configuration is not used: {error}"


def _configured(config: object) -> dict[str, Any]:
    """Read what is configured, in the order of the settings: so the first that is wrong is complained about."""
    if not isinstance(config, dict):
        raise ValueError("it is not an object")
    names = ((field, field.replace("_", "-")) for field in _READERS)
    return {field: _READERS[field](config, name) for field, name in names if name in config}


def _text(written: dict[str, Any], name: str) -> str:
    value = written[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a text")
    return value


def _number(written: dict[str, Any], name: str) -> int:
    value = written[name]
    # For Python True is a number, too.
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} is not a whole number")
    return value


def _tag(written: dict[str, Any], name: str) -> int | None:
    if written[name] is None:
        return None
    tag = _number(written, name)
    if tag < 0:
        raise ValueError(f"{name} is less than 0")
    return tag


def _treatments(text: str) -> tuple[Treatment, ...]:
    entries = [entry for entry in map(trim, text.split(";")) if entry]
    return tuple(map(Treatment.read, entries[:_TREATMENTS_MAX]))


_READERS: dict[str, Callable[[dict[str, Any], str], Any]] = {
    "house": _text,
    "hours": lambda written, name: Hours.read(written[name]),
    "utc_offset_minutes": _number,
    "treatments": lambda written, name: _treatments(_text(written, name)),
    "tag_person": _tag,
    "tag_booking": _tag,
}
"""What reads each setting."""

_DEFAULTS = _configured(_WRITTEN)
"""The defaults, read. Modules are loaded when the bot is built, so this costs nothing in a turn."""
