"""What the patterns find in lines of protocol logs is what Python's csv finds, whatever is in their fields."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import logs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable
from ansible_collections.mailops.exchange.plugins.module_utils._objects import log_lines

FIELDS = list(log_lines.FIELDS)


def csv_of(*fields: object) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields)
    return text.getvalue()


def group_of(line: str, day: str = logs.DAY, **of: Any) -> log_lines.Group | None:
    """What a server would count the line as: what the pattern leaves of it, read as CSV."""
    found = re.search(log_lines.log_ons(day, **of), line, re.IGNORECASE)
    if not found:
        return None
    values = next(csv.reader([found[0]], skipinitialspace=True))
    fields = dict(zip(FIELDS, [*values, *[None] * len(FIELDS)], strict=False))
    return log_lines.read_group([fields[name] for name in log_lines.GROUPED], 1)


def client_of(line: str, user: str) -> tuple[str, int, str] | None:
    rest = re.search(log_lines.REST, line)
    for pattern, outcome in log_lines.addresses(user).items():
        if rest and (found := re.search(pattern, rest[0], re.IGNORECASE)):
            return outcome, *log_lines.read_client(found[0])
    return None


# As in a line: control characters and ends of lines are not written by a server that writes lines.
signs = st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Zl", "Zp"])
odd = st.lists(st.sampled_from(['"', ",", '""', '","', " ", "*", "R=OK", "pass", ":", "\\", "|", "a", "1"]), max_size=6)
texts = st.text(signs, max_size=12) | odd.map("".join)
# Windows takes no name with a blank at an end, and CSV as PowerShell reads it drops one in front.
users = texts.map(str.strip)
commands = st.sampled_from([*logs.COMMANDS, *logs.STARTTLS, "user", "retr", "OpenSession", "PASS", "Login", "xpass"])
contexts = st.sampled_from(
    ["R=OK", "R=ok", "R=OKAY", 'R="-ERR no";Msg=x', 'R="a2 NO LOGIN failed."', 'R="2 BAD x"', "R=+", "", "Rows=0"]
) | st.tuples(st.sampled_from(["R=OK;", 'R="-ERR ', 'R="tag NO ', 'R="x']), texts).map("".join)
endpoints = st.sampled_from(["10.0.0.1:995", "[::1]:110", "[fe80::2%4]:50001", "192.168.9.212:1"])

EXAMPLE: dict[str, Any] = {"endpoint": "10.0.0.1:995", "client": "10.1.1.1:2", "last": True}


@given(
    endpoint=endpoints, client=endpoints, user=users, command=commands, parameters=texts, context=contexts,
    last=st.booleans(),
)  # fmt: skip
@example(**EXAMPLE, user='a,"b', command="pass", parameters="*****", context='R=OK;Msg="x"')
@example(**EXAMPLE, user="bob", command="pass", parameters="*****", context="R=OKAY")
@example(**EXAMPLE, user="bob", command="top", parameters="1,pass,*****,R=OK", context="R=OK")
def test_a_line_is_what_csv_finds_in_it(
    endpoint: str, client: str, user: str, command: str, parameters: str, context: str, *, last: bool
) -> None:
    line = csv_of(
        f"{logs.DAY}T10:00:00.000Z", "0A", 1, endpoint, client, user, 12, 21, 69, command, parameters, context
    )
    line += "," if last else ""
    wanted = logs.told_by(line)
    found = group_of(line)
    assert (found is None) is (wanted is None)
    if found and wanted:
        assert (found.user, found.outcome, str(found.port)) == (user, wanted.outcome, wanted.port)
        assert found.kind == command.casefold() or command.casefold() in ("auth", "authenticate")
        if command.casefold() not in logs.STARTTLS:
            assert client_of(line, user) == (wanted.outcome, int(wanted.port), client.rpartition(":")[0])
            assert group_of(line, users=[user]) == found
        assert client_of(line, f"{user}x") is None
    assert group_of(line, logs.NEXT_DAY) is None


@given(st.sampled_from([*logs.PUBLISHED, *logs.INFERRED, *logs.BACK_END]), st.integers(min_value=0, max_value=300))
def test_a_line_that_is_cut_is_never_taken_for_another(line: str, length: int) -> None:
    whole, cut = group_of(line, line[:10]), group_of(line[:length], line[:10])
    if cut:
        assert whole
        assert (cut.user, cut.port) == (whole.user, whole.port)
        assert cut.outcome in (whole.outcome, log_lines.UNCLEAR)


@pytest.mark.parametrize("line", [*logs.PUBLISHED, *logs.INFERRED, *logs.BACK_END])
def test_the_lines_that_servers_write(line: str) -> None:
    wanted, found = logs.told_by(line), group_of(line, line[:10])
    assert (wanted is None) is (found is None)
    if wanted and found:
        assert (wanted.user, wanted.port, wanted.outcome) == (found.user.casefold(), str(found.port), found.outcome)
        assert found.kind == wanted.mechanism


def test_an_address_that_asked_for_tls() -> None:
    line = next(line for line in logs.INFERRED if ",stls," in line)
    assert re.search(log_lines.starttls_from(logs.DAY, ["10.1.1.9"]), line)
    assert not re.search(log_lines.starttls_from(logs.DAY, ["10.1.1.90", "0.1.1.9"]), line)
    found = re.search(log_lines.CLIENT, line)
    assert found
    assert log_lines.read_client(found[0]) == (110, "10.1.1.9")


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (f"#Fields: {','.join(logs.FIELDS)}", True),
        (f"#Fields: {','.join(FIELDS)}", True),
        (f"#fields: {', '.join(FIELDS).upper()}", True),
        ("#Fields: date-time,connector-id,session-id", False),
        (f"#Fields: {','.join([*FIELDS[:7], *FIELDS[9:]])}", False),
        ("", False),
    ],
)
def test_known_fields(header: str, known: bool) -> None:
    assert log_lines.knows(header) is known


@pytest.mark.parametrize(
    ("values", "count"),
    [
        (None, 1),
        ("a", 1),
        (["10.0.0.1:995", "a", "pass", "", "R=OK", ""], 1),
        (["10.0.0.1", "a", "pass", "", "R=OK"], 1),
        (["10.0.0.1:x", "a", "pass", "", "R=OK"], 1),
        (["10.0.0.1:995", "a", "pass", "", "R=OK"], "1"),
    ],
)
def test_what_is_no_group_is_unreadable(values: Any, count: Any) -> None:
    with pytest.raises(Unreadable):
        log_lines.read_group(values, count)


@pytest.mark.parametrize(
    ("name", "user", "same"),
    [
        ("anna", "ANNA", True),
        ("anna", "CONTOSO\\anna", True),
        ("anna@contoso.com", "anna", True),
        ("anna@contoso.com", "CONTOSO\\anna", True),
        ("anna@contoso.com", "anna@fabrikam.com", False),
        ("anna", "hanna", False),
        ("scanner", "CONTOSO\\anna\\scanner", True),
        ("anna", "CONTOSO\\anna\\scanner", False),
        ("CONTOSO\\anna", "contoso\\Anna", True),
        ("CONTOSO\\anna", "FABRIKAM\\anna", False),
        ("contoso.com\\anna", "fabrikam.com\\anna", False),
        ("CONTOSO\\anna", "ad.contoso.com\\anna", True),
        ("CONTOSO\\scanner", "FABRIKAM\\anna\\scanner", True),
    ],
)
def test_names_of_one_mailbox(name: str, user: str, same: bool) -> None:
    assert log_lines.may_be(name, user) is log_lines.may_be(user, name) is same
