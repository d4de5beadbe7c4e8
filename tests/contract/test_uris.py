"""Web addresses as .NET has them: ours, the simulator's, answers that were written down, and a real .NET."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from powershell_engine import powershell
from uris import Uris, recorded

from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import stray
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.web import WebAddress
from exchange_simulator.uris import NoUri, uri_text

ADDRESS = WebAddress()


def taken(text: str) -> str | None:
    """What is sent of an address; None if it is refused."""
    try:
        return ADDRESS.parse(text) if not stray(text.strip()) else None
    except ValueError:
        return None


def simulated(text: str) -> str | None:
    try:
        return uri_text(text)
    except NoUri:
        return None


@pytest.mark.parametrize("text", recorded())
def test_what_is_taken_comes_back_as_it_was_sent(text: str) -> None:
    answer, sent = recorded()[text], taken(text)
    if sent is not None:
        assert answer is not None
        shown, escaped = answer
        assert [ADDRESS.read(form) for form in (shown, escaped, text.strip(), sent)] == [sent] * 4
        assert ADDRESS.parse(sent) == sent


def test_which_of_them_are_taken_as_they_are_and_in_another_form() -> None:
    """The path and what is behind it, at the usual host."""
    host = "https://mail.contoso.test"
    sent = {text: taken(text) for text in recorded()}
    changed = {text.removeprefix(host): to.removeprefix(host) for text, to in sent.items() if to and to != text}
    assert (
        changed.items()
        >= {
            "": "/",
            "?x=1": "/?x=1",
            "/a/../owa": "/owa",
            "/%2e%2e/owa": "/owa",
            "/%7Ea": "/~a",
            "/ü": "/%C3%BC",
            "/%c3%bc": "/%C3%BC",
            ":443/owa": "/owa",
            "HTTPS://MAIL.contoso.test/owa": "/owa",
        }.items()
    )
    same = {text.removeprefix(host) for text, to in sent.items() if to == text}
    assert same >= {
        "/owa",
        "/owa/",
        "/o%20wa",
        "/%C3%BC",
        "/owa?x=a%20b",
        "/owa#f",
        ":8443/owa",
        "https://10.1.2.3/owa",
    }
    assert "https://xn--bcher-kva.test/owa" in same


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://mail.contoso.test/a b", "contains a blank; write 'https://mail.contoso.test/a%20b'"),
        (r"https:\\mail.contoso.test\owa", "contains a backslash; write 'https://mail.contoso.test/owa'"),
        ("https://bücher.test/owa", "has non-ASCII letters; write it as 'xn--bcher-kva.test'"),
        ("https://[::1]/owa", "is an IPv6 address, which has several spellings; use the name that clients connect to"),
        ("https://010.1.2.3/owa", "is a number and not an address; use the name that clients connect to"),
        ("https://mail.contoso.test/a%2fb", "contains '%2F', which Exchange does not store unchanged"),
        ("https://mail.contoso.test/%zz", "contains '%', which Exchange does not store unchanged"),
        ("https://mail.contoso.test/owa?", "has nothing after its ?; leave that out"),
        ("https://mail.contoso.test/a//b", "contains '//' in its path; write '/'"),
        ("https://mail.contoso.test/a./b", "contains 'a.', which not every server keeps; leave out the dot at its end"),
        ("https://mail.contoso.test/e%CC%81", "has accents as separate characters; write '/%C3%A9'"),
    ],
)
def test_what_is_refused_is_told_the_right_form(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"^(the host of )?'") as refused:
        ADDRESS.parse(text)
    assert told in str(refused.value)


def test_a_password_in_an_address_is_not_repeated() -> None:
    for text in (
        "https://user:secret@mail.contoso.test/owa",
        r"https:\\user:secret@mail.contoso.test\owa",
        *(f"https://user:{sign}secret@mail.contoso.test/owa" for sign in "/?#\\ "),
        *(f"{start}user:se//cret-secret@mail.contoso.test/owa" for start in ("https:/", "https:", "")),
    ):
        with pytest.raises(ValueError, match=r"^it contains a user name, which everybody would see") as refused:
            ADDRESS.parse(text)
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize("text", recorded())
def test_the_simulator_has_addresses_as_dotnet_has_them(text: str) -> None:
    answer = recorded()[text]
    assert simulated(text) == (answer and answer[0])


@pytest.fixture(scope="module")
def dotnet() -> Iterator[Uris]:
    uris = Uris(powershell())
    yield uris
    uris.close()


def test_the_answers_written_down_are_those_of_dotnet(dotnet: Uris) -> None:
    assert {text: dotnet(text) for text in recorded()} == recorded()


_PIECES = st.one_of(
    st.sampled_from([*"/.?#%:;=&+~'()$,!*@[]{}|^`\"<>\\ -_", "..", "./", "/../", "//", "%2e", "%2F", "%20", "%C3%BC"]),
    st.sampled_from(
        ["%E2%80%AE", "%25", "%7E", "%41", "%5c", "%FF", "%00", "ü", "あ", "e\u0301", "\u202e", "\U0001d11e"]
    ),
    st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=3),
    st.from_regex(r"[a-z0-9]{1,5}", fullmatch=True),
)
_HOSTS = st.one_of(
    st.sampled_from(
        [
            "mail.contoso.test",
            "MAIL",
            "10.1.2.3",
            "010.1.2.3",
            "1",
            "0x7f.1",
            "1.2.3.4.5",
            "xn--bcher-kva.test",
            "a_b.c",
        ]
    ),
    st.from_regex(r"[A-Za-z0-9]{1,4}(\.[A-Za-z0-9-]{1,4}){0,3}", fullmatch=True),
)
_ADDRESSES = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["https", "http", "HTTPS"]),
    _HOSTS,
    st.sampled_from(["", "", ":", ":443", ":80", ":0443", ":8443", ":65535"]),
    st.lists(_PIECES, max_size=8).map("".join).map(lambda rest: rest if not rest or rest[0] in "?#" else f"/{rest}"),
)


def test_any_address_that_is_taken_is_kept_by_dotnet(dotnet: Uris) -> None:
    count = {True: 0, False: 0}

    @settings(max_examples=600)
    @given(_ADDRESSES)
    def kept(text: str) -> None:
        sent = taken(text)
        count[sent is not None] += 1
        if sent is None:
            return
        answer, same = dotnet(sent), dotnet(text)
        assert answer is not None
        assert answer[1] == sent, "it escapes nothing of it, and takes nothing away"
        assert same is not None
        assert same[1] == sent, "and of what was written it makes the same"
        assert ADDRESS.read(answer[0]) == sent
        assert simulated(sent) == answer[0]

    kept()
    assert min(count.values()) > 50, count
