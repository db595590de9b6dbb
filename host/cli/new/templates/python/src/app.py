"""{{name}}: greets by name, says back what it is told, and counts the messages.

The host calls `handle` for each event. A bot does nothing itself: it returns what it wants done. And it remembers nothing
itself: each event gets a fresh instance of it, and only the state lasts.
"""

# Made of wit/ by `bothost build`. A name with `-` there, such as may-speak, is may_speak here.
from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.message import Message as CustomerMessage
from wit_world.exports.update import Operation_Closed
from wit_world.exports.update import Update as ConversationUpdate
from wit_world.imports import log
from wit_world.imports.actions import (
    Action,
    Action_Respond,
    Button_Postback,
    Failure_GiveUp,
    Outcome,
    Postback,
    Response,
    StateChange_Clear,
    StateChange_Keep,
    StateChange_Set,
)
from wit_world.imports.types import Context

START_OVER = "start-over"
"""What the bot gets when its button is pressed."""


class Message(exports.Message):
    """The contract's interface `message`."""

    def handle(self, context: Context, message: CustomerMessage) -> Outcome:
        """Answer what the customer said, or the button that was pressed."""
        before = messages_before(context.state)
        starts_over = any(press.payload == START_OVER for press in message.presses)
        count = 0 if starts_over else before + 1
        # The log of this turn: `/why` in `bothost chat` shows it, and so does `bothost explain`.
        log.write(log.Level.INFO, f"{{name}}: message {count}")

        # While a human agent has the conversation, the bot listens and stays silent: an answer would be refused.
        actions = [say(answer(count, message))] if context.may_speak else []
        return Outcome(actions, StateChange_Set(str(count)), extras=[])


class Update(exports.Update):
    """The contract's interface `update`."""

    def handle(self, context: Context, update: ConversationUpdate) -> Outcome:
        """Forget the conversation when it ended."""
        ended = isinstance(update.operation, Operation_Closed)
        return Outcome([], StateChange_Clear() if ended else StateChange_Keep(), extras=[])


def messages_before(state: str | None) -> int:
    """Tell how many messages came before this one: the state is their number."""
    try:
        return int(state or "0")
    except ValueError as error:
        # Another try would find the same state, so the bot gives up. `Failure_Retry` is for trouble that passes.
        raise Err(Failure_GiveUp(f"the state is not a number: {state}")) from error


def answer(count: int, message: CustomerMessage) -> str:
    """Find the words for a message."""
    if count == 0:
        return "Fine, we start over."
    if count == 1:
        return f"Hello, {message.author.full_name or 'you'}! Tell me something."
    return f"You said: {message.text or 'nothing'} (message {count})"


def say(text: str) -> Action:
    """Say a text, with a button below it."""
    button = Button_Postback(Postback("Start over", START_OVER))
    return Action_Respond(Response(text, [button], attachment=None, extras=[]))
