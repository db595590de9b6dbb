"""Whole conversations, turn after turn: each turn gets the state that the one before it returned."""

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from componentize_py_types import Err
from wit_world.exports.update import (
    AgentResponse,
    Operation_AgentResponse,
    Operation_Closed,
    Operation_Created,
    Operation_Other,
    Operation_OwnerChanged,
    OtherOperation,
)
from wit_world.imports.actions import (
    Action_HandOff,
    Action_Note,
    Action_Respond,
    Action_Tag,
    Action_TypingStart,
    Action_TypingStop,
    Attachment_ListPicker,
    Failure_GiveUp,
)
from wit_world.imports.log import Level
from wit_world.imports.types import Extra, Owner_Agent, Owner_Bot

from chat import JO, Chat, response, text
from concierge import VERSION
from concierge.memory import Memory
from concierge.settings import Settings

ROOT = Path(__file__).parent.parent


@pytest.fixture
def chat() -> Chat:
    return Chat()


def test_a_new_customer_is_greeted_by_name_and_only_once(chat: Chat) -> None:
    chat.update(Operation_Created())
    assert text(chat.says("hello")) == "Welcome to Lantern House, Jo! 👋 How can I help?"
    assert text(chat.says("hello")) == "Hello again! How can I help?"


@pytest.mark.parametrize("name", ["Anonymous Stork 1afc-9b12", " ", None])
def test_an_invented_name_is_not_used_and_none_is_needed(chat: Chat, name: str | None) -> None:
    actions = chat.message(author=replace(JO, full_name=name), text="hi")
    assert text(actions) == "Welcome to Lantern House! 👋 How can I help?"


def test_hours_tell_whether_it_is_open_now(chat: Chat) -> None:
    assert "We are open 🟢 right now. Our hours: mon-fri 09:00-18:00" in text(chat.says("When do you open?"))
    chat.context.now_ms = 0
    assert text(chat.says("still open?")).startswith("We are closed 🌙")


def test_typing_is_shown_and_ended(chat: Chat) -> None:
    kinds = [type(action) for action in chat.says("hours?")]
    assert kinds == [Action_TypingStart, Action_Respond, Action_TypingStop]


def test_treatments_are_picked_from_a_list(chat: Chat) -> None:
    attachment = response(chat.says("a massage please")).attachment
    assert isinstance(attachment, Attachment_ListPicker)
    assert attachment.value.sections[0].choices[1].id == "forest-bath"

    chat.message(list_response=json.dumps({"selected": [{"id": "forest-bath", "title": "Forest bath"}]}))
    assert chat.memory.chosen == "Forest bath"

    # Where there are no lists the host makes buttons of the choices, which send their ids.
    actions = chat.presses("tea-ritual")
    assert text(actions).startswith("Tea ritual: a lovely choice.")
    assert actions[1:] == [Action_Note("Wants to book: Tea ritual"), Action_Tag(["1002"])]


def test_where_nothing_can_be_pressed_a_number_chooses(chat: Chat) -> None:
    for said in ["treatments", "hmm", "2"]:
        chat.says(said)
    assert chat.memory.chosen == "Forest bath"


def test_a_person_gets_a_summary(chat: Chat) -> None:
    chat.says("When do you open?")
    chat.says("tea ritual 🍵")
    farewell, tag, hand_off = chat.says("Could I speak with someone?")
    assert isinstance(farewell, Action_Respond), "the farewell comes before the hand-off"
    assert tag == Action_Tag(["1001"])
    assert hand_off == Action_HandOff(
        "Because the customer asks for a person. Jo: 3 messages, asked about opening hours, chose Tea ritual. "
        "Last words: “When do you open?” “tea ritual 🍵” “Could I speak with someone?”"
    )


def test_where_there_are_no_people_none_is_called(chat: Chat) -> None:
    chat.context.extras = [Extra(key="refused", value='["hand-off", "move-to"]')]
    actions = chat.says("a person, please")
    assert "I cannot call a colleague from here." in text(actions)
    assert len(actions) == 1


def test_two_unclear_messages_in_a_row_call_a_person(chat: Chat) -> None:
    last = [type(chat.says(said)[-1]) for said in ["blorp", "hours", "blorp", "🦆"]]
    assert last == [Action_Respond, Action_TypingStop, Action_Respond, Action_HandOff]


def test_while_an_agent_speaks_the_bot_listens(chat: Chat) -> None:
    chat.update(Operation_OwnerChanged(Owner_Agent()))
    chat.context.may_speak = False
    assert chat.says("hello") == []
    assert chat.says("I want a human") == []
    assert chat.memory.messages == 2

    chat.update(Operation_AgentResponse(AgentResponse(text="hi", published_ms=None, extras=[])))
    chat.update(Operation_OwnerChanged(Owner_Bot("concierge")))
    chat.context.may_speak = True
    assert text(chat.says("hello")) == "Hello again! How can I help?", "no second welcome after an agent's"
    assert chat.memory.agent_spoke


def test_the_end_forgets_and_the_beginning_starts_fresh(chat: Chat) -> None:
    chat.says("hello")
    chat.update(Operation_Closed())
    assert chat.context.state is None
    chat.context.state = "garbage"
    chat.update(Operation_Created())
    assert chat.memory == Memory()


def test_an_update_that_nobody_knows_changes_nothing(chat: Chat) -> None:
    chat.context.state = "garbage"
    chat.update(Operation_Other(OtherOperation(kind="MERGED", details="{}")))
    assert chat.context.state == "garbage"
    assert chat.turn is not None
    assert chat.turn.line == "MERGED means nothing to me"


def test_a_state_of_somebody_else_is_given_up_on(chat: Chat) -> None:
    chat.context.state = "v1;3"
    with pytest.raises(Err) as failed:
        chat.says("hello")
    failure = failed.value.value
    assert isinstance(failure, Failure_GiveUp)
    assert "not one of concierge's" in failure.value


def test_a_button_older_than_the_list_is_unclear(chat: Chat) -> None:
    chat.presses("mud-pack")
    assert chat.memory.misunderstood == 1
    chat.context.config = json.dumps({"treatments": "! = !"})
    assert response(chat.says("spa")).attachment, "a title without letters is not found in every text"
    chat.context.config = json.dumps({"treatments": ""})
    assert "nothing to book" in text(chat.says("spa"))


def test_the_log_says_what_was_understood(chat: Chat) -> None:
    chat.says("tea ritual")
    assert chat.turn is not None
    assert (chat.turn.level, chat.turn.line) == (Level.INFO, "message 1, choose tea-ritual, 3 actions")
    chat.context.config = "[]"
    chat.says("hello")
    assert chat.turn.level == Level.WARN
    assert chat.turn.line.startswith("message 2, hello, 1 actions; the configuration is not used: ")


def test_pyproject_tells_the_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_the_configuration_in_the_readme_is_one() -> None:
    config = re.search(r"^ {4}\{.*?^ {4}\}$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    assert config is not None
    assert Settings.read(config.group())[1] is None
