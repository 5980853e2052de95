"""Host names and origins: what is this server's own, and what an owner may allow."""

from __future__ import annotations

import re

import pytest

from lib_bootcamp.core.web_access import (
    AccessRules,
    ForeignOriginError,
    HostNames,
    RequestHead,
    UnknownHostError,
    UnsupportedContentError,
    host_names,
    is_loopback,
    origin_list,
    split_authority,
)

LOCAL, NETWORK = HostNames(own="studio"), HostNames(own="studio", network=True)
OWN = ["127.0.0.1:7862"]


def head(**given: object) -> RequestHead:
    return RequestHead(**{"method": "POST", "hosts": OWN, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "localhost.localdomain",
        "ip6-localhost",
        "a.localhost",
        "127.1.2.3",
        "::1",
        "studio",
        "studio.local",
    ],
)
def test_this_machine_answers_to_its_own_names(name: str) -> None:
    assert name in LOCAL


@pytest.mark.parametrize("name", ["evil.example", "192.168.1.2", "0.0.0.0", "nas", "studio.lan"])
def test_a_server_for_this_machine_answers_to_no_other_name(name: str) -> None:
    assert name not in LOCAL


@pytest.mark.parametrize("name", ["192.168.1.2", "fe80::1", "8.8.8.8", "nas", "a.b.internal", "x.home.arpa"])
def test_a_server_for_a_network_answers_to_addresses_and_names_of_networks(name: str) -> None:
    assert name in NETWORK


@pytest.mark.parametrize("name", ["evil.example", "local.evil.example", "evillocal.com", ".local", "a..lan"])
def test_a_server_for_a_network_answers_to_no_name_that_a_stranger_can_own(name: str) -> None:
    assert name not in NETWORK


def test_a_star_allows_what_lies_below_and_not_the_name_itself() -> None:
    names = HostNames(host_names(["*.Example.com."]))
    assert "a.b.example.com" in names
    assert "example.com" not in names
    assert "anotherexample.com" not in names
    assert ".example.com" not in names


def test_a_star_alone_allows_every_name() -> None:
    assert "evil.example" in HostNames(host_names(["*"]))


@pytest.mark.parametrize("text", ["https://a.example", "a.example:80", "a b", "", "a.*.example", "*a", "a/b"])
def test_what_is_no_name_cannot_be_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="is not a host name"):
        host_names([text])


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("LOCALHOST.:80", ("localhost", 80)),
        ("[::1]:7862", ("::1", 7862)),
        ("[::ffff:127.0.0.1]", ("127.0.0.1", 80)),
        ("a:", ("a", 80)),
    ],
)
def test_a_host_header_is_read_as_name_and_port(value: str, read: tuple[str, int]) -> None:
    assert split_authority(value, "http") == read


@pytest.mark.parametrize("value", ["", ":80", "a:b", "a:99999", "a@b", "[::1", "::1", "a..b", "a,b", "a/b", "ä"])
def test_a_host_header_that_is_none_is_not_read(value: str) -> None:
    assert split_authority(value, "http") is None


@pytest.mark.parametrize("hosts", [[], ["a.example"], [*OWN, *OWN], [""]])
def test_one_name_of_this_server_is_asked_for(hosts: list[str]) -> None:
    with pytest.raises(UnknownHostError):
        AccessRules(hosts=LOCAL).check(RequestHead(hosts=hosts))


@pytest.mark.parametrize("origin", ["http://127.0.0.1:7862", "https://127.0.0.1:7862"])
def test_the_own_page_may_change_things(origin: str) -> None:
    AccessRules(hosts=LOCAL).check(head(origins=[origin]))


def test_a_port_that_is_the_schemes_own_need_not_be_named() -> None:
    AccessRules().check(head(hosts=["studio.example"], origins=["https://studio.example"]))
    AccessRules().check(head(hosts=["studio.example:443"], origins=["https://studio.example"]))


@pytest.mark.parametrize("origin", ["null", "http://127.0.0.1", "http://localhost:7862", "ftp://127.0.0.1:7862", ""])
def test_every_other_page_may_not(origin: str) -> None:
    with pytest.raises(ForeignOriginError):
        AccessRules(hosts=LOCAL).check(head(origins=[origin]))


PROXIED = "https://studio.example.com:8443"


@pytest.mark.parametrize("method", ["POST", "WEBSOCKET"])
def test_a_browser_that_says_same_origin_is_believed_behind_a_proxy_that_writes_host_anew(method: str) -> None:
    AccessRules(hosts=LOCAL).check(head(method=method, origins=[PROXIED], fetch_site="same-origin"))


