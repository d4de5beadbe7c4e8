"""What Ansible Automation Platform counts by extensions/audit/event_query.yml, over real results and by the real jq."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jq
import pytest
import yaml

EXTENSION = Path(__file__).resolve().parents[4] / "extensions" / "audit" / "event_query.yml"
QUERIES = yaml.safe_load(EXTENSION.read_text(encoding="utf-8"))
OPTIONS: dict[str, dict[str, Any]] = {
    "pop_settings": {"banner": "Hello."},
    "imap_settings": {"banner": "Hello."},
    "protocol_service": {"protocol": "pop3", "state": "started"},
    "receive_connector": {"max_message_size": "40MB"},
}


def counted(module: str, result: object) -> list[dict[str, Any]]:
    """As the platform does: the query over the result of an event."""
    query = QUERIES[f"mailops.exchange.{module}"]["query"]
    return list(jq.compile(query).input_value(result).all())


@pytest.mark.parametrize("module", OPTIONS)
def test_the_server_that_a_task_configures_is_one_node(host, module):
    nodes = [counted(module, host.run(module, OPTIONS[module], check=check)) for check in (True, False, False)]
    ((node,), (done,), (again,)) = nodes
    # Neither check mode nor a second run adds another one.
    assert node == done == again
    assert node["name"] == "EX01"
    assert node["canonical_facts"] == {"exchange_server": "ex01"}
    assert node["facts"]["platform"] == "microsoft_exchange"


@pytest.mark.forms("full")
def test_a_task_that_fails_counts_nothing(host):
    failed = host.run("pop_settings", {"server": "NOWHERE", "banner": "Hello."})
    assert failed["failed"] is True
    assert counted("pop_settings", failed) == []


@pytest.mark.forms("full")
@pytest.mark.parametrize("module", [name.rpartition(".")[2] for name in QUERIES])
@pytest.mark.parametrize(
    "result",
    [
        {},
        None,
        [],
        "EX01",
        {"server": None},
        {"server": ""},
        {"server": 1},
        {"server": "EX01", "failed": True},
        {"server": "EX01", "skipped": True},
        {"results": [{"server": "EX01"}], "changed": True},
    ],
)
def test_no_node_without_a_server_that_was_configured(module, result):
    assert counted(module, result) == []


@pytest.mark.forms("full")
def test_every_query_is_for_a_module_of_the_collection():
    modules = {f"mailops.exchange.{path.stem}" for path in (EXTENSION.parents[2] / "plugins" / "modules").glob("*.py")}
    assert set(QUERIES) <= modules
