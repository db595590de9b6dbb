"""What the bot does about what the customer wants."""

from dataclasses import dataclass

from wit_world.imports.actions import Action

from concierge import say
from concierge.memory import Memory, Topic
from concierge.settings import Settings, Treatment
from concierge.understand import Choice, Intent, Wish

_PATIENCE = 2
"""How many messages in a row may be unclear before a person takes over."""

_OFFER = {"Opening hours": Wish.HOURS, "Treatments": Wish.TREATMENTS, "A person": Wish.PERSON}
"""Buttons for what a customer may want."""


@dataclass(frozen=True)
class Situation:
    """What an answer depends on besides the memory."""

    settings: Settings
    """The bot's configuration."""
    first_name: str | None
    """The customer's first name, where it is known."""
    has_people: bool
    """Whether there are people to hand over to."""
    now_ms: int
    """The time, in milliseconds since 1970-01-01 UTC."""


def answer(intent: Intent, situation: Situation, memory: Memory) -> list[Action]:
    """Decide what to do, and remember it."""
    memory.misunderstood = memory.misunderstood + 1 if intent == Wish.UNCLEAR else 0
    was_offered, memory.offered = memory.offered, False
    hello = _greeting(situation, memory)
    treatments = situation.settings.treatments

    match intent:
        case Choice(treatment):
            return _choose(treatment, hello, situation, memory)
        case Wish.HELLO:
            return [say.with_buttons(f"{hello or 'Hello again! '}How can I help?", _OFFER)]
        case Wish.HOURS:
            memory.ask(Topic.HOURS)
            return say.while_typing(_hours(hello, situation))
        case Wish.TREATMENTS if not treatments:
            return [say.with_buttons(f"{hello}There is nothing to book right now.", _OFFER)]
        case Wish.TREATMENTS:
            memory.ask(Topic.TREATMENTS)
            memory.offered = True
            return say.while_typing(say.with_treatments(f"{hello}What would you like?", treatments))
        case Wish.PERSON:
            return _call_person("the customer asks for a person", hello, situation, memory)
        case Wish.THANKS:
            return [say.text(f"{hello}With pleasure! 🌸")]
        case _ if memory.misunderstood >= _PATIENCE:
            return _call_person("the bot does not understand the customer", hello, situation, memory)
        case _:
            # A slip after the list does not take the list away: "2" still works on the next try.
            memory.offered = was_offered
            sorry = hello or "Sorry, I did not understand that. "
            offer = f"{sorry}I know our opening hours and our treatments, or I call a person."
            return [say.with_buttons(offer, _OFFER)]


def _greeting(situation: Situation, memory: Memory) -> str:
    """Greet, the first time; say nothing later."""
    if memory.greeted:
        return ""
    memory.greeted = True
    name = f", {situation.first_name}" if situation.first_name else ""
    return f"Welcome to {situation.settings.house}{name}! 👋 "


def _hours(hello: str, situation: Situation) -> Action:
    settings = situation.settings
    is_open = settings.hours.is_open(situation.now_ms, settings.utc_offset_minutes)
    now = "open 🟢" if is_open else "closed 🌙"
    return say.text(f"{hello}We are {now} right now. Our hours: {settings.hours}.")


def _choose(treatment: Treatment, hello: str, situation: Situation, memory: Memory) -> list[Action]:
    memory.chosen = treatment.title
    thanks = f"{hello}{treatment.title}: a lovely choice. We have noted it. Anything else?"
    return [
        say.with_buttons(thanks, _OFFER),
        say.note(f"Wants to book: {treatment.title}"),
        *say.tag(situation.settings.tag_booking),
    ]


def _call_person(why: str, hello: str, situation: Situation, memory: Memory) -> list[Action]:
    memory.misunderstood = 0
    if not situation.has_people:
        sorry = "I cannot call a colleague from here. I know our opening hours and our treatments."
        return [say.with_buttons(f"{hello}{sorry}", _OFFER)]
    who = situation.first_name or "The customer"
    return [
        # The farewell comes first: after the hand-off the conversation is no longer ours to speak in.
        say.text(f"{hello}One moment, I call a colleague. 🛎️"),
        *say.tag(situation.settings.tag_person),
        say.hand_off(f"Because {why}. {who}: {memory.summary()}"),
    ]
