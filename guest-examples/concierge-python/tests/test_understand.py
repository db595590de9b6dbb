"""What the customer wants, from words, buttons and lists."""

from dataclasses import replace

import pytest
from wit_world.exports.message import Press

from chat import SILENT_MESSAGE
from concierge.settings import Settings
from concierge.understand import understand

TREATMENTS = Settings.read("{}")[0].treatments


def meant(
    text: str | None = None, *, presses: list[str] | None = None, picked: str | None = None, offered: bool = False
) -> str:
    """Give an intent in words, as the log does."""
    buttons = [Press(kind="postback", payload=payload, text=None) for payload in presses or []]
    message = replace(SILENT_MESSAGE, text=text, presses=buttons, list_response=picked)
    return str(understand(message, TREATMENTS, offered))


@pytest.mark.parametrize(
    "text",
    [
        "I want a human!",
        "Can I talk to someone?",
        "agent",
        "Hello, please let me speak with your reception",
        "are you a real person?",
        "CALL ME",
    ],
)
def test_people_ask_for_people_in_many_ways(text: str) -> None:
    assert meant(text) == "person"


def test_words_are_whole_words() -> None:
    assert meant("this") == "unclear"
    assert meant("hi there") == "hello"
    assert meant("👋") == "hello"
    assert meant("") == "unclear"
    assert meant(None) == "unclear"


def test_a_number_means_a_treatment_only_after_the_list() -> None:
    assert meant("2", offered=True) == "choose forest-bath"
    assert meant(" 02. ", offered=True) == "choose forest-bath"
    assert meant("2") == "unclear"
    for text in ["0", "4", "²", "9" * 10_000]:
        assert meant(text, offered=True) == "unclear"


def test_a_treatment_can_be_named() -> None:
    assert meant("the TEA ritual, please") == "choose tea-ritual"


def test_a_list_answer_must_name_one_treatment() -> None:
    assert meant(picked='{"sections": [{"choices": [{"id": "hot-stone"}]}]}') == "choose hot-stone"
    assert meant(picked='["hot-stone", "tea-ritual"]') == "unclear"
    assert meant(picked='{"id": "something else", "n": null}') == "unclear"
    assert meant(picked="not JSON") == "unclear"


def test_the_last_button_counts_and_goes_before_words() -> None:
    assert meant("tea ritual", presses=["hours", "person"]) == "person"
    assert meant(presses=["tea-ritual"]) == "choose tea-ritual"
    assert meant(presses=["unclear"]) == "unclear"
