"""What comes of a message or an update: an outcome for the host, and a line for the log."""

import json
from dataclasses import dataclass

from componentize_py_types import Err
from wit_world.exports.message import Message
from wit_world.exports.update import (
    Operation_AgentResponse,
    Operation_Closed,
    Operation_Created,
    Operation_Other,
    Operation_OwnerChanged,
    Update,
)
from wit_world.imports.actions import (
    Action,
    Failure_GiveUp,
    Outcome,
    StateChange,
    StateChange_Clear,
    StateChange_Keep,
    StateChange_Set,
)
from wit_world.imports.log import Level
from wit_world.imports.types import Context, Owner, Owner_Agent, Owner_Bot

from concierge.answer import Situation, answer
from concierge.memory import Memory
from concierge.settings import Settings
from concierge.text import first_word
from concierge.understand import understand


@dataclass(frozen=True)
class Turn:
    """What came of an event, and the line that the log gets about it."""

    outcome: Outcome
    line: str
    level: Level = Level.INFO


def on_message(context: Context, message: Message) -> Turn:
    """Answer a message of the customer; while an agent has the conversation, only listen.

    Raises:
        Err: The conversation's state is not one of this bot's.
    """
    settings, complaint = Settings.read(context.config)
    memory = _recall(context)
    memory.count(message.text)

    intent = understand(message, settings.treatments, memory.offered)
    actions: list[Action] = []
    # An agent may have the conversation. Listening is fine then, answering would be refused.
    if context.may_speak:
        situation = Situation(
            settings=settings,
            first_name=_first_name(message.author.full_name),
            has_people=not _refuses(context, "hand-off"),
            now_ms=context.now_ms,
        )
        actions = answer(intent, situation, memory)

    outcome = _outcome(StateChange_Set(memory.write()), actions)
    line = f"message {memory.messages}, {intent}, {len(actions)} actions"
    return Turn(outcome, f"{line}; {complaint}", Level.WARN) if complaint else Turn(outcome, line)


def on_update(context: Context, update: Update) -> Turn:
    """Remember what happened to the conversation.

    Raises:
        Err: The conversation's state is not one of this bot's.
    """
    match update.operation:
        # These two do not look at the old memory, so they also heal one that cannot be read.
        case Operation_Created():
            return Turn(_outcome(StateChange_Set(Memory().write())), "a new conversation")
        case Operation_Closed():
            return Turn(_outcome(StateChange_Clear()), "the conversation ended")
        case Operation_AgentResponse():
            memory = _recall(context)
            memory.met_an_agent()
            return Turn(_outcome(StateChange_Set(memory.write())), "an agent answered")
        case Operation_OwnerChanged(owner):
            memory = _recall(context)
            line = _new_owner(owner, context.bot_id, memory)
            return Turn(_outcome(StateChange_Set(memory.write())), line)
        # A platform may tell more than this bot knows of; that is no reason to fail.
        case Operation_Other(other):
            return Turn(_outcome(StateChange_Keep()), f"{other.kind} means nothing to me")


def _new_owner(owner: Owner, bot_id: str, memory: Memory) -> str:
    match owner:
        case Owner_Agent():
            memory.met_an_agent()
            return "an agent has the conversation now"
        case Owner_Bot(value) if value == bot_id:
            memory.misunderstood = 0
            return "the conversation is mine again"
        case _:
            return "another bot has the conversation now"


def _recall(context: Context) -> Memory:
    """Read the conversation's memory.

    One that cannot be read will not get better by trying again, so the bot gives up, and the host calls an agent.
    """
    try:
        return Memory.read(context.state)
    except ValueError as error:
        reason = f"the conversation's state is not one of concierge's: {error}"
        raise Err(Failure_GiveUp(reason)) from error


def _refuses(context: Context, action: str) -> bool:
    """Tell whether the host would refuse this action here: it says so in the context's `refused`."""
    refused = (json.loads(extra.value) for extra in context.extras if extra.key == "refused")
    return action in next(refused, [])


def _first_name(full_name: str | None) -> str | None:
    """Give the name to greet somebody by.

    Some networks invent one ("Anonymous Stork 1afc-9b12"), which is worse than none.
    """
    name = first_word(full_name or "")
    return None if name == "Anonymous" else name


def _outcome(state: StateChange, actions: list[Action] | None = None) -> Outcome:
    return Outcome(actions=actions or [], state=state, extras=[])
