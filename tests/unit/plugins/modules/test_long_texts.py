"""Sentences stay sentences, whatever a user gives or a server says, and however often; what is data stays whole."""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any

import pytest
from evidence import is_a_sentence
from hypothesis import given, settings
from hypothesis import strategies as st
from in_process import InProcessHost

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletError,
    CmdletFailure,
    first_of,
    quoted,
    shortened,
    summed_up,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unread, Unreadable
from ansible_collections.mailops.exchange.plugins.module_utils._judgement import client_access, comparison, findings
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Given
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificate_assignment import (
    CertificateAssignment,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.connectivity import ConnectivityTest
from ansible_collections.mailops.exchange.plugins.module_utils._objects.iis import Iis
from ansible_collections.mailops.exchange.plugins.module_utils._objects.mail_probe import MailProbe
from ansible_collections.mailops.exchange.plugins.module_utils._objects.mailboxes import MailboxAccess
from ansible_collections.mailops.exchange.plugins.module_utils._objects.protocol_services import ProtocolServices
from ansible_collections.mailops.exchange.plugins.module_utils._objects.protocol_settings import (
    ImapSettings,
    PopSettings,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.receive_connector import ReceiveConnector
from ansible_collections.mailops.exchange.plugins.module_utils._objects.throttling_policy import ThrottlingPolicy
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Group, Row

# Of one option, or of one error: a handful of lines on a terminal.
LONGEST = 2000

WORKS = (
    CertificateAssignment, ConnectivityTest, Iis, ImapSettings, MailProbe, MailboxAccess, PopSettings,
    ProtocolServices, ReceiveConnector, ThrottlingPolicy, client_access.ClientAccessInfo,
)  # fmt: skip


def _kinds(prefix: str, rows: tuple[Row, ...]) -> Iterator[tuple[str, Given]]:
    for row in rows:
        if isinstance(row.kind, Group):
            yield from _kinds(f"{prefix}.{row.option}", row.kind.rows)
        else:
            yield f"{prefix}.{row.option}", row.kind


KINDS = {name: kind for work in WORKS for name, kind in _kinds(work.__name__, tuple(work.options))}
# Of options with equal kinds, one.
ONE_OF_EACH = {repr(kind): name for name, kind in KINDS.items()}.values()

# Long ones that are nearly right, so that no check in front hides the one behind it.
pieces = st.text(min_size=1, max_size=6) | st.sampled_from(
    ["9", "a", "a.", "*", "'", "%", " ", "=", ":", "1,", "/", "<I>", "x-1", "1:2:", "CN=", "$x", "\u200e", "\n"]
)
begins = st.sampled_from(
    ["", "-", "{", "https://", "C:\\", "*.", "CN=", "mail.contoso.com:", "10.0.0.0/", "[::]:", "'"]
)
texts = st.builds("{}{}".format, begins, st.builds(lambda piece, times: piece * times, pieces, st.just(1_000)))
given_values = (
    texts
    | st.lists(texts, min_size=1, max_size=2)
    | st.lists(pieces, min_size=1, max_size=2).map(lambda some: some * 1_000)
    | st.dictionaries(st.sampled_from(["set", "add", "remove", "x" * 5_000]), st.lists(texts, max_size=1), max_size=3)
)


@pytest.mark.parametrize("option", ONE_OF_EACH)
@settings(max_examples=10)
@given(value=given_values)
def test_no_refused_value_is_repeated_whole(option: str, value: Any) -> None:
    kind = KINDS[option]
    if kind.spec["type"] == "int":
        # Ansible hands over a number.
        value = 10**18
    elif kind.spec["type"] != "raw":
        value = [str(value)] if kind.spec["type"] == "list" else str(value)
    told = ""
    try:
        kind.parse(value)
    except ValueError as error:
        told = str(error)
    assert len(told) < LONGEST


@settings(max_examples=10)
@given(text=st.text(max_size=20), times=st.sampled_from([1, 100, 1_000]), count=st.sampled_from([1, 3, 100]))
def test_no_server_makes_a_sentence_long(text: str, times: int, count: int) -> None:
    long = text * times
    names = ("NoServiceFoundForGivenName", "ParameterArgumentTransformationError", "NamedParameterNotFound", long)
    for name in names:
        error = CmdletError(name, long, long, long, long, long, long, long)
        assert len(error.sentence("Set-PopSettings", long)) < LONGEST
        failure = str(CmdletFailure("Set-PopSettings", [error] * count))
        assert len(failure) < LONGEST
        assert (f"({count:,} times)." in failure) == (count > 1)
    many = CmdletFailure("Set-PopSettings", [CmdletError(message=f"{number} {long}") for number in range(count)])
    assert len(str(many)) < 10 * LONGEST
    assert f"And {count - 10:,} more." in str(many) or count <= 10
    assert len(str(CmdletFailure("Set-PopSettings", [], long))) < LONGEST
    assert len(str(Unread("Get-PopSettings", "Banner", long, Unreadable(long)))) < LONGEST


@pytest.mark.parametrize("rule", [*findings.RULES.values(), *comparison.RULES.values()], ids=lambda rule: rule.id)
@pytest.mark.parametrize("length", [1, 204_800])
def test_no_finding_is_long(rule: Any, length: int) -> None:
    told = [rule.found, rule.why, rule.fix]
    places = {name for text in told for _literal, name, _spec, _conversion in string.Formatter().parse(text) if name}
    fact = rule.fact(
        **dict.fromkeys(places - {"protocol_key", "protocol_title", "protocol_service"}, "x" * length),
        protocol=PROTOCOLS["pop3"],
    )
    assert len(fact.refusal()) + len(fact.warning()) < 4 * LONGEST


def test_what_is_long_is_shortened_in_the_middle() -> None:
    assert shortened("x" * 300) == "x" * 300
    text = f"{'a' * 200}{'b' * 204_500}{'c' * 100}"
    assert shortened(text) == f"{'a' * 200} ... (204,800 characters) ... {'c' * 100}"
    assert quoted(text).startswith("'aaa")
    assert quoted(text).endswith("ccc'")
    # Of the value, and not of what it looks like.
    assert "(204,800 characters)" in quoted(text)
    assert quoted("ü") == "'ü'"


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, ""), (1, "EX1"), (2, "EX1, EX2"), (11, "EX1, EX2, EX3, EX4, EX5, EX6, EX7, EX8, EX9, EX10 and 1 more")],
)
def test_of_many_the_first_ones_are_named(count: int, told: str) -> None:
    assert first_of([f"EX{number}" for number in range(1, count + 1)]) == told


