"""Payload texts against the examples and grammars of their specifications."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.qr import payload as qr_payload
from lib_bootcamp.core.qr.payload import Contact
from lib_bootcamp.errors import InvalidParamError

TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=40)
PASSWORD = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8, max_size=63)


def test_wifi_is_written_as_in_the_zxing_wiki():
    assert qr_payload.wifi("mynetwork", "mypass12") == "WIFI:T:WPA;S:mynetwork;P:mypass12;;"


def test_wifi_escapes_the_name_of_the_zxing_wiki():
    # The wiki's own example: the network `"foo;bar\baz"` with the quotes as part of its name.
    text = qr_payload.wifi('"foo;bar\\baz"', security="nopass")
    assert text == 'WIFI:T:nopass;S:\\"foo\\;bar\\\\baz\\";;'


def test_hidden_wifi_says_so():
    assert qr_payload.wifi("a", "12345678", hidden=True) == "WIFI:T:WPA;S:a;P:12345678;H:true;;"


def test_names_that_look_like_hexadecimal_are_not_quoted():
    assert qr_payload.wifi("ABCD", "12345678") == "WIFI:T:WPA;S:ABCD;P:12345678;;"


@given(ssid=TEXT.filter(lambda s: 1 <= len(s.encode()) <= 32), password=PASSWORD, hidden=st.booleans())
@settings(deadline=None, max_examples=60)
def test_wifi_fields_are_found_again_by_a_mecard_reader(ssid, password, hidden):
    text = qr_payload.wifi(ssid, password, hidden=hidden)
    fields = re.findall(r"([TSPH]):((?:\\.|[^\\;])*);", text.removeprefix("WIFI:"), re.DOTALL)
    found = {key: re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) for key, value in fields}
    assert found == {"T": "WPA", "S": ssid, "P": password} | ({"H": "true"} if hidden else {})


@pytest.mark.parametrize(
    ("ssid", "password", "security", "named"),
    [
        ("", "12345678", "WPA", "wifi_ssid"),
        ("é" * 17, "12345678", "WPA", "wifi_ssid"),
        ("a", "", "WPA", "wifi_password"),
        ("a", "1234567", "WPA", "wifi_password"),
        ("a", "x" * 64, "WPA", "wifi_password"),
        ("a", "12345678", "nopass", "wifi_password"),
    ],
)
def test_wifi_that_no_network_can_have_is_refused(ssid, password, security, named):
    with pytest.raises(InvalidParamError) as caught:
        qr_payload.wifi(ssid, password, security=security)
    assert caught.value.param == named


def test_a_wpa_key_of_64_hexadecimal_digits_is_taken():
    assert qr_payload.wifi("a", "0aF1" * 16).count("0aF1") == 16


def test_vcard_lines_end_as_rfc_2426_says_and_hold_the_structured_name():
    text = qr_payload.vcard(Contact(first_name="Ada", last_name="Lovelace", phone="+44 20 1"))
    lines = ["BEGIN:VCARD", "VERSION:3.0", "N:Lovelace;Ada;;;", "FN:Ada Lovelace", "TEL;TYPE=work,voice:+44 20 1"]
    assert text == "\r\n".join([*lines, "END:VCARD"])


def test_vcard_escapes_comma_semicolon_backslash_and_line_break():
    text = qr_payload.vcard(Contact(organization="A, B; C\\D", note="one\r\ntwo\nthree"))
    assert "ORG:A\\, B\\; C\\\\D\r\n" in text
    assert "NOTE:one\\ntwo\\nthree\r\n" in text


def test_vcard_address_has_seven_components():
    text = qr_payload.vcard(Contact(last_name="X", street="1 Road; rear", city="Paris", country="France"))
    assert "ADR:;;1 Road\\; rear;Paris;;;France\r\n" in text


def test_vcard_without_any_name_is_refused():
    with pytest.raises(InvalidParamError, match="vcard_first_name"):
        qr_payload.vcard(Contact(phone="1"))


@pytest.mark.thorough
@given(first=TEXT, last=TEXT.filter(str.strip), note=TEXT)
@settings(deadline=None, max_examples=60)
def test_no_text_can_add_a_line_to_a_vcard(first, last, note):
    text = qr_payload.vcard(Contact(first_name=first, last_name=last, note=note))
    keys = [line.partition(":")[0] for line in re.split(r"\r\n|\r|\n", text)]
    assert keys == ["BEGIN", "VERSION", "N", "FN", *(["NOTE"] if note else []), "END"]


# RFC 6068, section 6.1 to 6.3.
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"to": "chris@example.com"}, "mailto:chris@example.com"),
        ({"to": "gorby%kremvax@example.com"}, "mailto:gorby%25kremvax@example.com"),
        ({"to": "unlikely?address@example.com"}, "mailto:unlikely%3Faddress@example.com"),
        ({"to": "joe@example.com", "cc": "bob@example.com", "body": "hello"},
         "mailto:joe@example.com?cc=bob@example.com&body=hello"),
        ({"to": "infobot@example.com", "body": "send current-issue\nsend index"},
         "mailto:infobot@example.com?body=send%20current-issue%0D%0Asend%20index"),
        ({"to": '"not@me"@example.org'}, "mailto:%22not%40me%22@example.org"),
        ({"to": "user@example.org", "subject": "café"}, "mailto:user@example.org?subject=caf%C3%A9"),
        ({"to": "user@納豆.example.org", "subject": "Test", "body": "NATTO"},
         "mailto:user@%E7%B4%8D%E8%B1%86.example.org?subject=Test&body=NATTO"),
        ({"to": "a@b.de, c@d.de"}, "mailto:a@b.de,c@d.de"),
    ],
)  # fmt: skip
def test_mail_is_encoded_as_in_rfc_6068(fields, expected):
    assert qr_payload.email(fields.pop("to"), **fields) == expected


@pytest.mark.thorough
@given(subject=TEXT, body=TEXT)
@settings(deadline=None, max_examples=60)
def test_subject_and_body_are_found_again_in_a_mailto(subject, body):
    query = qr_payload.email("a@b.de", subject=subject, body=body).partition("?")[2]
    found = dict(part.split("=") for part in query.split("&")) if query else {}
    normal = re.sub(r"\r\n|\r|\n", "\r\n", body)
    assert (unquote(found.get("subject", "")), unquote(found.get("body", ""))) == (subject, normal)


@pytest.mark.parametrize("to", ["", "nobody", "a b@c.de", "a@b@c.de", "@c.de", "a@", " , "])
def test_what_is_no_mail_address_is_refused(to):
    with pytest.raises(InvalidParamError, match="email_to"):
        qr_payload.email(to)


def test_sms_is_encoded_as_in_rfc_5724():
    assert qr_payload.sms("+15105550101", message="hello there") == "sms:+15105550101?body=hello%20there"


def test_smsto_is_not_escaped():
    assert qr_payload.sms("+15105550101", message="a & b", scheme="smsto") == "smsto:+15105550101:a & b"


def test_spaces_in_a_number_are_dropped_and_separators_kept():
    assert qr_payload.phone("+1 201-555-0123") == "tel:+1201-555-0123"


def test_a_local_number_carries_its_context_as_in_rfc_3966():
    assert qr_payload.phone("7042", context="example.com") == "tel:7042;phone-context=example.com"
    assert qr_payload.phone("863-1234", context="+1-914-555") == "tel:863-1234;phone-context=+1-914-555"


@pytest.mark.parametrize("number", ["", "call me", "+", "+abc", "12;34", "()", "1?2"])
def test_what_is_no_number_is_refused(number):
    with pytest.raises(InvalidParamError, match="phone_number"):
        qr_payload.phone(number)


# RFC 5870, sections 1, 6.1 and 3.4.2 (poles).
@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((48.2010, 16.3695, 183), "geo:48.201,16.3695,183"),
        ((48.198634, 16.371648, None), "geo:48.198634,16.371648"),
        ((90, -22.43, None), "geo:90,0"),
        ((-0.0, -180, 0), "geo:0,-180,0"),
        ((1e-9, 1e-6, -1.5), "geo:0,0.000001,-1.5"),
    ],
)
def test_places_are_decimal_degrees_without_exponents(place, expected):
    assert qr_payload.geo(place[0], place[1], altitude_m=place[2]) == expected
