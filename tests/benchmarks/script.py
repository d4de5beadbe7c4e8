"""What people do today beside what the collection does: one script in one task, and the role in check mode.

The script (`script.ps1`) reads and compares what the role does, in one task over ansible-core's own connections. A
canned host answers without running it, with what it would print of a server in sync. The role, and one module alone,
compare a simulated server in sync. Both hosts are the simulator up to what runs the PowerShell.

What is counted, for all servers together:

- requests: of HTTP. Each opens a shell, starts a command or a pipeline in it, sends it input, asks for its output, ends
  it, or closes the shell.
- bytes: of HTTP inside TLS, heads and bodies; sent by the controller, and received by it.
- log-ons: connections whose first request was let in, which with Basic is one sign-in each.
- PowerShell starts, in a run of its own: each powershell.exe in a WinRM shell, and the process of each remoting session
  of the windows endpoint. Each takes `--powershell-start` seconds. Exchange's own sessions are in IIS and start none.
- wall s: until ansible-playbook and all that it leaves behind have ended; CPU s: of these processes, not of the hosts.

The notes under the table tell what cannot be compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from drift import FORKS
from jobs import whole_job
from measuring import BenchmarkFailed, Figures, interleaved, table
from old_way import MODULE_NAME, CannedWindows, core, install_module, over_winrm, powershell_starts
from place import Place, seen_by
from runner import PASSWORD, inventory

from exchange_simulator.powershell import ScriptBlock

SIZES = (1, 10, 50)
QUICK_SIZES = (1,)
SERVICES = ("MSExchangePop3", "MSExchangePOP3BE")
SCRIPT = Path(__file__).with_name("script.ps1")
ROLE = {"hosts": "exchange", "gather_facts": False, "roles": ["mailops.exchange.pop3"]}
# What the role does besides comparing, and the script does not; the playbook drift leaves it out too.
COMPARISON_ONLY = {"pop3_manage_preflight": False, "pop3_manage_verification": False}


def run(place: Place) -> dict[str, Any]:
    install_module(place)
    rows: list[dict[str, Any]] = []
    measured: dict[str, Any] = {}
    for count in QUICK_SIZES if place.quick else SIZES:
        measured[str(count)] = one = _measure(place, count)
        rows += [
            {
                "": name,
                "servers": count,
                "requests": figures["requests"],
                "bytes sent": figures["bytes_in"],
                "received": figures["bytes_out"],
                "log-ons": figures["log_ons"],
                "PowerShell starts": one["starts"][name],
                "wall s": figures["wall"],
                "CPU s": figures["cpu"],
            }
            for name, figures in one["costs"].items()
        ]
    first = measured[str(QUICK_SIZES[0])]
    table(
        f"One script in one task, beside the collection in check mode: {place.powershell_start:g} s for a PowerShell",
        rows,
        f"The script makes {len(first['script_reads'])} reads of each server; the role makes {len(first['reads'])}, "
        f"and alone reads with {', '.join(first['more'])} (services with Get-CimInstance, in place of Get-Service). "
        "Both find nothing to change.",
        "Not comparable: nothing runs the script, so its seconds lack what its cmdlets and the snap-in of Exchange "
        "take, while the simulator answers the reads of the collection on the same cores. The module that sends it is "
        "the shortest there is; win_powershell is larger. What is received for it is a table of differences, with the "
        "script once more, as modules on Windows repeat it; the collection receives the objects. A real PowerShell "
        "takes 0.3 to 1 s to start; --powershell-start adds that. Log-ons are those of Basic; Kerberos, NTLM, and "
        "CredSSP take more requests for each.",
    )
    return measured


def _measure(place: Place, count: int) -> dict[str, Any]:
    servers = {f"EX{number:02}": "SE" for number in range(1, count + 1)}
    start: dict[str, Any] = {"powershell_start": place.powershell_start}
    with place.organisation(servers, **start) as organisation:
        job = whole_job(organisation)
        # It looks at one server from outside, as clients do.
        del job["pop3_probe"]
        desired = _desired(job)
        script = SCRIPT.read_text(encoding="utf-8").replace("DESIRED", json.dumps(desired))
        answer = place.controller.write("answer.json", _answer(script, desired))
        with CannedWindows(servers, password=PASSWORD, answer=answer, **start) as canned:
            hosts = inventory(organisation.description, **job, **COMPARISON_ONLY)
            scripted = [{"hosts": "exchange", "gather_facts": False, "tasks": [{MODULE_NAME: {"script": script}}]}]
            role = [ROLE | {"check_mode": True}]
            module = [{"hosts": "exchange", "gather_facts": False, "check_mode": True, "tasks": [_pop_settings(job)]}]
            rows = {
                "one script, winrm": (canned, scripted, core(canned, "winrm")),
                "one script, psrp": (canned, scripted, core(canned, "psrp")),
                "role, psrp": (organisation, role, hosts),
                "role, winrm": (organisation, role, over_winrm(hosts)),
                "pop_settings alone, psrp": (organisation, module, hosts),
            }
            place.watch([ROLE], hosts, *FORKS)
            organisation.clear_log()
            outcome = place.watch(role, hosts, *FORKS)
            if changed := [task for host in outcome.stats for task in outcome.changed(host)]:
                raise BenchmarkFailed(f"The servers have not converged: {changed}")
            reads = [entry["cmdlet"] for entry in organisation.log() if entry["server"] == "EX01"]
            commands = list(ScriptBlock.parse(script).command_names())
            starts = {name: powershell_starts(place, *row, *FORKS) for name, row in rows.items()}
            variants: dict[str, Callable[[], Figures]] = {}
            for name, (host, playbook, hosts_of) in rows.items():
                variants |= seen_by(host, {name: partial(place.cost, playbook, hosts_of, *FORKS)})
            costs = interleaved(variants, place.repetitions, warm_up=False)
    return {
        "reads": reads,
        "script_reads": [name for name in commands if name.startswith("get-")],
        "more": sorted({read for read in reads if read.casefold() not in commands}),
        "starts": starts,
        "costs": costs,
    }


def _desired(job: dict[str, Any]) -> dict[str, Any]:
    """What the role is told, as a script would have it: by object and member."""
    mailboxes = job["pop3_mailboxes"]
    return {
        "settings": {
            "X509CertificateName": job["pop3_x509_certificate_name"],
            "ExternalConnectionSettings": job["pop3_external_connection_settings"],
        },
        "services": {name: {"Status": "Running", "StartType": "Automatic"} for name in SERVICES},
        "certificate": {"Services": True, "Valid": True},
        "connector": {
            "AdvertiseClientSettings": job["pop3_connector"]["advertise_client_settings"],
            "MaxMessageSize": job["pop3_connector"]["max_message_size"],
        },
        "mailboxes": {name: {"PopEnabled": mailboxes["enabled"]} for name in mailboxes["identities"]},
    }


def _answer(script: str, desired: dict[str, Any]) -> str:
    """What the module prints of a server where everything is as desired; modules on Windows repeat what they got."""
    objects = {
        "PopSettings": desired["settings"],
        **desired["services"],
        "ExchangeCertificate": desired["certificate"],
        "ReceiveConnector": desired["connector"],
        **desired["mailboxes"],
    }
    output = []
    for name, settings in objects.items():
        for setting, value in settings.items():
            text = ", ".join(map(str, value if isinstance(value, list) else [value]))
            output.append({"object": name, "setting": setting, "actual": text, "desired": text, "in_sync": True})
    return json.dumps({"changed": False, "invocation": {"module_args": {"script": script}}, "output": output})


def _pop_settings(job: dict[str, Any]) -> dict[str, Any]:
    names = ("x509_certificate_name", "external_connection_settings")
    return {"mailops.exchange.pop_settings": {name: job[f"pop3_{name}"] for name in names}}
