"""Opening hours: the week, the clock, and how they are written."""

import pytest

from concierge.hours import Hours

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
THURSDAY_NOON_MS = 12 * HOUR_MS

WEEK = "mon-fri 09:00-18:00, sat 10:00-16:00"


def test_the_week_begins_on_the_right_day() -> None:
    hours = Hours.read(WEEK)
    assert hours.is_open(THURSDAY_NOON_MS, 0)
    assert hours.is_open(THURSDAY_NOON_MS + 2 * DAY_MS, 0), "Saturday at noon"
    assert not hours.is_open(THURSDAY_NOON_MS + 3 * DAY_MS, 0), "Sunday"
    assert not hours.is_open(0, 0), "Thursday at midnight"


def test_the_last_minute_is_open_and_the_next_is_not() -> None:
    hours = Hours.read(WEEK)
    assert hours.is_open(18 * HOUR_MS - 60_000, 0)
    assert not hours.is_open(18 * HOUR_MS, 0)


def test_the_offset_moves_the_day() -> None:
    hours = Hours.read({"wed": "22:00-24:00"})
    assert hours.is_open(0, -60), "Thursday 00:00 UTC is Wednesday 23:00 an hour further west"
    assert not hours.is_open(0, 60)


def test_days_of_the_same_hours_stand_together() -> None:
    assert str(Hours.read(WEEK)) == WEEK
    assert str(Hours.read({"tue": "8:00-9:30", "mon": "08:00-09:30"})) == "mon-tue 08:00-09:30"
    assert str(Hours.read({})) == "closed until further notice"


def test_what_comes_later_in_the_alphabet_wins() -> None:
    assert str(Hours.read({"mon-fri": "09:00-18:00", "mon": "10:00-12:00"})) == "mon-fri 09:00-18:00"


@pytest.mark.parametrize(
    ("written", "part"),
    [
        ({"someday": "09:00-18:00"}, "someday"),
        ({"fri-mon": "09:00-18:00"}, "ends before it begins"),
        ({"mon-tue-wed": "09:00-18:00"}, "mon-tue-wed"),
        ({"mon": "18:00-09:00"}, "18:00-09:00"),
        ({"mon": "25:00-26:00"}, "25:00"),
        ({"mon": "09:00"}, "not a time"),
        ({"mon": 9}, "object of texts"),
        ("always", "always"),
        ("", "neither a day"),
        (None, "neither a text nor"),
    ],
)
def test_wrong_hours_are_named(written: object, part: str) -> None:
    with pytest.raises(ValueError, match=part):
        Hours.read(written)
