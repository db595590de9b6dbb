"""The memory: it is written and read, and does not grow."""

import pytest

from concierge.memory import Memory, Topic


def test_what_is_written_can_be_read() -> None:
    memory = Memory(chosen="Tea ritual 🍵")
    memory.count("a 👩‍👩‍👧 family")
    memory.ask(Topic.HOURS)
    assert Memory.read(memory.write()) == memory


def test_every_concierge_writes_it_the_same_way() -> None:
    memory = Memory(asked=[Topic.HOURS], last_words=["Grüße 🍺"])
    assert memory.write() == (
        '{"messages":0,"greeted":false,"agent-spoke":false,"misunderstood":0,"asked":["hours"],"offered":false,'
        '"chosen":null,"last-words":["Grüße 🍺"]}'
    )


def test_an_older_version_knew_less() -> None:
    assert Memory.read('{"messages": 3, "mood": "sunny"}') == Memory(messages=3)


@pytest.mark.parametrize(
    "state",
    [
        "v1;3",
        "null",
        '{"messages": "3"}',
        '{"messages": null}',
        '{"messages": true}',
        '{"greeted": 1}',
        '{"asked": ["parking"]}',
        '{"asked": [[]]}',
        '{"chosen": 2}',
        '{"last-words": "hi"}',
    ],
)
def test_what_this_bot_did_not_write_is_refused(state: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Memory.read(state)


def test_it_does_not_grow_with_the_conversation() -> None:
    memory = Memory()
    for _ in range(100):
        memory.count("🍵" * 1_000)
        memory.ask(Topic.TREATMENTS)
    assert memory == Memory(messages=100, asked=[Topic.TREATMENTS], last_words=["🍵" * 120] * 3)


def test_only_white_space_around_a_text_is_cut_off() -> None:
    memory = Memory()
    for text in [" \x85\x1chi  there\u3000\n", " \n", None]:
        memory.count(text)
    assert memory.last_words == ["\x1chi  there"]
