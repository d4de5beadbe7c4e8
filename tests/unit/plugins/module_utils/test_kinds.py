"""Kinds: the same value however it is written, and nothing made up where the server says something else."""

from __future__ import annotations

import ipaddress
import re

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import Bindings, ConnectionSettings
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.flags import Flags
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.inherited import OrOrganization
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.listings import Edit
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Enum, Int
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.sizes import (
    BlankIsUnlimited,
    ByteSize,
    UnlimitedInt,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import TimeSpan
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import (
    HostName,
    Identity,
    SingleLine,
    Text,
    WindowsPath,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.web import WebAddress
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import MAILBOX_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import argument_spec

SPAN = TimeSpan(0, 10 * 86400)
SIZE = ByteSize()
SORTED = Enum({"Ascending": 0, "Descending": 1})
BINDINGS = Bindings()
CONNECTIONS = ConnectionSettings()

ports = st.integers(1, 65535)
hosts = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z]{1,8}){0,3}", fullmatch=True)
bindings = st.one_of(
    st.builds("{}:{}".format, st.ip_addresses(v=4), ports), st.builds("[{}]:{}".format, st.ip_addresses(v=6), ports)
)
connections = st.builds("{}:{}{}".format, hosts, ports, st.sampled_from(["", ":SSL", ":TLS"]))
wire = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["$text", "$value", "Ticks", "IsUnlimited", "Value", "x"]), inner, max_size=4)
    ),
    max_leaves=6,
)
ALL = {f"{p}.{s.option}": s.kind for p, protocol in PROTOCOLS.items() for s in protocol.settings}
ALL |= {f"smtp.{s.option}": s.kind for s in CONNECTOR_SETTINGS}


@pytest.mark.parametrize("name", ALL)
@given(value=wire)
def test_what_the_server_says_is_a_value_or_unreadable_and_reading_again_changes_nothing(name, value):
    kind = ALL[name]
    try:
        once = kind.read(value)
    except Unreadable:
        return
    assert kind.read(once) == once
    kind.render(once)
    kind.send(once)
    assert kind.equal(once, once)


@given(st.integers(0, 10 * 86400))
def test_time_spans_are_one_value_in_every_spelling(seconds):
    days, rest = divmod(seconds, 86400)
    hours, minutes, second = rest // 3600, rest // 60 % 60, rest % 60
    canonical = SPAN.parse(seconds)
    assert SPAN.parse(canonical) == canonical
    assert SPAN.parse(str(seconds)) == canonical
    assert SPAN.parse(f"{days}.{hours}:{minutes:02}:{second:02}") == canonical
    assert SPAN.parse(f"{days:02}.{hours:02}:{minutes}:{second}.0000000") == canonical
    assert SPAN.read({"$text": "whatever", "Ticks": seconds * 10_000_000}) == canonical
    assert SPAN.read(canonical) == canonical
    assert SPAN.read(f"P{days}DT{hours}H{minutes}M{second}S") == canonical


@given(st.integers(0, 10 * 86400), st.integers(0, 10 * 86400))
def test_different_time_spans_are_different(first, second):
    assert SPAN.equal(SPAN.parse(first), SPAN.parse(second)) is (first == second)


@given(st.integers(0, 1 << 50), st.sampled_from(["", "B", "KB", "MB", "GB", "TB"]), st.sampled_from(["", " "]))
def test_sizes_are_one_value_in_every_spelling(number, unit, blank):
    size = number * {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}[unit]
    assert SIZE.parse(f"{number}{blank}{unit}") == SIZE.parse(f"{number}{blank}{unit.lower()}") == size
    assert SIZE.parse(SIZE.render(size)) == SIZE.read(size) == SIZE.parse(size) == size
    for separator in (",", ".", "'", "\u2019", "\u00a0", "\u202f", ""):
        shown = {"$text": f"{number} {unit or 'B'} ({size:,} bytes)".replace(",", separator)}
        assert SIZE.read(shown) == size
        assert SIZE.read({"$text": "?", "IsUnlimited": False, "Value": shown}) == size


