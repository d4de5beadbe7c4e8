"""ansible-core names a connection in a task's variables also where nobody has; only one that was given counts."""

from __future__ import annotations

from ansible_collections.mailops.exchange.plugins.plugin_utils.action import _as_given


def test_a_connection_that_nobody_gave_is_none() -> None:
    given = {"ansible_port": 5985}
    variables = {**given, "ansible_connection": "ssh", "vars": given}
    assert _as_given(variables) == variables | {"ansible_connection": None}


def test_a_given_connection_counts() -> None:
    given = {"ansible_connection": "ssh", "ansible_port": 22}
    assert _as_given({**given, "vars": given})["ansible_connection"] == "ssh"
    # The variables of a host that a task is delegated to have no copy of themselves, and nothing is added to them.
    assert _as_given(given)["ansible_connection"] == "ssh"
