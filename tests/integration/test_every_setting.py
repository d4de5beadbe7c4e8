"""Every parameter of Set-PopSettings and Set-ImapSettings: drift is found, named, put right; a spelling is no drift.

The modules run over real sessions (pypsrp, HTTPS) against the simulated server, without ansible-playbook around them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from module_runner import run_module
from runner import PASSWORD
from samples import Sample, samples
from simulator_process import BASIC, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS as KNOWN
from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

PROTOCOLS = {"pop3": ("pop_settings", "Set-PopSettings"), "imap4": ("imap_settings", "Set-ImapSettings")}
PORTS = {"pop3": (995, 110), "imap4": (993, 143)}

# What the kind of a setting does not say: wanted, drifted as an administrator would type it, other spellings of what is
# wanted.
COMMON: dict[str, Sample] = {
    "authenticated_connection_timeout": Sample(
        "00:40:00", "00:20:00", ["0:40:00", 2400, "2400", "00:40:00.0000000"],
    ),
    "pre_authenticated_connection_timeout": Sample("00:02:00", "00:03:00", ["0:02:00", 120, "0:2:0"]),
    "owa_server_url": Sample(
        "https://mail.contoso.test/owa", "https://other.contoso.test/owa",
        ["https://MAIL.contoso.test/owa", "https://mail.contoso.test/owa/"],
    ),
    "enable_gssapi_and_ntlm_auth": Sample(False, True, ["no", "false"]),
    "log_file_location": Sample("D:\\Logs\\Mail", "D:\\Logs\\Other", ["d:\\logs\\mail", "D:\\Logs\\Mail\\"]),
    "x509_certificate_name": Sample("mail.contoso.test", "other.contoso.test", ["MAIL.contoso.TEST"]),
}  # fmt: skip


def rows(protocol: str) -> dict[str, Sample]:
    ssl, plain = PORTS[protocol]
    host = "mail.contoso.test"
    lists = {
        "external_connection_settings": Sample(
            [f"{host}:{ssl}:SSL", f"{host}:{plain}:TLS"], [f"{host}:{ssl}:SSL"],
            [
                [f"{host}:{plain}:tls", f"MAIL.contoso.test:{ssl}:ssl"],
                {"set": [f"{host}:{plain}:TLS", f"{host}:{ssl}:SSL"]},
            ],
        ),
        "internal_connection_settings": Sample(
            [f"ex01.contoso.test:{ssl}:SSL"], [f"old.contoso.test:{plain}"],
            [[f"EX01.contoso.test:{ssl}:ssl"], f"ex01.contoso.test:{ssl}:SSL"],
        ),
        "ssl_bindings": Sample(
            [f"0.0.0.0:{ssl}", f"[::]:{ssl}"], [f"0.0.0.0:{ssl}"],
            [[f"[0:0:0:0:0:0:0:0]:{ssl}", f"0.0.0.0:{ssl}"], {"set": [f"[::0]:{ssl}", f"0.0.0.0:{ssl}"]}],
        ),
        "unencrypted_or_tls_bindings": Sample(
            [f"0.0.0.0:{plain}", f"[::]:{plain}"], [f"0.0.0.0:{plain}", f"[::1]:{plain}"],
            [[f"[::]:{plain}", f"0.0.0.0:{plain}"]],
        ),
    }  # fmt: skip
    return samples(KNOWN[protocol].settings) | COMMON | lists


def parameters(protocol: str) -> dict[str, str]:
    """The cmdlet's parameters by option."""
    return {setting.option: setting.parameter for setting in KNOWN[protocol].settings}


CASES = [(protocol, option) for protocol in PROTOCOLS for option in rows(protocol)]


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    folder = tmp_path_factory.mktemp("organisation")
    with SimulatorProcess(servers={"EX01": "SE"}, password=PASSWORD, directory=folder, **BASIC) as process:
        yield process


def stored(organisation: SimulatorProcess, protocol: str) -> dict[str, Any]:
    state: dict[str, Any] = organisation.state()["servers"]["EX01"]["stored"][protocol]
    return state


def sets(organisation: SimulatorProcess, protocol: str) -> list[dict[str, Any]]:
    return [entry["parameters"] for entry in organisation.log() if entry["cmdlet"] == PROTOCOLS[protocol][1]]


def test_the_table_has_every_parameter_that_the_simulated_exchange_has(organisation: SimulatorProcess) -> None:
    read_only = {"Server", "ProtocolName", "Name", "Identity"}
    for protocol in PROTOCOLS:
        known = {parameters(protocol)[option] for option in rows(protocol)}
        assert set(stored(organisation, protocol)) - read_only == known


