"""The configuration: what it may say, and what becomes of one that is broken."""

import json

import pytest

from concierge.settings import Settings, Treatment


def read(config: object) -> Settings:
    settings, complaint = Settings.read(json.dumps(config))
    assert complaint is None
    return settings


def test_what_is_not_configured_has_a_default() -> None:
    settings = read({"house": "Villa 🌸", "tag-person": 1001})
    assert (settings.house, settings.tag_person, settings.tag_booking) == ("Villa 🌸", 1001, None)
    titles = [treatment.title for treatment in settings.treatments]
    assert titles == ["Hot stone massage", "Forest bath", "Tea ritual"]


def test_treatments_are_written_in_one_text() -> None:
    settings = read({"treatments": "tea = Tea ritual, 30 minutes 🍵; bath = Bath;"})
    assert settings.treatments == (Treatment("tea", "Tea ritual", "30 minutes 🍵"), Treatment("bath", "Bath", None))


def test_ten_treatments_are_enough() -> None:
    many = ";".join(f"t{number} = T{number}" for number in range(12))
    assert len(read({"treatments": f"{many}; broken"}).treatments) == 10


@pytest.mark.parametrize(
    "config",
    [
        "",
        "[]x",
        "[]",
        "null",
        '{"house": null}',
        '{"hours": {"someday": "9-5"}}',
        '{"hours": 9}',
        '{"tag-person": "vip"}',
        '{"tag-person": -1}',
        '{"tag-person": true}',
        '{"utc-offset-minutes": 1.5}',
        '{"treatments": "Tea"}',
        '{"treatments": ["tea = Tea"]}',
    ],
)
def test_a_broken_configuration_is_complained_about_and_not_used(config: str) -> None:
    settings, complaint = Settings.read(config)
    assert settings.house == "Lantern House"
    assert complaint is not None
    assert complaint.startswith("the configuration is not used: ")
