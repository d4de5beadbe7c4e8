"""What tests of modules share."""

from __future__ import annotations

import pytest
from ansible.module_utils.basic import AnsibleModule
from in_process import InProcessHost

FORMS = ("full", "plain")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test runs in both forms of what Exchange sends; the mark `forms` names those of one that cannot."""
    mark = metafunc.definition.get_closest_marker("forms")
    if mark or InProcessHost in vars(metafunc.module).values() or {"host", "host_of"} & set(metafunc.fixturenames):
        metafunc.parametrize("wire_form", mark.args if mark else FORMS, indirect=True)


@pytest.fixture(autouse=True)
def wire_form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The form in which the hosts of a test send Exchange's objects."""
    told: str = getattr(request, "param", "full")
    monkeypatch.setattr(InProcessHost, "form", told)
    return told


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What modules warn of, in all the runs of a test."""
    told: list[str] = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda _self, warning: told.append(warning))
    return told
