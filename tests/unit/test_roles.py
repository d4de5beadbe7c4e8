"""What the roles hand on is what they were given: every task rendered by Ansible's templates, compared by value."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from jinja2.nativetypes import NativeEnvironment

from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import PROTOCOL_ACCESS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS

ROOT = Path(__file__).resolve().parents[2]
OMITTED = "It was left out."
NAMESPACE = "mailops.exchange."
WHERE = ("server", "domain_controller")
BOTH = pytest.mark.parametrize("role", ["pop3", "imap4"])


@cache
def load(role: str, *parts: str) -> Any:
    """A file of a role, its texts as templates."""
    loader, path = DataLoader(), str(ROOT.joinpath("roles", role, *parts))
    try:
        return loader.load_from_file(path, trusted_as_template=True)
    except TypeError:
        # Before ansible-core 2.19 all texts are templates.
        return loader.load_from_file(path)


def tasks(role: str, *names: str) -> Iterator[tuple[str, Any]]:
    """The modules of the collection that a role's tasks, or those of some of its files, run, and with what options."""

    def walk(found: list[Any]) -> Iterator[tuple[str, Any]]:
        for task in found:
            for inner in ("block", "rescue", "always"):
                yield from walk(task.get(inner, []))
            yield from ((key.removeprefix(NAMESPACE), task[key]) for key in task if key.startswith(NAMESPACE))

    folder = ROOT / "roles" / role / "tasks"
    for name in names or sorted(path.stem for path in folder.glob("*.yml")):
        yield from walk(load(role, "tasks", f"{name}.yml"))


@cache
def specification(role: str) -> Any:
    path = ROOT / "roles" / role / "meta" / "argument_specs.yml"
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["argument_specs"]["main"]["options"]


def given(role: str) -> dict[str, Any]:
    """All that a role takes, each as a text that says where it is from; what the role itself decides by is usual."""
    usual = load(role, "defaults", "main.yml")
    return {
        name: {inner: f"{name}.{inner}" for inner in option["options"]}
        if "options" in option
        else usual.get(name, name)
        for name, option in specification(role).items()
    }


def variables(role: str, **more: Any) -> dict[str, Any]:
    """What a host's tasks of the role see."""
    look = {role: {"served_certificate": "shown", "restart_owed": "no"}}
    told = {"look": look, role: {"server": "EX01"}, "around": {}, "check_mode": False, "in_the_way": []}
    told["in_sync"] = {}
    return {
        **load(role, "vars", "main.yml"),
        "ansible_host": "192.0.2.1",
        "inventory_hostname": "ex01",
        "omit": OMITTED,
        "client_access_report": told,
        "ansible_run_tags": ["all"],
        "ansible_skip_tags": [],
        **{f"{role}_{name}" if not name.startswith(("_", "client", "ansible")) else name: more[name] for name in more},
    }


def rendered(template: Any, variables: dict[str, Any]) -> Any:
    """A value as a module gets it."""

    def kept(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: kept(inner) for name, inner in value.items() if inner != OMITTED}
        return [kept(inner) for inner in value] if isinstance(value, list) else value

    return kept(Templar(loader=DataLoader(), variables=variables).template(template))


def handed_on(role: str, file: str, variables: dict[str, Any]) -> Any:
    ((_module, options),) = tasks(role, file)
    return rendered(options, variables)


def all_of(role: str, **more: Any) -> dict[str, Any]:
    return {**variables(role), **given(role), **{f"{role}_{name}": value for name, value in more.items()}}


def where(role: str) -> dict[str, str]:
    return {name: f"{role}_{name}" for name in WHERE}


@BOTH
def test_settings(role: str) -> None:
    wanted = {setting.option: f"{role}_{setting.option}" for setting in PROTOCOLS[role].settings}
    assert handed_on(role, "settings", all_of(role)) == wanted | where(role)
    assert handed_on(role, "settings", variables(role)) == {}
    assert handed_on(role, "settings", variables(role, banner="")) == {"banner": ""}


@BOTH
def test_the_connector(role: str) -> None:
    names = ["name", *(setting.option for setting in CONNECTOR_SETTINGS)]
    wanted = {name: f"{role}_connector.{name}" for name in names}
    assert set(given(role)[f"{role}_connector"]) == set(names)
    assert handed_on(role, "connector", all_of(role)) == wanted | where(role)
    assert handed_on(role, "connector", variables(role, connector={})) == {}


