"""The roles' own tasks: which modules they ask, and what they make of the answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible import constants as C
from ansible.errors import AnsibleConnectionFailure
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.mailops.exchange.plugins.action import client_access_look, client_access_verification
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request
from ansible_collections.mailops.exchange.plugins.plugin_utils import role
from ansible_collections.mailops.exchange.plugins.plugin_utils.role import Failed, RoleAction, answered_once

Work = Callable[..., dict[str, Any]]
ROOT = Path(__file__).resolve().parents[4]
CHANGED = {"settings": {"changed": True, "settings": {}}}
SERVED = "A" * 40
PLANNED = ("receive_connector", "exchange_certificate", "pop_settings", "protocol_service")


def look(*, state: str = "active", status: str = "running", **more: Any) -> dict[str, Any]:
    """A result of client_access_info."""
    own = {
        "component_state": state,
        "component_reason": "Nobody may read it.",
        "restart_owed": "no",
        "restart_reason": "It is not.",
        "restart_possible_until": None,
        "services": [{"name": "MSExchangePop3", "status": status}],
        "settings": {},
        "served_certificate": SERVED,
    }
    return {"server": "EX01", "findings": [], "pop3": own, "imap4": own, **more}


class Answers:
    """What the modules answer, and what they were asked."""

    def __init__(self) -> None:
        self.by_module: dict[str, Any] = {"client_access_info": look(), "mail_probe": {"logon": {"ok": True}}}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.warnings: list[str] = []
        self.module_defaults: list[Any] = []

    def __call__(
        self, module: str, options: dict[str, Any], task_vars: dict[str, Any], *, check_mode: bool | None = None
    ) -> Any:
        self.asked.append((module, options))
        answer = self.by_module[module]
        if module in PLANNED:
            assert check_mode is True
            self.warnings.append(f"Of {module}.")
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def modules(self) -> list[str]:
        return [module for module, _options in self.asked]


@pytest.fixture
def answers() -> Answers:
    return Answers()


def working(plugin: type[RoleAction], answers: Answers, *, check: bool = False) -> Work:
    """The work of a task, with what it would be given by default."""
    action = object.__new__(plugin)
    action._task = SimpleNamespace(check_mode=check, module_defaults=answers.module_defaults)
    action._warnings, action.kept = answers.warnings, {}
    action.ask = answers  # type: ignore[method-assign]
    usual = {name: option.get("default") for name, option in plugin.arguments.items()}

    def work(task_vars: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        return action.work({**usual, "protocol": "pop3", **options}, {"playbook_dir": "/nowhere", **(task_vars or {})})

    return work


@pytest.fixture
def begin(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> Work:
    names = ["ansible_host", "ansible_exchange_access", "ansible_exchange_password"]
    monkeypatch.setattr(
        client_access_look, "connection_loader", SimpleNamespace(get=lambda *_, **__: SimpleNamespace(_load_name=""))
    )
    monkeypatch.setattr(C.config, "get_plugin_vars", lambda *_: names)
    return working(client_access_look.ActionModule, answers)


@pytest.fixture
def verify(answers: Answers) -> Work:
    return working(client_access_verification.ActionModule, answers)


def before(**more: Any) -> dict[str, Any]:
    return {"look": look(), "asked": {"protocols": ["pop3"], "domain_controller": "dc1"}, **more}


def test_the_look_asks_with_what_the_role_was_given(begin: Work, answers: Answers) -> None:
    more = {
        "server": "EX02",
        "domain_controller": "dc1",
        "restart_tolerance": 0,
        "gather": [],
        "tls_ports": {"pop3": 1},
    }
    found = begin(**more, managed=["restart"])
    assert answers.asked == [("client_access_info", {"protocols": ["pop3"], **more})]
    assert found["asked"] == {"protocols": ["pop3"], **more}
    assert found["pop3"]["restart"] == {"owed": "no", "reason": "It is not.", "possible_until": None}
    assert begin()["pop3"]["restart"] == {}


def test_the_report_of_the_role_before_is_kept(begin: Work) -> None:
    first = {"pop3": {"server": "EX01", "differences": {"settings": {}}}, "look": {}, "in_the_way": []}
    found = begin(protocol="imap4", report=first)
    assert found["pop3"] == first["pop3"]
    assert found["imap4"]["server"] == "EX01"
    assert found["look"]["server"] == "EX01"


def test_a_misspelled_variable_is_told_before_the_server_is_asked(begin: Work, answers: Answers) -> None:
    own = {"pop3_vip": "10.0.0.1", "pop3_result": {}, "imap4_baner": "Another role's."}
    begin(own)
    assert answers.modules == ["client_access_info"]
    slips = {"pop3_baner": "Hello.", "ansible_exchange_acces": "local"}
    with pytest.raises(
        Failed, match=r"^pop3_baner is not a variable .* ansible_exchange_acces is .* set pop3_misspelled_"
    ):
        begin({**own, **slips})
    assert answers.modules == ["client_access_info"]
    begin({**own, **slips}, misspelled_variables="warn")
    assert answers.warnings == [
        "pop3_baner is not a variable of the role pop3; did you mean pop3_banner?",
        "ansible_exchange_acces is not a variable of the connection; did you mean ansible_exchange_access?",
    ]


def test_what_the_role_would_not_do_is_refused(begin: Work, answers: Answers) -> None:
    with pytest.raises(Failed, match="pop3_start_mode: a disabled service cannot be started"):
        begin(start_mode="disabled")
    with pytest.raises(Failed, match=r"pop3_after_restart: there is no file back.yml in /nowhere or "):
        begin(after_restart="back.yml")
    assert answers.asked == []
    assert begin(start_mode="disabled", state="absent")["around"] == {}
    answers.by_module["client_access_info"] = look(state="unknown")
    with pytest.raises(Failed, match=r"EX01 may be in maintenance .* set pop3_ignore_unknown_component to true"):
        begin()
    assert begin(ignore_unknown_component=True)["pop3"]["maintenance"] is False


def test_where_the_files_around_a_restart_are(begin: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plays, here, home = (tmp_path / name for name in ("plays", "here", "home"))
    for folder, files in ((plays, ["a.yml"]), (here, ["a.yml", "b.yml"]), (home, ["c.yml"])):
        folder.mkdir()
        for file in files:
            (folder / file).touch()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    vars_ = {"playbook_dir": str(plays)}
    found = begin(vars_, before_restart="a.yml", after_restart="b.yml")
    assert found["around"] == {"before_restart": str(plays / "a.yml"), "after_restart": str(here / "b.yml")}
    assert begin(vars_, before_restart="~/c.yml")["around"] == {"before_restart": str(home / "c.yml")}
    assert begin(vars_, before_restart=str(here / "b.yml"))["around"] == {"before_restart": str(here / "b.yml")}
    with pytest.raises(Failed, match=r"there is no file /b.yml; use"):
        begin(vars_, before_restart="/b.yml")
    # With a playbook of the collection nobody means the files beside that.
    ours = {"playbook_dir": str(role._OURS)}
    assert begin(ours, before_restart="a.yml")["around"] == {"before_restart": str(here / "a.yml")}
    with pytest.raises(Failed, match=rf"no file adopt.yml in {here}; use"):
        begin(ours, before_restart="adopt.yml")


@pytest.mark.parametrize("check", [False, True])
def test_the_look_says_whether_the_role_changes_anything(begin: Work, answers: Answers, check: bool) -> None:
    del begin
    assert working(client_access_look.ActionModule, answers, check=check)()["check_mode"] is check


UNCHANGED = {"changed": False, "diff": {}}


@pytest.fixture
def compare(answers: Answers, begin: Work, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Let the look compare the parts whose modules answer so, and return which are in sync."""
    parts = dict(zip(("connector", "certificate", "settings", "services"), PLANNED, strict=True))

    def task_of(_self: Any, part: str, task_vars: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return parts[part], {"report": task_vars["client_access_report"]["look"]["server"]}

    monkeypatch.setattr(RoleAction, "task_of", task_of)

    def compare(*managed: str, **told: Any) -> dict[str, Any]:
        answers.asked.clear()
        answers.warnings.clear()
        answers.by_module |= {parts[part]: answer for part, answer in told.items()}
        in_sync: dict[str, Any] = begin(parts=list(told), managed=managed)["in_sync"]
        return in_sync

    return compare


def test_where_nothing_is_to_be_changed_the_look_has_the_results(compare: Work, answers: Answers) -> None:
    assert compare(connector=UNCHANGED, settings=UNCHANGED) == {"connector": UNCHANGED, "settings": UNCHANGED}
    assert answers.asked[1:] == [(module, {"report": "EX01"}) for module in ("receive_connector", "pop_settings")]
    assert answers.warnings == ["Of receive_connector.", "Of pop_settings."]


@pytest.mark.parametrize(
    "answer", [{"changed": True}, Failed("It cannot be read."), AnsibleConnectionFailure("It is gone.")]
)
def test_where_a_part_differs_or_cannot_tell_all_are_left_to_their_tasks(
    compare: Work, answers: Answers, answer: Any
) -> None:
    assert compare(connector=UNCHANGED, certificate=answer, settings=UNCHANGED) == {}
    assert answers.modules == ["client_access_info", "receive_connector", "exchange_certificate"]
    assert answers.warnings == []


def test_where_there_are_defaults_of_modules_all_parts_are_left_to_their_tasks(compare: Work, answers: Answers) -> None:
    answers.module_defaults.append({"mailops.exchange.pop_settings": {"banner": "By default."}})
    assert compare(settings=UNCHANGED) == {}
    assert answers.modules == ["client_access_info"]


def test_nothing_is_compared_of_a_server_that_is_left_alone(compare: Work, answers: Answers) -> None:
    finding = {"id": "some", "severity": "error", "protocol": None, "fixed_by": []}
    said = {"found": "It is seen.", "why": "It matters.", "fix": "Mend it."}
    for seen in (look(state="inactive"), look(findings=[finding | said])):
        answers.by_module["client_access_info"] = seen
        assert compare("preflight", settings=UNCHANGED) == {}
        assert answers.modules == ["client_access_info"]
    assert compare(settings=UNCHANGED).keys() == {"settings"}


def test_a_part_is_compared_with_the_options_of_its_task() -> None:
    action = object.__new__(client_access_look.ActionModule)
    action._loader = DataLoader()
    action._templar = Templar(loader=action._loader, variables={})
    told = {
        "role_path": str(ROOT / "roles" / "pop3"),
        "omit": "It was left out.",
        "pop3_certificate": {"assign_when_services_unknown": True},
        "pop3_x509_certificate_name": "mail.contoso.com",
        "client_access_report": {"look": look()},
    }
    assert action.task_of("certificate", told) == (
        "exchange_certificate",
        {
            "services": ["POP"],
            "name": "mail.contoso.com",
            "assign_when_services_unknown": True,
            "served_certificates": {"pop3": SERVED},
        },
    )


def request(cmdlet: str, **more: Any) -> str:
    return Request(cmdlet=cmdlet, **more).to_json()


class Host:
    """Answers each request with its number."""

    def __init__(self) -> None:
        self.number = 0
        self.replies: dict[str, str] = {}

    def invoke(self, _text: str) -> str:
        self.number += 1
        return str(self.number)

    def asked_by_a_module(self, *requests: str) -> list[str]:
        carry = answered_once(self.invoke, self.replies)
        return [carry(one) for one in requests]


def test_what_a_module_of_the_task_has_read_is_not_asked_again_by_the_next() -> None:
    host = Host()
    assert host.asked_by_a_module(request("Get-A"), request("Get-B")) == ["1", "2"]
    assert host.asked_by_a_module(request("Get-B"), request("Get-A", members=["Name"]), request("Get-A")) == [
        "2",
        "3",
        "1",
    ]


def test_a_module_that_asks_again_reads_anew() -> None:
    host = Host()
    assert host.asked_by_a_module(request("Get-A"), request("Get-A")) == ["1", "2"]
    assert host.asked_by_a_module(request("Get-A"), request("Get-A")) == ["2", "3"]


@pytest.mark.parametrize(
    "step", [request("Set-A", write=True), request("", remember={"domain_controller": ""})], ids=["write", "remember"]
)
def test_after_a_write_or_with_other_facts_everything_is_read_anew(step: str) -> None:
    host = Host()
    host.asked_by_a_module(request("Get-A"))
    assert host.asked_by_a_module(step, request("Get-A")) == ["2", "3"]
    assert host.asked_by_a_module(step, step) == ["4", "5"]


def test_the_memory_of_the_session_is_always_asked_for() -> None:
    host = Host()
    assert [*host.asked_by_a_module(request("")), *host.asked_by_a_module(request(""))] == ["1", "2"]


def test_the_verification_reads_what_was_changed(verify: Work, answers: Answers) -> None:
    assert verify(before=before(), results=CHANGED) == {"server": "EX01", "probe": None}
    assert answers.asked == [("client_access_info", before()["asked"])]


def test_where_nothing_was_changed_the_first_look_counts(verify: Work, answers: Answers) -> None:
    seen = look(status="stopped")
    with pytest.raises(Failed, match="the service MSExchangePop3 is stopped instead of running"):
        verify(before=before(look=seen), results={"settings": {"changed": False}}, managed=["services"])
    assert answers.asked == []


def test_the_failure_of_a_part_is_the_role_s(verify: Work, answers: Answers) -> None:
    with pytest.raises(Failed, match=r"^Broken\.$"):
        verify(before=before(), results=CHANGED, failure="Broken.")
    assert answers.asked == []


PROBE = {"host": "mail.contoso.com", "user": "anna"}


def test_a_probe_that_fails_is_named_with_all_else(verify: Work, answers: Answers) -> None:
    assert verify(before=before(), results={}, probe=PROBE)["probe"] == {"logon": {"ok": True}}
    assert answers.asked == [("mail_probe", {"protocol": "pop3", **PROBE})]
    answers.by_module["mail_probe"] = Failed("The service closed the connection.")
    owed = look()
    owed["pop3"] |= {"restart_owed": "yes"}
    with pytest.raises(Failed) as failure:
        verify(before=before(look=owed), results={}, probe=PROBE, managed=["restart"])
    assert str(failure.value) == (
        "EX01 is not in the desired state: a restart of the POP3 services is still pending (It is not); The "
        "service closed the connection."
    )


def test_what_cannot_be_seen_yet_is_not_probed(verify: Work, answers: Answers) -> None:
    stopped = before(look=look(status="stopped"))
    assert verify(before=stopped, results={}, probe=PROBE)["probe"] is None
    assert verify(before=before(), results={}, probe=PROBE, state="absent")["probe"] is None
    in_check_mode = working(client_access_verification.ActionModule, answers, check=True)
    assert in_check_mode(before=before(), results=CHANGED, probe=PROBE)["probe"] is None
    assert "mail_probe" not in answers.modules


def test_other_findings_are_warnings(verify: Work, answers: Answers) -> None:
    finding = {"id": "some", "severity": "warning", "protocol": None, "fixed_by": []}
    said = {"found": "It is seen.", "why": "It matters.", "fix": "Mend it."}
    verify(before=before(look=look(findings=[finding | said])), results={})
    assert answers.warnings == ["EX01: some: It is seen. It matters. Mend it."]
    verify(before=before(look=look(findings=[finding | said])), results={}, ignore_findings=["some"])
    assert len(answers.warnings) == 1
