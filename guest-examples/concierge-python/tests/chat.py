"""A customer on a network, and what the host would keep between turns: whole conversations need no host."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from wit_world.exports.message import Message, Press
from wit_world.exports.update import Operation, Update
from wit_world.imports.actions import Action, Action_Respond, Response, StateChange_Clear, StateChange_Set
from wit_world.imports.types import Author, Context, Owner_Bot, Visibility

from concierge.memory import Memory
from concierge.turn import Turn, on_message, on_update

JO = Author(id="a-77", full_name="Jo Quill", properties=[], extras=[])

SILENT_MESSAGE = Message(
    id=None,
    text=None,
    author=JO,
    owner=None,
    published_ms=None,
    received_ms=None,
    presses=[],
    form=None,
    list_response=None,
    media=[],
    location=None,
    referral=None,
    properties=[],
    extras=[],
)


def new_context() -> Context:
    """Give what the host knows of a conversation that has not begun."""
    return Context(
        platform="khoros",
        event_id="1",
        bot_id="concierge",
        conversation_id="c",
        network="whatsapp",
        channel="house",
        visibility=Visibility.PRIVATE,
        owner=Owner_Bot("concierge"),
        may_speak=True,
        attempt=1,
        state=None,
        config=json.dumps({"tag-person": 1001, "tag-booking": 1002}),
        # Thursday, 1970-01-01, at noon.
        now_ms=12 * 3_600_000,
        seed=7,
        history=[],
        raw="{}",
        extras=[],
    )


@dataclass
class Chat:
    """A conversation. A test may change the context between turns."""

    context: Context = field(default_factory=new_context)
    turn: Turn | None = None
    """The last turn."""

    def message(self, **fields: Any) -> list[Action]:
        """Give what the bot does about a message with these fields."""
        return self._keep(on_message(self.context, replace(SILENT_MESSAGE, **fields)))

    def says(self, text: str) -> list[Action]:
        return self.message(text=text)

    def presses(self, payload: str) -> list[Action]:
        return self.message(presses=[Press(kind="postback", payload=payload, text=None)])

    def update(self, operation: Operation) -> None:
        update = Update(author=JO, operation=operation, conversation=None, extras=[])
        assert self._keep(on_update(self.context, update)) == []

    @property
    def memory(self) -> Memory:
        return Memory.read(self.context.state)

    def _keep(self, turn: Turn) -> list[Action]:
        self.turn = turn
        match turn.outcome.state:
            case StateChange_Set(state):
                self.context.state = state
            case StateChange_Clear():
                self.context.state = None
        return turn.outcome.actions


def response(actions: list[Action]) -> Response:
    """Give the one response among these actions."""
    [response] = [action.value for action in actions if isinstance(action, Action_Respond)]
    return response


def text(actions: list[Action]) -> str:
    """Give what these actions say."""
    said = response(actions).text
    assert said is not None
    return said