@BOTH
def test_mailboxes(role: str) -> None:
    prefix = f"{PROTOCOLS[role].mailbox_prefix}_"
    own = [setting.option for setting in PROTOCOL_ACCESS if setting.option.startswith(prefix)]
    wanted = {name: f"{role}_mailboxes.{name.removeprefix(prefix)}" for name in own}
    others = ("identities", "filter", "exclusive", "max_changes", "batch_size", "refuse_built_in_accounts")
    wanted |= {name: f"{role}_mailboxes.{name}" for name in others}
    assert set(given(role)[f"{role}_mailboxes"].values()) == set(wanted.values())
    assert handed_on(role, "mailboxes", all_of(role)) == wanted | where(role)

    taken = {**wanted, "exclusive": False, f"{prefix}enabled": False}
    assert handed_on(role, "mailboxes", all_of(role, state="absent")) == taken | where(role)
    least = variables(role, state="present", mailboxes={"identities": ["a"]})
    assert handed_on(role, "mailboxes", least) == {"identities": ["a"], "exclusive": False, f"{prefix}enabled": True}


@BOTH
@pytest.mark.parametrize(
    ("owed", "proof"), [("no", "shown"), ("possible", "shown"), ("unknown", "shown"), ("yes", None)]
)
def test_the_certificate(role: str, owed: str, proof: str | None) -> None:
    told = all_of(role)
    told["client_access_report"]["look"][role]["restart_owed"] = owed
    told[f"{role}_certificate"]["assign_when_services_unknown"] = True
    wanted = {name: f"{role}_certificate.{name}" for name in ("name", "thumbprint", "expires_within_days")}
    assert set(given(role)[f"{role}_certificate"]) == {*wanted, "assign_when_services_unknown"}
    wanted |= {"services": [PROTOCOLS[role].service], "served_certificates": {role: proof}}
    assert handed_on(role, "certificate", told) == wanted | where(role) | {"assign_when_services_unknown": True}
    # A comparison does not say that it would be assigned again.
    assert (
        handed_on(role, "certificate", told | {"__drift_shows_changes": True})["assign_when_services_unknown"] is False
    )

    least = handed_on(role, "certificate", variables(role, certificate={}, x509_certificate_name="mail.contoso.com"))
    assert (least["name"], least["assign_when_services_unknown"]) == ("mail.contoso.com", False)
    assert least.keys() == {"services", "name", "served_certificates", "assign_when_services_unknown"}


@BOTH
@pytest.mark.parametrize(
    ("state", "mode", "wanted"),
    [
        ("present", "automatic", ("started", "automatic", False)),
        ("present", "manual", ("started", "manual", False)),
        ("absent", "automatic", ("stopped", "manual", True)),
        ("absent", "manual", ("stopped", "manual", True)),
        ("absent", "disabled", ("stopped", "disabled", True)),
    ],
)
def test_services(role: str, state: str, mode: str, wanted: tuple[Any, ...]) -> None:
    told = dict(zip(("state", "start_mode", "keep_disabled"), wanted, strict=True))
    assert handed_on(role, "services", all_of(role, state=state, start_mode=mode)) == {
        "protocol": role,
        **told,
        **where(role),
    }


@BOTH
def test_restarts(role: str) -> None:
    restarted = {"protocol": role, "state": "restarted"}
    assert handed_on(role, "restart_services", all_of(role)) == restarted | where(role)
    assert handed_on(role, "restart_services", variables(role)) == restarted
    assert handed_on(role, "iis", all_of(role)) == {"state": "restarted"}


@BOTH
def test_no_other_task_runs_a_module(role: str) -> None:
    """Each of them is rendered by a test of this file."""
    protocol = PROTOCOLS[role]
    assert sorted(module for module, _options in tasks(role)) == sorted(
        [
            "cas_mailbox",
            "client_access_look",
            "client_access_verification",
            "exchange_certificate",
            "iis",
            "protocol_service",
            "protocol_service",
            "receive_connector",
            protocol.module,
        ]
    )


def first_and_last(role: str, variables: dict[str, Any]) -> tuple[Any, Any]:
    found = dict(tasks(role, "main"))
    return tuple(rendered(found[f"client_access_{name}"], variables) for name in ("look", "verification"))


OWN = {
    "__{}_managed": ["banner", "services"],
    "__{}_results": {"settings": {"changed": True}},
    "__{}_failure": "Broken.",
}