@given(st.integers(0, 1 << 40))
def test_a_size_rounded_up_to_a_kilobyte_is_as_good(size):
    rounded = -(-size // 1024) * 1024
    assert SIZE.equal(size, rounded)
    assert not SIZE.equal(size, rounded + 1024)
    assert size == rounded or not SIZE.equal(rounded, size)


def test_unlimited_is_a_value_of_its_own():
    assert SIZE.parse("UNLIMITED") == SIZE.read({"$text": "Unlimited", "IsUnlimited": True}) == "Unlimited"
    assert not SIZE.equal("Unlimited", 0)
    assert SIZE.send("Unlimited") == "Unlimited"


@given(st.lists(bindings, max_size=5), st.randoms())
def test_bindings_are_sets(entries, random):
    canonical = BINDINGS.parse(entries)
    shuffled = [*entries, *entries]
    random.shuffle(shuffled)
    assert BINDINGS.parse(shuffled) == canonical
    assert BINDINGS.parse(list(canonical)) == BINDINGS.parse({"set": entries}) == BINDINGS.read(canonical) == canonical
    assert BINDINGS.read([{"$text": entry} for entry in shuffled]) == canonical
    assert BINDINGS.parse(",".join(entries)) == canonical


@given(st.ip_addresses(v=6), ports)
def test_ipv6_has_many_spellings(address, port):
    exploded = f"[{ipaddress.IPv6Address(int(address)).exploded.upper()}]:{port:05}"
    assert (
        BINDINGS.parse([exploded]) == BINDINGS.parse([f"[{address}]:{port}"]) == BINDINGS.parse([f"{address}:{port}"])
    )


def test_ipv4_in_ipv6_is_written_as_dot_net_does():
    assert BINDINGS.parse(["[::ffff:a00:1]:995"]) == ("[::ffff:10.0.0.1]:995",)


@given(st.lists(connections, max_size=5), st.randoms())
def test_connection_settings_are_sets_without_case(entries, random):
    canonical = CONNECTIONS.parse(entries)
    other = [entry.upper() if entry.count(":") == 2 else f"{entry}:" for entry in entries]
    random.shuffle(other)
    assert CONNECTIONS.equal(CONNECTIONS.parse(other), canonical)
    assert CONNECTIONS.equal(CONNECTIONS.read([{"$text": entry} for entry in other]), canonical)
    assert CONNECTIONS.parse(list(canonical)) == canonical


def test_no_encryption_is_not_tls_and_duplicates_fool_nobody():
    assert not CONNECTIONS.equal(CONNECTIONS.parse("a:110"), CONNECTIONS.parse("a:110:TLS"))
    assert not CONNECTIONS.equal(CONNECTIONS.parse(["a:1", "A:1:"]), CONNECTIONS.parse(["a:1", "b:1"]))


@given(st.sets(bindings, max_size=5), st.sets(bindings, max_size=5), st.sets(bindings, max_size=5))
def test_add_and_remove_touch_only_what_they_name(stored, add, remove):
    remove -= add
    actual = BINDINGS.read(list(stored))
    merged = BINDINGS.merge(BINDINGS.parse({"add": list(add), "remove": list(remove)}), actual)
    added, removed = BINDINGS.parse(list(add)), set(BINDINGS.parse(list(remove))) - set(BINDINGS.parse(list(add)))
    assert set(merged) == (set(actual) - removed) | set(added)
    assert BINDINGS.merge(Edit(added, tuple(removed)), merged) == merged


@given(st.sampled_from(list(SORTED.numbers)), st.sampled_from([str.upper, str.lower, str.title, str]))
def test_enums_go_by_name_in_any_case_and_by_number(name, case):
    number = SORTED.numbers[name]
    assert SORTED.parse(case(name)) == SORTED.parse(number) == SORTED.parse(str(number)) == name
    wired = [name, case(name), number, {"$text": name}, {"$text": "otherwise", "$value": number}]
    assert {SORTED.read(value) for value in wired} == {name}
    # Where the two do not agree the name is right: some numbers are inferred.
    assert SORTED.read({"$text": name, "$value": 1 - number}) == name


CLOSED = [
    row
    for row in (*CONNECTOR_SETTINGS, *PROTOCOLS["pop3"].settings, *MAILBOX_SETTINGS)
    if isinstance(row.kind, Enum | Flags | OrOrganization)
]


@pytest.mark.parametrize("row", CLOSED, ids=lambda row: row.option)
def test_choices_are_shown_and_every_spelling_of_them_is_taken(row):
    spec = argument_spec([row])
    (choices,) = (option["choices"] for option in spec.values())
    assert type(choices[0]) in (str, bool)
    kind = row.kind.kind if isinstance(row.kind, OrOrganization) else row.kind
    numbers = list(kind.numbers.values()) if isinstance(kind, Enum) else []
    edits = [{"add": choices[:1]}, ",".join(choices[:2])] if isinstance(kind, Flags) else []
    for value in (*choices, *(str(choice).upper() for choice in choices), *numbers, *edits):
        taken = ArgumentSpecValidator(spec).validate({row.option: value})
        assert not taken.error_messages
        row.kind.parse(taken.validated_parameters[row.option])


@pytest.mark.parametrize(
    ("kind", "first", "second", "same"),
    [
        (Text(), "Ready.", "ready.", False),
        (Text(), "", None, True),
        (WindowsPath(), "C:\\Logs\\Pop3\\", "c:\\logs\\POP3", True),
        (WindowsPath(), "C:\\Logs\\Pop3", "C:\\Logs\\Pop", False),
        (WindowsPath(), "\\\\FS\\logs", "\\\\fs\\Logs\\", True),
        (HostName(), "Mail.Contoso.com", "mail.contoso.COM", True),
        (WebAddress(), "https://MAIL.contoso.com/owa/", "HTTPS://mail.contoso.com:443/owa", True),
        (WebAddress(), "https://mail.contoso.com/owa", "https://mail.contoso.com/OWA", False),
        (WebAddress(), "https://mail.contoso.com", "http://mail.contoso.com", False),
    ],
)
def test_equality(kind, first, second, same):
    assert kind.equal(kind.parse(first), kind.read(second)) is same


def test_empty_text_and_empty_lists_are_sent_as_null():
    assert Text().send(Text().parse("")) is None
    assert BINDINGS.send(BINDINGS.parse([])) is None
    assert BINDINGS.send(BINDINGS.parse("")) is None


@pytest.mark.parametrize(
    ("kind", "value", "clause"),
    [
        (Bool(), "maybe", "'maybe' is neither true nor false"),
        (Int(1, 5, "bytes"), "many", "'many' is not a whole number; use 1 to 5 bytes"),
        (Int(1, 5), True, "True is not a whole number; use 1 to 5"),
        (Int(1, 5), 6, "6 is out of range; use 1 to 5"),
        (SPAN, "1:30", "'1:30' is ambiguous; write 01:30:00 for 1 hour 30 minutes or 00:01:30 for 1 minute 30 seconds"),
        (SPAN, "1.02:30", "'1.02:30' lacks the seconds; write [d.]hh:mm:ss"),
        (SPAN, "00:60:00", "'00:60:00' is not a time span; write [d.]hh:mm:ss, or a whole number of seconds"),
        (SPAN, "-00:01:00", "'-00:01:00' is not a time span; write [d.]hh:mm:ss, or a whole number of seconds"),
        (SPAN, "1.5", "'1.5' is not a time span; write [d.]hh:mm:ss, or a whole number of seconds"),
        (SIZE, "1.5GB", "'1.5GB' is not a size; use a whole number with its unit, such as 10MB, or unlimited"),
        (SIZE, "", "'' is not a size; use a whole number with its unit, such as 10MB, or unlimited"),
        (SingleLine(), "a\tb", "'a\\tb' contains a control character; use text on a single line"),
        (
            WindowsPath(),
            "Logs\\Pop3",
            "'Logs\\\\Pop3' is not an absolute Windows path; write one such as D:\\Logs\\Pop3",
        ),
        (
            HostName(),
            "\u200e00 " + "11" * 19,
            "'\\u200e00 11111111111111111111111111111111111111' is a thumbprint; use the host name that clients "
            "connect to, such as mail.contoso.com",
        ),
        (
            HostName(),
            "CN=mail",
            "'CN=mail' is a certificate's subject; use the host name that clients connect to, such as mail.contoso.com",
        ),
        (
            HostName(),
            "mail_.-.x y",
            "'mail_.-.x y' is not a host name; use the host name that clients connect to, such as mail.contoso.com",
        ),
        (Identity(), "  ", "'  ' is empty; use a name, or leave the option out"),
        (
            WebAddress(),
            "https://mail.contoso.com:99999/owa",
            "'https://mail.contoso.com:99999/owa' is not an absolute web address; "
            "use one such as https://mail.contoso.com/owa",
        ),
        (
            BINDINGS,
            ["[0.0.0.0]:1"],
            "in '[0.0.0.0]:1' an IPv4 address is in brackets; "
            "write IPv4:port or [IPv6]:port, such as 0.0.0.0:995 or [::]:995",
        ),
        (
            BINDINGS,
            ["0.0.0.0:0"],
            "in '0.0.0.0:0' the port 0 is out of range 1 to 65535; "
            "write IPv4:port or [IPv6]:port, such as 0.0.0.0:995 or [::]:995",
        ),
        (BINDINGS, [995], "995 is not text; put each entry in quotes"),
        (BINDINGS, 995, "995 is not a list; use a list, or a dictionary with set, or with add and remove"),
        (BINDINGS, {"set": None}, "set has no value; use a list"),
        (BINDINGS, {}, "it is an empty dictionary; use set, or add and remove, or an empty list to clear it"),
        (
            CONNECTIONS,
            ["a:1:SSL:x"],
            "'a:1:SSL:x' has more than three parts; write Host:Port:SSL, Host:Port:TLS, or Host:Port for no "
            "encryption, such as mail.contoso.com:995:SSL",
        ),
        (
            CONNECTIONS,
            [":995:SSL"],
            "in ':995:SSL' '' is not a host name; write Host:Port:SSL, Host:Port:TLS, or Host:Port for no "
            "encryption, such as mail.contoso.com:995:SSL",
        ),
    ],
)
def test_what_a_user_wrote_may_be_refused(kind, value, clause):
    with pytest.raises(ValueError, match=f"^{re.escape(clause)}$"):
        kind.parse(value)


@pytest.mark.parametrize("port", ["\uff19\uff19\uff15", "\u0663", "+995", "9 5", ""])
def test_a_port_is_written_in_plain_digits(port):
    with pytest.raises(ValueError, match="is not a number"):
        BINDINGS.parse([f"0.0.0.0:{port}"])


def test_nothing_is_unlimited_only_where_exchange_has_no_word_for_it():
    blank, word = BlankIsUnlimited(0, 9), UnlimitedInt(0, 9)
    assert (blank.read(None), blank.read(7), blank.read("Unlimited")) == ("Unlimited", 7, "Unlimited")
    assert (blank.send("Unlimited"), word.send("Unlimited"), blank.send(7)) == (None, "Unlimited", 7)
    with pytest.raises(Unreadable):
        word.read(None)