@pytest.mark.parametrize("site", ["same-site", "cross-site", "none", "", "same-origin, cross-site", "same-originx"])
def test_no_other_word_of_the_browser_makes_a_foreign_page_an_own_one(site: str) -> None:
    with pytest.raises(ForeignOriginError):
        AccessRules(hosts=LOCAL).check(head(origins=[PROXIED], fetch_site=site))


@pytest.mark.parametrize("origins", [["null"], [PROXIED, "https://evil.example"], ["null", PROXIED]])
def test_a_page_without_one_origin_is_none_of_this_server_whatever_the_browser_says(origins: list[str]) -> None:
    with pytest.raises(ForeignOriginError):
        AccessRules(hosts=LOCAL).check(head(origins=origins, fetch_site="same-origin"))


@pytest.mark.parametrize("names", [LOCAL, NETWORK])
def test_a_rebound_page_is_of_the_same_origin_and_refused_by_its_name(names: HostNames) -> None:
    rebound = head(hosts=["evil.example"], origins=["http://evil.example"], fetch_site="same-origin")
    with pytest.raises(UnknownHostError):
        AccessRules(hosts=names).check(rebound)


def test_null_is_refused_where_every_site_is_allowed() -> None:
    with pytest.raises(ForeignOriginError):
        AccessRules(origins=("*",), pattern=re.compile(".*")).check(head(origins=["null"]))


def test_an_allowed_page_may_send_cross_site() -> None:
    rules = AccessRules(origins=origin_list("http://localhost:3000/, HTTPS://Studio.example:443"))
    for origin in ("http://localhost:3000", "https://studio.example"):
        rules.check(head(origins=[origin], fetch_site="cross-site"))


@pytest.mark.parametrize("end", ["/", "#", "?", "@", ":1@", " ", "\t", "\\", "/a"])
def test_a_pattern_allows_nothing_but_origins(end: str) -> None:
    assert AccessRules(pattern=re.compile(r"https://(.*\.)?good\.example")).is_allowed("https://a.good.example")
    assert not AccessRules(pattern=re.compile(r"https://(.*\.)?good\.example")).is_allowed(
        f"https://evil.example{end}.good.example"
    )


def test_a_pattern_has_to_match_the_whole_origin() -> None:
    rules = AccessRules(pattern=re.compile(r"https://.*\.example\.com"))
    assert rules.is_allowed("https://a.example.com")
    assert not rules.is_allowed("https://a.example.com.evil.example")


@pytest.mark.parametrize(
    "text", ["null", "localhost:3000", "http://a/b", "http://", "http://a@b", "ftp://a", "http://a:x"]
)
def test_what_is_no_origin_cannot_be_allowed(text: str) -> None:
    with pytest.raises(ValueError, match=r"origin|host name"):
        origin_list(text)


def test_a_link_elsewhere_opens_the_page_and_nothing_that_is_data() -> None:
    link = {"method": "GET", "fetch_site": "cross-site", "shown": True}
    AccessRules().check(head(**link, api=False))
    for closed in ({**link, "api": True}, {**link, "api": False, "shown": False}):
        with pytest.raises(ForeignOriginError):
            AccessRules().check(head(**closed))


@pytest.mark.parametrize("kinds", [[], ["text/plain"], ["text/plain;application/json"], ["application/json", "x/y"]])
def test_a_body_is_json_or_a_form(kinds: list[str]) -> None:
    with pytest.raises(UnsupportedContentError):
        AccessRules().check(head(has_body=True, content_types=kinds))


@pytest.mark.parametrize(
    "kind", ["Application/JSON; charset=utf-8", "multipart/form-data; boundary=x", "application/ld+json"]
)
def test_json_and_forms_are_read(kind: str) -> None:
    AccessRules().check(head(has_body=True, content_types=[kind]))


@pytest.mark.parametrize(
    ("address", "alone"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("127.9.9.9", True),
        ("localhost.localdomain", True),
        ("0.0.0.0", False),
        ("::", False),
    ],
)
def test_a_loopback_address_is_reached_from_this_machine_alone(address: str, *, alone: bool) -> None:
    assert is_loopback(address) is alone


def test_a_request_that_a_browser_calls_another_sites_is_refused_whatever_its_origin_says() -> None:
    with pytest.raises(ForeignOriginError):
        AccessRules(hosts=LOCAL).check(
            head(origins=["http://localhost:7861"], hosts=["localhost:7861"], fetch_site="cross-site")
        )