@BOTH
def test_the_first_and_the_last_task(role: str) -> None:
    own = {name.format(role): value for name, value in OWN.items()}
    decisions = {
        "state": "absent",
        "start_mode": "manual",
        "restart_tolerance": 60,
        "ignore_findings": ["loopback-not-bound"],
        "ignore_unknown_component": True,
        "misspelled_variables": "warn",
    }
    told = all_of(role, **decisions) | own
    look, verification = first_and_last(role, told)
    # Nothing is restarted, so nobody compares what clients are shown; and the probe goes elsewhere.
    assert look == {
        "protocol": role,
        **decisions,
        **where(role),
        "gather": ["certificates", "connectors"],
        "managed": OWN["__{}_managed"],
        "parts": ["services"],
        "before_restart": f"{role}_before_restart",
        "after_restart": f"{role}_after_restart",
        "report": told["client_access_report"],
    }
    assert verification == {
        "protocol": role,
        "state": "absent",
        "before": told["client_access_report"],
        "results": OWN["__{}_results"],
        "failure": "Broken.",
        "managed": OWN["__{}_managed"],
        "ignore_findings": ["loopback-not-bound"],
        "probe": given(role)[f"{role}_probe"],
    }
    compared, _last = first_and_last(role, told | {"__drift_shows_changes": True})
    assert look.keys() - compared.keys() == {"before_restart", "after_restart"}


@BOTH
def test_what_is_not_given_is_not_handed_on(role: str) -> None:
    usual = load(role, "defaults", "main.yml")
    own = {name.format(role): value for name, value in OWN.items() if "failure" not in name}
    nothing = {f"{role}_{name}": None for name in ("probe", "before_restart", "after_restart")}
    for least in (variables(role) | usual | own, variables(role) | usual | own | nothing):
        look, verification = first_and_last(role, least)
        assert look.keys().isdisjoint({*WHERE, "tls_ports", "before_restart", "after_restart"})
        assert look["gather"] == ["certificates", "connectors", "served_certificates"]
        assert verification["failure"] == ""
        assert "probe" not in verification


@BOTH
def test_the_probe_goes_to_the_host_and_tells_its_port(role: str) -> None:
    probe = {"host": "mail.contoso.com", "port": 20995}

    def ports(**more: Any) -> Any:
        told = variables(role) | load(role, "defaults", "main.yml") | {f"{role}_probe": probe | more}
        look, verification = first_and_last(role, told | {name.format(role): value for name, value in OWN.items()})
        assert verification["probe"] == {"connect_to": "192.0.2.1", **probe, **more}
        return look.get("tls_ports")

    assert ports() == ports(encryption="implicit_tls") == {role: 20995}
    # Another host's port, or one without TLS from the start, says nothing of what this one shows.
    assert ports(connect_to="192.0.2.9") is None
    assert ports(encryption="starttls") is None


@BOTH
@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_follows_is_asked_with_all_that_it_depends_on(role: str, state: str) -> None:
    asked: list[Any] = []

    def follow_up(*given: Any, **more: Any) -> list[str]:
        asked.append((given, more))
        return []

    environment = NativeEnvironment()
    environment.filters |= {"mailops.exchange.follow_up": follow_up, "bool": bool}
    own = {f"__{role}_results": "results", f"__{role}_switches": "switches", f"__{role}_failure": "Broken."}
    decisions = {f"{role}_restart_for_mailboxes": True, f"{role}_restart_iis": "always", f"{role}_state": state}
    told = {"client_access_report": {"look": "look"}, **own, **decisions}
    environment.from_string(load(role, "vars", "main.yml")[f"__{role}_steps"]).render(told)
    iis = "always" if state == "present" else "never"
    more = {"switches": "switches", "failure": "Broken.", "restart_for_mailboxes": True, "restart_iis": iis}
    assert asked == [(("look", role, "results"), more)]


PARTS = ("connector", "mailboxes", "certificate", "settings", "services")


@BOTH
def test_each_part_has_its_switch(role: str) -> None:
    whole = all_of(role)
    files = "{{ " + f"__{role}_parts" + " }}"
    maintained = whole["client_access_report"][role]

    def parts(**more: Any) -> Any:
        own = {f"{role}_{name}": value for name, value in more.items()}
        maintained["maintenance"] = False
        return rendered(trusted(files), whole | own)

    assert parts() == list(PARTS)
    for part in PARTS:
        assert parts(**{f"manage_{part}": False}) == [name for name in PARTS if name != part]
    assert parts(state="absent") == ["services"]
    assert parts(state="absent", remove_mailbox_access=True) == ["mailboxes", "services"]
    whole["client_access_report"]["in_the_way"] = ["Something."]
    assert parts() == ["preflight", *PARTS]
    assert parts(manage_preflight=False) == list(PARTS)
    whole["client_access_report"]["in_the_way"] = []
    whole["client_access_report"]["in_sync"] = {
        part: {} for part in ("connector", "certificate", "settings", "services")
    }
    assert parts() == ["mailboxes"]
    maintained["maintenance"] = True
    assert rendered(trusted(files), whole) == ["maintenance"]


