"""What the customer wants.

A pressed button says it exactly, a list's answer nearly so, and words must be guessed from.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from wit_world.exports.message import Message

from concierge.settings import Treatment
from concierge.text import words


class Wish(StrEnum):
    """What a message asks for, by the word that a button for it sends back when it is pressed."""

    HELLO = "hello"
    """A greeting and nothing more."""
    HOURS = "hours"
    """When the house is open."""
    TREATMENTS = "treatments"
    """What can be booked."""
    PERSON = "person"
    """A human being."""
    THANKS = "thanks"
    """No more than thanks."""
    UNCLEAR = "unclear"
    """Nothing that this bot knows."""


@dataclass(frozen=True)
class Choice:
    """A message asks for this treatment."""

    treatment: Treatment

    def __str__(self) -> str:
        return f"choose {self.treatment.id}"


Intent = Wish | Choice

_PHRASES = {
    Wish.PERSON: [
        "human",
        "person",
        "agent",
        "someone",
        "somebody",
        "operator",
        "representative",
        "staff",
        "colleague",
        "reception",
        "talk to",
        "speak to",
        "speak with",
        "call me",
        "not a bot",
        "real people",
    ],
    Wish.HOURS: ["hours", "open", "opening", "close", "closed", "closing", "when can i come"],
    Wish.TREATMENTS: [
        "treatment",
        "treatments",
        "massage",
        "spa",
        "book",
        "booking",
        "menu",
        "offer",
        "appointment",
        "reserve",
    ],
    Wish.THANKS: ["thanks", "thank you", "thx", "cheers", "🙏"],
    Wish.HELLO: ["hello", "hi", "hey", "good morning", "good afternoon", "good evening", "👋"],
}
"""Words for each wish. The first that occurs wins, so that "Hello, can I talk to a person?" asks for a person."""


_KNOWN = {wish: [words(phrase) for phrase in phrases] for wish, phrases in _PHRASES.items()}
"""The same as `words` gives them. Modules are loaded when the bot is built, so this costs nothing in a turn."""


def understand(message: Message, treatments: Sequence[Treatment], offered: bool) -> Intent:
    """Tell what a message asks for.

    Args:
        message: The message.
        treatments: What can be booked.
        offered: Whether the treatments were the last thing shown, so that "2" means one of them.
    """
    if message.presses:
        return _from_payload(message.presses[-1].payload, treatments)
    if message.list_response is not None:
        return _from_list(message.list_response, treatments)
    return _from_text(message.text or "", treatments, offered)


def _from_payload(payload: str, treatments: Sequence[Treatment]) -> Intent:
    """Tell what a pressed button means.

    A payload that is no word of ours is the id of a treatment: the host sends it for a list's choice where the network
    has no lists.
    """
    return Wish(payload) if payload in list(Wish) else _choice(payload, treatments)


def _from_list(response: str, treatments: Sequence[Treatment]) -> Intent:
    """Tell which treatment a list picker's answer names.

    Its shape is not documented, so any text in it that is an id of ours counts, as long as there is exactly one.
    """
    try:
        answer = json.loads(response)
    except ValueError:
        return Wish.UNCLEAR
    named = [treatment for treatment in treatments if _mentions(answer, treatment.id)]
    return _choice(named[0].id, treatments) if len(named) == 1 else Wish.UNCLEAR


def _mentions(value: object, text: str) -> bool:
    match value:
        case str():
            return value == text
        case list():
            return any(_mentions(item, text) for item in value)
        case dict():
            return any(_mentions(item, text) for item in value.values())
        case _:
            return False


def _from_text(text: str, treatments: Sequence[Treatment], offered: bool) -> Intent:
    said = words(text)
    number = said.strip()
    if offered and number.isascii() and number.isdigit():
        by_number = {str(number): treatment for number, treatment in enumerate(treatments, start=1)}
        chosen = by_number.get(number.lstrip("0"))
        return _choice(chosen.id, treatments) if chosen else Wish.UNCLEAR
    for treatment in treatments:
        if _says(said, words(treatment.title)):
            return _choice(treatment.id, treatments)
    wishes = (wish for wish, phrases in _KNOWN.items() if any(_says(said, phrase) for phrase in phrases))
    return next(wishes, Wish.UNCLEAR)


def _choice(treatment_id: str, treatments: Sequence[Treatment]) -> Intent:
    """Look a treatment up by its id. A button may be older than the list of treatments."""
    found = (Choice(treatment) for treatment in treatments if treatment.id == treatment_id)
    return next(found, Wish.UNCLEAR)


def _says(said: str, phrase: str) -> bool:
    """Tell whether this phrase is in what was said. A phrase without a single letter is in nothing."""
    return phrase != " " and phrase in said
