"""A pattern without hosts is an error, whatever made it so."""

from __future__ import annotations

from typing import Any

import pytest
from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.utils.context_objects import CLIArgs

from ansible_collections.mailops.exchange.plugins.lookup.host_pattern import LookupModule

GROUPS = {
    "all": ["ex01", "ex02", "web"],
    "ungrouped": [],
    "exchange": ["ex01", "ex02"],
    "paris": ["ex02", "web"],
    "empty": [],
}


def look(*terms: Any, limit: str | None = None, **variables: Any) -> list[str]:
    known = {"groups": GROUPS, "ansible_limit": limit} if limit else {"groups": GROUPS}
    return LookupModule(loader=DataLoader()).run(list(terms), known | variables)


@pytest.mark.parametrize(
    "pattern", ["exchange", "ex0*", "~ex0[12]", "exchange[1]", "exchange:&paris", "exchange:!nowhere", "!web", "all"]
)
def test_a_pattern_with_hosts_is_returned_as_it_is(pattern: str) -> None:
    assert look(pattern) == [pattern]
    assert look(pattern, limit="ex02") == [pattern]


def test_several_patterns() -> None:
    assert look("exchange", "web") == ["exchange", "web"]
    assert look(["exchange", "web"]) == ["exchange", "web"]


@pytest.mark.parametrize(
    ("patterns", "told"),
    [
        (["exchnge"], "'exchnge'"),
        (["empty"], "'empty'"),
        (["exchange[2]"], "'exchange[2]'"),
        ([""], "''"),
        (["exchange:&empty"], "'exchange:&empty'"),
        (["exchange:!ex0*"], "'exchange:!ex0*'"),
        (["exchange,ex99"], "'ex99', which is a part of 'exchange,ex99'"),
        (["exchange", "ex99"], "'ex99', which is a part of 'exchange,ex99'"),
        (["ex01:ex99"], "'ex99', which is a part of 'ex01:ex99'"),
    ],
)
def test_a_pattern_without_hosts_is_named(patterns: list[str], told: str) -> None:
    with pytest.raises(AnsibleLookupError) as failure:
        look(*patterns)
    assert f"No host in the inventory matches {told}; " in str(failure.value)


@pytest.mark.parametrize("limit", ["web", "!exchange", "ex01:&ex02"])
def test_a_limit_that_leaves_none_is_named(limit: str) -> None:
    with pytest.raises(AnsibleLookupError) as failure:
        look("exchange", limit=limit)
    assert f"--limit '{limit}' leaves none of the hosts that match 'exchange'; " in str(failure.value)


@pytest.mark.parametrize("listing", ["syntax", "listtasks", "listtags"])
def test_what_runs_nothing_needs_no_hosts(monkeypatch: pytest.MonkeyPatch, listing: str) -> None:
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({listing: True}))
    assert look("exchnge") == ["exchnge"]


def test_a_variable_that_looks_like_ours_would_leave_it_with_all_hosts() -> None:
    with pytest.raises(AnsibleLookupError) as failure:
        look("exchange", exchange_host="ex01")
    assert str(failure.value).startswith(
        "exchange_host is not a variable of the playbooks; did you mean exchange_hosts? If it is your own variable, "
        "set exchange_misspelled_variables to warn."
    )
    assert look("exchange", exchange_host="ex01", exchange_misspelled_variables="warn") == ["exchange"]
    assert look("exchange", exchange_version="SE", exchange_hosts="exchange", exchange_serial=2) == ["exchange"]