@BOTH
def test_the_look_compares_the_parts_that_are_on_and_whose_tags_are_selected(role: str) -> None:
    def compared(run: tuple[str, ...] = ("all",), skip: tuple[str, ...] = (), **more: Any) -> Any:
        tags = {"ansible_run_tags": list(run), "ansible_skip_tags": list(skip)}
        return rendered(trusted("{{ " + f"__{role}_compared" + " }}"), all_of(role, **more) | tags)

    parts = ["connector", "certificate", "settings", "services"]
    assert compared() == compared(run=("mail",)) == parts
    assert compared(manage_settings=False) == ["connector", "certificate", "services"]
    assert compared(state="absent") == ["services"]
    assert compared(run=(f"{role}_settings", f"{role}_mailboxes", "mail")) == ["settings"]
    assert compared(skip=(f"{role}_settings", "services")) == ["connector", "certificate", "services"]


@BOTH
@pytest.mark.parametrize("part", ["connector", "certificate", "settings", "services"])
def test_what_the_look_compares_is_one_task_without_conditions(role: str, part: str) -> None:
    """The look runs its module with its options and nothing else."""
    (task,) = load(role, "tasks", f"{part}.yml")
    (module,) = (key for key in task if key.startswith(NAMESPACE))
    assert task.keys() == {"name", module, "register"}


def trusted(text: str) -> Any:
    try:
        from ansible.template import trust_as_template
    except ImportError:
        return text
    return trust_as_template(text)


@BOTH
def test_the_results_of_the_parts_are_kept_under_their_names(role: str) -> None:
    names = (*PARTS, "restart")
    results = {f"__{role}_{name}": {"of": name} for name in names}
    told, expression = variables(role) | results, trusted("{{ " + f"__{role}_results" + " }}")
    wanted = {name: {"of": name} for name in names}
    assert list(rendered(expression, told).items()) == list(wanted.items())
    told["client_access_report"]["in_sync"] = {"settings": {"of": "the look"}}
    wanted["settings"] = {"of": "the look"}
    assert list(rendered(expression, told).items()) == list(wanted.items())
    registered = {
        task["register"] for name in (*PARTS, "restart_services") for task in load(role, "tasks", f"{name}.yml")
    }
    assert registered == set(results)
    (forgotten,) = load(role, "tasks", "forget.yml")
    assert set(forgotten["ansible.builtin.set_fact"]) == {*results, f"__{role}_failure", f"__{role}_followed"}


@BOTH
def test_the_report_keeps_what_the_other_role_found(role: str) -> None:
    other = {"pop3": "imap4", "imap4": "pop3"}[role]
    (task,) = load(role, "tasks", "report.yml")
    difference = {"before": {"banner": "a"}, "after": {"banner": "b"}}
    results = {"settings": {"changed": True, "diff": difference}, "services": {"changed": False, "diff": {}}}
    told = variables(role) | {f"__{role}_results": results | {"certificate": {"assigned_reason": "It is left out."}}}
    told["client_access_report"] |= {other: {"server": "EX01", "differences": {"services": {}}}}
    (report,) = rendered(task["ansible.builtin.set_fact"], told | task["vars"]).values()
    assert report[other] == {"server": "EX01", "differences": {"services": {}}}
    assert report[role] == {
        "server": "EX01",
        "differences": {"settings": difference},
        "unknown": {"certificate": "It is left out."},
    }


@BOTH
def test_a_restart_and_the_tasks_around_it(role: str) -> None:
    told, expression = variables(role), load(role, "vars", "main.yml")[f"__{role}_restart_files"]
    report = told["client_access_report"]
    assert rendered(expression, told) == ["restart_services.yml"]
    report["around"] = {"after_restart": "/b.yml"}
    assert rendered(expression, told) == ["restart_services.yml", "/b.yml"]
    report["around"] = {"before_restart": "/a.yml", "after_restart": "/b.yml"}
    assert rendered(expression, told) == ["/a.yml", "restart_services.yml", "/b.yml"]

    report["check_mode"] = True
    assert rendered(expression, told) == ["restart_announcement.yml", "restart_services.yml"]
    (task,) = load(role, "tasks", "restart_announcement.yml")
    assert rendered(task["ansible.builtin.debug"]["msg"], told | task["vars"]) == (
        "EX01: /a.yml would be run before the restart, /b.yml would be run after the restart."
    )
    report["around"] = {}
    assert rendered(expression, told) == ["restart_services.yml"]


