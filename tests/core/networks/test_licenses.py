"""Licenses: the hub's names of them, where they disagree, and what forbids sharing."""

from __future__ import annotations

import pytest

from lib_bootcamp.core.networks.licenses import MOST_JUDGED, disagreements, forbids_sharing, hub_license


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CreativeML Open RAIL-M", "creativeml-openrail-m"),
        ("CreativeML Open RAIL++-M License", "openrail++"),
        ("creativeml-openrail-m", "creativeml-openrail-m"),
        ("The MIT License", "mit"),
        ("Apache License 2.0", "apache-2.0"),
        ("CC BY-NC-SA 4.0", "cc-by-nc-sa-4.0"),
        ("my own", ""),
        ("", ""),
    ],
)
def test_a_license_has_the_hubs_name(text: str, name: str) -> None:
    assert hub_license(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "cc-by-nd-4.0",
        "No derivatives",
        "All rights reserved",
        "do not redistribute",
        "not for distribution",
        "personal use only",
        "You must not share it.",
        "It can't be redistributed",
        "may not be uploaded",
        "Redistribution is prohibited",
        "sharing is not permitted",
    ],
)
def test_some_forbid_sharing(text: str) -> None:
    assert forbids_sharing(text)


@pytest.mark.parametrize(
    "text",
    [
        "mit",
        "may be shared",
        "sharing is allowed",
        "CreativeML Open RAIL-M",
        "cc-by-nc-4.0",
        "free to share",
        "",
        "Sandy's",
    ],
)
def test_others_do_not(text: str) -> None:
    assert not forbids_sharing(text)


def test_two_spellings_of_one_license_agree() -> None:
    assert disagreements({"the file": "CreativeML Open RAIL-M", "its base": "creativeml-openrail-m", "you": ""}) == []


def test_a_conflict_names_who_states_what() -> None:
    found = disagreements({"you": "mit", "the file": "cc-by-nd-4.0"})
    assert found == [
        "The licenses disagree: mit by you, cc-by-nd-4.0 by the file.",
        "The license by the file (cc-by-nd-4.0) forbids sharing what is made from it.",
    ]


def test_a_long_text_is_left_to_a_person() -> None:
    found = disagreements({"the file": "x " * MOST_JUDGED})
    assert found == ["The license by the file is a long text that is not judged here: read it before you share."]
