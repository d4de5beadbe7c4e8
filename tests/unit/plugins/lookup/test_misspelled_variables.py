"""The playbooks ask for misspelled variables, which end them or are warnings."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible import constants as C
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.display import Display

from ansible_collections.mailops.exchange.plugins.lookup import misspelled_variables

SLIPS = {"drift_fial": True, "drift_mail": "ops@contoso.com", "ansible_exchange_acces": "local", "pop3_baner": "Hello."}


@pytest.fixture(autouse=True)
def _connection(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = SimpleNamespace(get=lambda *_, **__: SimpleNamespace(_load_name="exchange"))
    monkeypatch.setattr(misspelled_variables, "connection_loader", loaded)
    monkeypatch.setattr(C.config, "get_plugin_vars", lambda *_: ["ansible_port", "ansible_exchange_access"])


def look(**variables: Any) -> list[str]:
    loader = DataLoader()
    lookup = misspelled_variables.LookupModule(loader=loader, templar=Templar(loader=loader, variables=variables))
    found: list[str] = lookup.run(["drift"], variables)
    return found


def test_they_are_named_with_the_way_out() -> None:
    assert look(**SLIPS) == [
        "drift_fial is not a variable of the playbook drift; did you mean drift_fail? "
        "ansible_exchange_acces is not a variable of the connection; did you mean ansible_exchange_access? "
        "If it is your own variable, set drift_misspelled_variables to warn."
    ]
    assert look(drift_fail=True, drift_result={}) == []


def test_they_can_be_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, text: told.append(text))
    assert look(**SLIPS, drift_misspelled_variables="warn") == []
    assert [text.partition(" ")[0] for text in told] == ["drift_fial", "ansible_exchange_acces"]


def test_another_value_is_refused() -> None:
    with pytest.raises(AnsibleLookupError, match="drift_misspelled_variables: 'ignore' is not valid; use fail or warn"):
        look(drift_misspelled_variables="ignore")