def test_equal_sentences_are_counted() -> None:
    assert summed_up(["A.", "B.", "A."]) == "A (2 times). B."
    assert summed_up([]) == ""


def test_a_refused_value_is_shortened_where_a_module_tells_it(host: InProcessHost) -> None:
    result = host.run("pop_settings", {"banner": f"{'x' * 204_799}\n"})
    assert result["msg"].startswith("banner: 'xxx")
    assert result["msg"].endswith("xxx\\n' contains a line break; use text on a single line.")
    assert "(204,800 characters)" in result["msg"]
    assert len(result["msg"]) < LONGEST


def test_a_server_that_says_much_is_shortened_where_a_module_tells_it(host: InProcessHost) -> None:
    host.fault("fails_after_effect", cmdlet="Set-PopSettings", message=f"{'It ' * 100_000}failed.")
    banner = "x" * 204_800
    result = host.run("pop_settings", {"banner": banner})
    assert is_a_sentence(result["msg"])
    assert len(result["msg"]) < LONGEST
    assert "(300,006 characters)" in result["msg"]
    assert "EX01 has stored anyway: banner 'xxx" in result["msg"]
    # Data is whole.
    assert result["diff"]["after"] == {"banner": banner}
    assert result["settings"]["banner"] == banner


def test_one_reason_is_told_once(host: InProcessHost) -> None:
    names = [f"nobody{number}" for number in range(12)]
    result = host.run("cas_mailbox", {"identities": names, "pop_enabled": False})
    assert result["msg"].startswith(
        f"identities: each of {', '.join(map(repr, names[:10]))} and 2 more is not a mailbox that Exchange finds; "
        f"check "
    )
    assert result["msg"].count("is not a mailbox") == 1
