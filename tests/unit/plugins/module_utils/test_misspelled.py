"""Variables that look like one of ours: slips are noticed, and what people call their own things is left alone."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.exchange.plugins.module_utils._judgement import misspelled
from ansible_collections.mailops.exchange.plugins.module_utils._tables.variables import PLAYBOOK_VARIABLES

ROOT = Path(__file__).resolve().parents[4]
CONNECTION = "ansible_collections.mailops.exchange.plugins.connection.exchange"
POP3 = misspelled.of_role("pop3")
LONG = sorted(name for name in POP3.names if len(name.replace("_", "")) >= 6)


def specification(role: str) -> set[str]:
    path = ROOT / "roles" / role / "meta" / "argument_specs.yml"
    return set(yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"])


def of_connection() -> misspelled.Namespace:
    documented = yaml.safe_load(__import__(CONNECTION, fromlist=["DOCUMENTATION"]).DOCUMENTATION)
    variables = [entry["name"] for option in documented["options"].values() for entry in option.get("vars", ())]
    return misspelled.of_connection(variables)


@pytest.mark.parametrize("role", ["pop3", "imap4"])
def test_the_variables_of_a_role_are_those_that_it_documents(role: str) -> None:
    space = misspelled.of_role(role)
    assert {f"{space.prefix}{name}" for name in space.names} == specification(role)
    assert list(space.misspelled(specification(role))) == []


def test_the_variables_of_the_role_certificate_are_those_that_it_documents() -> None:
    space = misspelled.of_playbook("certificate")
    assert {f"{space.prefix}{name}" for name in space.names} == specification("certificate")
    assert list(space.misspelled(specification("certificate"))) == []
    assert list(space.misspelled(["certificate_pfx_pasword", "certificate_path"])) == [
        "certificate_pfx_pasword is not a variable of the role certificate; did you mean certificate_pfx_password?"
    ]


@pytest.mark.parametrize("playbook", sorted(PLAYBOOK_VARIABLES))
def test_the_variables_of_a_playbook_are_those_in_its_head(playbook: str) -> None:
    file = {"exchange": "enable_pop3"}.get(playbook, playbook)
    text = (ROOT / "playbooks" / f"{file}.yml").read_text(encoding="utf-8")
    head = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    assert set(re.findall(rf"\b{playbook}_(\w+)", head)) == set(PLAYBOOK_VARIABLES[playbook])
    # Nor is what the playbook itself keeps in variables taken for one of them.
    assert list(misspelled.of_playbook(playbook).misspelled(re.findall(rf"\b{playbook}_\w+", text))) == []


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("pop3_baner", "pop3_banner"),
        ("pop3_bannner", "pop3_banner"),
        ("pop3_Banner", "pop3_banner"),
        ("pop3_bannwer", "pop3_banner"),
        ("pop3_logintype", "pop3_login_type"),
        ("pop3_loginType", "pop3_login_type"),
        ("pop3_log_in_type", "pop3_login_type"),
        ("pop3_sate", "pop3_state"),
        ("pop3_tsate", "pop3_state"),
        ("pop3_prboe", "pop3_probe"),
        ("pop3_sever", "pop3_server"),
        ("pop3_certifcate", "pop3_certificate"),
        ("pop3_mailboxs", "pop3_mailboxes"),
        ("pop3_ssl_binding", "pop3_ssl_bindings"),
        ("pop3_external_connection_setting", "pop3_external_connection_settings"),
        ("pop3_extrenal_conection_settings", "pop3_external_connection_settings"),
        ("pop3_calender_item_retreival_option", "pop3_calendar_item_retrieval_option"),
        ("pop3_x509_certifcate_name", "pop3_x509_certificate_name"),
        ("pop3_manage_conector", "pop3_manage_connector"),
        ("pop3_mispelled_variables", "pop3_misspelled_variables"),
        ("pop3_restart_ISS", "pop3_restart_iis"),
        ("imap4_baner", "imap4_banner"),
        ("imap4_show_hiden_folders_enabled", "imap4_show_hidden_folders_enabled"),
        ("drift_fial", "drift_fail"),
        ("drift_protocls", "drift_protocols"),
        ("preflight_day", "preflight_days"),
        ("preflight_ingore", "preflight_ignore"),
        ("adopt_overwite", "adopt_overwrite"),
        ("exchange_host", "exchange_hosts"),
        ("exchange_seriel", "exchange_serial"),
        ("ansible_exchange_acces", "ansible_exchange_access"),
        ("ansible_exchange_certificate", "ansible_exchange_certificate_pem"),
        ("ansible_exchange_usr", "ansible_exchange_user"),
        ("ansible_exchange_cert_validaton", "ansible_exchange_cert_validation"),
        ("ansible_exchange_cacert", "ansible_exchange_ca_cert"),
        # People's own.
        *(
            (name, None)
            for name in (
                "pop3_vip",
                "pop3_result",
                "pop3_results",
                "pop3_port",
                "pop3_host",
                "pop3_hosts",
                "pop3_user",
                "pop3_users",
                "pop3_password",
                "pop3_enabled",
                "pop3_name",
                "pop3_names",
                "pop3_stat",
                "pop3_status",
                "pop3_start",
                "pop3_servers",
                "pop3_server1",
                "pop3_server_2",
                "pop3_certificate2",
                "pop3_connector_2",
                "pop3_service",
                "pop3_services",
                "pop3_server_name",
                "pop3_proxy",
                "pop3_settings",
                "pop3_certificates",
                "pop3_certificate_name",
                "pop3_certificate_thumbprint",
                "pop3_connectors",
                "pop3_mailbox",
                "pop3_info",
                "pop3_domain_controllers",
                "pop3_banner_text",
                "pop3_old_banner",
                "pop3_min_connections",
                "pop3_max_connections_per_host",
                "pop3_x509_certificate_file",
                "pop3_external_connection_settings_common",
                "pop3_default_external_connection_settings",
                "pop3_external_name",
                "pop3_ssl_bindings_extra",
                "pop3_probe_password",
                "pop3_log_file_age",
                "imap4_vip",
                "drift_mail",
                "drift_mailto",
                "drift_result",
                "drift_files",
                "preflight_info",
                "preflight_result",
                "adopt_folders",
                "exchange_version",
                "exchange_servers",
                "exchange_hostname",
                "exchange_host_group",
                "ansible_exchange_server",
                "ansible_exchange_organization",
                "ansible_exchange_install_path",
                "ansible_exchange_windows_user",
                "ansible_exchange_windows_version",
                "ansible_exchange_version",
                "ansible_exchange_domain",
                "banner",
                "pop_baner",
                "ansible_port",
            )
        ),
    ],
)
def test_slips_are_noticed_and_own_names_are_not(given: str, meant: str | None) -> None:
    spaces = [*map(misspelled.of_role, ("pop3", "imap4")), *map(misspelled.of_playbook, sorted(PLAYBOOK_VARIABLES))]
    told = [sentence for space in (*spaces, of_connection()) for sentence in space.misspelled([given])]
    assert [sentence.rpartition("did you mean ")[2] for sentence in told] == ([f"{meant}?"] if meant else [])


@given(st.data())
def test_one_slip_in_a_long_name_is_always_noticed(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(LONG))
    at = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from(string.ascii_lowercase + string.digits + "_"))
    slips = {
        "swapped": name[:at] + name[at : at + 2][::-1] + name[at + 2 :],
        "dropped": name[:at] + name[at + 1 :],
        "doubled": name[:at] + name[at] + name[at:],
        "replaced": name[:at] + letter + name[at + 1 :],
    }
    slip = slips[data.draw(st.sampled_from(sorted(slips)))]
    assert bool(list(POP3.misspelled([f"pop3_{slip}"]))) is (slip not in POP3.names)


def test_all_of_them_are_told_with_the_way_out() -> None:
    told = misspelled.told(POP3.misspelled(["pop3_sever", "pop3_vip", "pop3_baner"]), "pop3_misspelled_variables")
    assert told == (
        "pop3_baner is not a variable of the role pop3; did you mean pop3_banner? pop3_sever is not a variable "
        "of the role pop3; did you mean pop3_server? If it is your own variable, set pop3_misspelled_variables "
        "to warn."
    )
    assert misspelled.told([], "pop3_misspelled_variables") == ""
