"""The bot's border: what the host calls, and the line that each turn writes to the log.

Only this file knows that there is a host. All decisions are plain functions of their arguments in the package
`concierge`, so `pytest` runs them in any Python:

| module       | what it answers                              |
| ------------ | -------------------------------------------- |
| `turn`       | what comes of a message or an update?        |
| `settings`   | how did the operator configure this bot?     |
| `memory`     | what do we know of this conversation?        |
| `understand` | what does the customer want?                 |
| `hours`      | are we open?                                 |
| `answer`     | what do we do about it?                      |
| `say`        | how is that written in the contract's types? |
| `text`       | where does a word begin and end?             |
"""

from wit_world import exports
from wit_world.exports import message, update
from wit_world.imports import log
from wit_world.imports.actions import Outcome
from wit_world.imports.types import Context

from concierge import VERSION
from concierge.turn import Turn, on_message, on_update


class Message(exports.Message):
    """The contract's interface `message`."""

    def handle(self, context: Context, message: message.Message) -> Outcome:
        """Answer a message."""
        return _logged(on_message(context, message))


class Update(exports.Update):
    """The contract's interface `update`."""

    def handle(self, context: Context, update: update.Update) -> Outcome:
        """Remember an update."""
        return _logged(on_update(context, update))


def _logged(turn: Turn) -> Outcome:
    log.write(turn.level, f"concierge {VERSION}: {turn.line}")
    return turn.outcome
