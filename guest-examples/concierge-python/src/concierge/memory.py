"""What the bot remembers of a conversation: JSON in the state that the host keeps between turns.

It must be there: each event gets a fresh instance of the bot, in which every module is as it was when it was built.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from concierge.text import trim

_WORDS_KEPT = 3
"""How many of the customer's last texts are kept for the summary."""
_WORDS_LONG = 120
"""How much of each, in characters."""


class Topic(StrEnum):
    """Something to ask about."""

    HOURS = "hours"
    TREATMENTS = "treatments"


_TOPICS_IN_WORDS = {Topic.HOURS: "opening hours", Topic.TREATMENTS: "treatments"}


@dataclass
class Memory:
    """A conversation's memory."""

    messages: int = 0
    """Messages of the customer, also those that an agent answered."""
    greeted: bool = False
    """Whether the customer has been greeted."""
    agent_spoke: bool = False
    """Whether a human agent took part."""
    misunderstood: int = 0
    """Messages in a row that the bot made nothing of."""
    asked: list[Topic] = field(default_factory=list)
    """What the customer asked about, each thing once."""
    offered: bool = False
    """Whether the list of treatments is on the customer's screen."""
    chosen: str | None = None
    """The name of the treatment that the customer chose."""
    last_words: list[str] = field(default_factory=list)
    """The customer's last words, oldest first."""

    @classmethod
    def read(cls, state: str | None) -> Self:
        """Read what an earlier turn wrote; a fresh memory when there is none.

        Raises:
            ValueError: This bot did not write that. (An earlier version of it may have known less.)
        """
        if state is None:
            return cls()
        stored = json.loads(state)
        if not isinstance(stored, dict):
            raise ValueError("it is not an object")
        known = {name: read(stored[_key(name)]) for name, read in _READERS.items() if _key(name) in stored}
        return cls(**known)

    def write(self) -> str:
        """Write it for the next turn."""
        stored = {_key(name): value for name, value in asdict(self).items()}
        return json.dumps(stored, ensure_ascii=False, separators=(",", ":"))

    def count(self, text: str | None) -> None:
        """Count a message and keep its words."""
        self.messages += 1
        if words := trim(text or ""):
            self.last_words = [*self.last_words, words[:_WORDS_LONG]][-_WORDS_KEPT:]

    def ask(self, topic: Topic) -> None:
        """Remember that the customer asked about something."""
        if topic not in self.asked:
            self.asked.append(topic)

    def met_an_agent(self) -> None:
        """Remember that an agent took part. A bot that says hello after a person already did looks silly."""
        self.agent_spoke = True
        self.greeted = True

    def summary(self) -> str:
        """Give the conversation in words, for the agent who takes it over."""
        parts = ["1 message" if self.messages == 1 else f"{self.messages} messages"]
        if self.asked:
            parts.append("asked about " + " and ".join(_TOPICS_IN_WORDS[topic] for topic in self.asked))
        if self.chosen is not None:
            parts.append(f"chose {self.chosen}")
        if self.agent_spoke:
            parts.append("has talked to an agent before")
        told = ", ".join(parts)
        if self.last_words:
            told += ". Last words: " + " ".join(f"“{words}”" for words in self.last_words)
        return told


def _key(name: str) -> str:
    """Give the name of a field in the state."""
    return name.replace("_", "-")


def _count(value: object) -> int:
    # For Python True is a number, too.
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is not a count")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return value


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not a list")
    return [_text(item) for item in value]


def _topics(value: object) -> list[Topic]:
    return [Topic(name) for name in _texts(value)]


_READERS: dict[str, Callable[[object], Any]] = {
    "messages": _count,
    "greeted": _flag,
    "agent_spoke": _flag,
    "misunderstood": _count,
    "asked": _topics,
    "offered": _flag,
    "chosen": _optional_text,
    "last_words": _texts,
}
"""What reads each field of the state, and refuses what it should not be."""