@BOTH
def test_why_a_restart_failed(role: str) -> None:
    title = PROTOCOLS[role].title
    told = variables(role) | {"ansible_failed_task": {"name": "Drain"}, "ansible_failed_result": {"msg": "It is gone"}}
    expression = load(role, "vars", "main.yml")[f"__{role}_why_at_restart"]
    assert rendered(expression, told) == (
        f"{role}_before_restart: the {title} services have not been restarted, because the task "
        '"Drain" failed: It is gone.'
    )
    done = {"changed": True, "failed": False}
    assert rendered(expression, told | {f"__{role}_restart": done}) == (
        f'{role}_after_restart: the {title} services have been restarted, but then the task "Drain" failed: It is gone.'
    )
    assert rendered(expression, told | {f"__{role}_restart": done | {"failed": True}}) == "It is gone"
    nameless = {"name": "", "action": "ansible.builtin.uri"}
    assert 'the task "ansible.builtin.uri" failed' in rendered(expression, told | {"ansible_failed_task": nameless})


@BOTH
def test_a_server_that_was_not_drained_is_not_interrupted_otherwise(role: str) -> None:
    (block,) = load(role, "tasks", "restart.yml")
    assert block["any_errors_fatal"] is False
    kept, follow, followed = block["rescue"]
    # The rest of the run is still to come then, unless any_errors_fatal ends the play.
    rest = load(role, "tasks", "main.yml")[-2]["ansible.builtin.include_tasks"]["apply"]["when"]
    condition = trusted("{{ " + rest + " }}")
    facts = [task["ansible.builtin.set_fact"] for task in (kept, followed)]
    assert [rendered(condition, variables(role) | fact) for fact in ({}, *facts)] == [True, True, False]
    told = variables(role) | follow["vars"]
    told |= {f"__{role}_effects": ["restart", "iis", "report", "changes"], f"__{role}_restart": {}}
    left = trusted("{{ " + f"__{role}_left" + " }}")
    assert rendered(left, told) == ["report", "changes"]
    assert rendered(left, told | {f"__{role}_restart": {"changed": True}}) == ["iis", "report", "changes"]


@pytest.mark.parametrize("playbook", ["enable_pop3", "enable_imap4", "disable_pop3", "disable_imap4"])
def test_a_playbook_that_changes_servers_goes_from_one_to_the_next(playbook: str) -> None:
    (play,) = yaml.safe_load((ROOT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8"))
    assert play["serial"] == "{{ exchange_serial | default(1) }}"
    # With several at a time the others of a batch would go on without it.
    assert play["any_errors_fatal"] is True


def test_mailboxes_are_brought_back_from_the_folder_that_the_files_are_read_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mailboxes.yml").touch()
    plays = yaml.safe_load((ROOT / "playbooks" / "restore.yml").read_text(encoding="utf-8"))
    tasks = [task for play in plays for task in play["tasks"] if "mailboxes.yml" in str(task.get("when"))]
    for task in tasks:
        condition = trusted("{{ " + task["when"] + " }}")
        told = {folder: rendered(condition, {"restore_folder": folder}) for folder in ("~", "$HOME", "~/other")}
        assert told == {"~": True, "$HOME": True, "~/other": False}
    assert len(tasks) == 2


CLIENTS = ("active_sync_enabled", "ecp_enabled", "ews_enabled", "mapi_enabled", "owa_enabled")


@pytest.mark.parametrize(("protocol", "own", "other"), [("pop3", "pop", "imap"), ("imap4", "imap", "pop")])
@pytest.mark.parametrize(("version", "more"), [("14.3.123.4", ()), ("15.2.2562.17", ("owa_for_devices_enabled",))])
@pytest.mark.parametrize(("state", "clients"), [("present", "closed"), ("present", "untouched"), ("absent", "closed")])
def test_who_may_open_an_application_mailbox(
    protocol: str, own: str, other: str, version: str, more: tuple[str, ...], state: str, clients: str
) -> None:
    role = "application_mailbox"
    told = {"address": "tickets@contoso.com", "protocol": protocol, "state": state, "other_clients": clients}
    found = {
        **load(role, "vars", "main.yml"),
        **{f"{role}_{name}": value for name, value in told.items()},
        "omit": OMITTED,
        f"__{role}_info": {"version": version},
    }
    (options,) = (options for module, options in tasks(role) if module == "cas_mailbox")
    others = (f"{other}_enabled", *CLIENTS, *more) if (state, clients) == ("present", "closed") else ()
    assert rendered(options, found) == {
        "identities": ["tickets@contoso.com"],
        "refuse_built_in_accounts": True,
        f"{own}_enabled": state == "present",
        **dict.fromkeys(others, False),
    }