@pytest.mark.parametrize(("protocol", "option"), CASES, ids=[f"{p}-{o}" for p, o in CASES])
@pytest.mark.forms("full", "plain")
def test_drift(organisation: SimulatorProcess, session: Session, protocol: str, option: str) -> None:
    module, cmdlet = PROTOCOLS[protocol]
    parameter = parameters(protocol)[option]
    wanted, drifted, spellings = rows(protocol)[option]
    task = {option: wanted}
    assert "failed" not in run_module(module, task, session.invoke)
    correct = stored(organisation, protocol)

    answer = organisation.run("EX01", cmdlet, {"Server": "EX01", parameter: drifted})
    assert not answer["errors"], answer
    assert stored(organisation, protocol) != correct
    organisation.clear_log()

    found = run_module(module, task, session.invoke, check=True)
    assert found["changed"] is True
    assert set(found["diff"]["before"]) == set(found["diff"]["after"]) == {option}
    assert found["diff"]["before"] != found["diff"]["after"]
    assert sets(organisation, protocol) == []

    fixed = run_module(module, task, session.invoke)
    assert (fixed["changed"], fixed["diff"]) == (True, found["diff"])
    assert fixed["settings"] == found["settings"]
    assert stored(organisation, protocol) == correct
    (sent,) = sets(organisation, protocol)
    assert set(sent) - {"Server", "DomainController"} == {parameter}

    for spelling in [wanted, *spellings]:
        again = run_module(module, {option: spelling}, session.invoke)
        assert again.get("failed") is None, (spelling, again)
        assert again["changed"] is False, (spelling, again)
        assert again["diff"]["before"] == again["diff"]["after"] == {}
    assert len(sets(organisation, protocol)) == 1


@pytest.mark.forms("full", "plain")
def test_edits_of_a_list(organisation: SimulatorProcess, session: Session) -> None:
    organisation.reset()
    setting = "external_connection_settings"
    ssl, tls = "mail.contoso.test:995:SSL", "mail.contoso.test:110:TLS"
    run_module("pop_settings", {setting: [ssl]}, session.invoke)
    added = run_module("pop_settings", {setting: {"add": [tls]}}, session.invoke)
    assert (added["changed"], sorted(added["settings"][setting])) == (True, sorted([ssl, tls]))
    assert run_module("pop_settings", {setting: {"add": [tls.upper()]}}, session.invoke)["changed"] is False
    removed = run_module("pop_settings", {setting: {"remove": [ssl.lower()]}}, session.invoke)
    assert (removed["changed"], removed["settings"][setting]) == (True, [tls])
    cleared = run_module("pop_settings", {setting: []}, session.invoke)
    assert (cleared["changed"], cleared["settings"][setting]) == (True, [])
    assert run_module("pop_settings", {setting: []}, session.invoke)["changed"] is False


LETTERS = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=60)


@settings(max_examples=40)
@given(banner=LETTERS)
def test_any_banner_arrives_as_written(organisation: SimulatorProcess, session: Session, banner: str) -> None:
    run_module("pop_settings", {"banner": banner}, session.invoke)
    assert stored(organisation, "pop3")["Banner"] == banner
    assert run_module("pop_settings", {"banner": banner}, session.invoke, check=True)["changed"] is False


@settings(max_examples=25)
@given(seconds=st.integers(30, 3600), quota=st.integers(1, 4 << 20), order=st.permutations(["0.0.0.0:995", "[::]:995"]))
def test_any_spelling_of_numbers_is_stable(
    organisation: SimulatorProcess, session: Session, seconds: int, quota: int, order: list[str]
) -> None:
    wanted = {
        "pre_authenticated_connection_timeout": seconds,
        "log_per_file_size_quota": str(quota),
        "ssl_bindings": order,
    }
    done = run_module("pop_settings", wanted, session.invoke)
    assert done.get("failed") is None, done
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    spelled = wanted | {
        "pre_authenticated_connection_timeout": f"{hours}:{minute}:{second}",
        "log_per_file_size_quota": f"{quota} B",
        "ssl_bindings": list(reversed(order)),
    }
    assert run_module("pop_settings", spelled, session.invoke, check=True)["changed"] is False


@pytest.mark.forms("full", "plain")
def test_all_settings_at_once(organisation: SimulatorProcess, session: Session) -> None:
    for protocol, (module, _cmdlet) in PROTOCOLS.items():
        organisation.reset()
        task = {option: sample.wanted for option, sample in rows(protocol).items()}
        predicted = run_module(module, task, session.invoke, check=True)
        done = run_module(module, task, session.invoke)
        assert done.get("failed") is None, done
        assert (done["changed"], done["diff"], done["settings"]) == (True, predicted["diff"], predicted["settings"])
        assert len(sets(organisation, protocol)) == 1
        assert run_module(module, task, session.invoke)["changed"] is False
