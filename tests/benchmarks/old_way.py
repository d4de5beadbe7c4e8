"""The same reads with ansible-core's own winrm and psrp connections, one task for each, beside the role.

This counts the wire and runs no PowerShell: a canned host answers ansible-core's module wrapper. The module of these
tasks is the shortest there is that runs a script, so the real ones of ansible.windows send more.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from measuring import BenchmarkFailed, Figures, interleaved, table
from place import Place, seen_by
from role import ENABLE, reads_of_a_converged_role
from runner import PASSWORD, inventory
from simulator_process import SimulatorProcess

MODULE_NAME = "benchmark.windows.read"
MODULE = """\
#!powershell
#AnsibleRequires -CSharpUtil Ansible.Basic

$module = [Ansible.Basic.AnsibleModule]::Create($args, @{options = @{script = @{type = "str"; required = $true}}})
$module.Result.output = @(& ([ScriptBlock]::Create($module.Params.script)))
$module.ExitJson()
"""


class CannedWindows(SimulatorProcess):
    program: ClassVar[tuple[str, ...]] = (str(Path(__file__).with_name("canned_windows.py")),)


def run(place: Place) -> dict[str, Any]:
    install_module(place)
    canned_windows = CannedWindows({"EX01": "SE"}, password=PASSWORD)
    with place.organisation({"EX01": "SE"}) as organisation, canned_windows as canned:
        hosts, reads, _tasks = reads_of_a_converged_role(place, organisation)
        play = [
            {
                "hosts": "exchange",
                "gather_facts": False,
                "tasks": [{MODULE_NAME: {"script": _as_script(read)}} for read in reads],
            }
        ]
        rows = {
            "ansible-core, winrm": (canned, play, core(canned, "winrm")),
            "ansible-core, psrp": (canned, play, core(canned, "psrp")),
            "this collection, psrp": (organisation, ENABLE, hosts),
            "this collection, winrm": (organisation, ENABLE, over_winrm(hosts)),
        }
        starts = {name: powershell_starts(place, *row) for name, row in rows.items()}
        variants: dict[str, Callable[[], Figures]] = {}
        for name, (host, playbook, inventory) in rows.items():
            variants |= seen_by(host, {name: partial(place.cost, playbook, inventory)})
        costs = interleaved(variants, place.repetitions, warm_up=False)
    table(
        f"The old way: the {len(reads)} reads of the role on a converged server",
        [
            {
                "": name,
                "requests": one["requests"],
                "bytes sent": one["bytes_in"],
                "received": one["bytes_out"],
                "log-ons": one["log_ons"],
                "PowerShell starts": starts[name],
                "requests/read": one["requests"] / len(reads),
                "bytes sent/read": one["bytes_in"] / len(reads),
                "log-ons/read": one["log_ons"] / len(reads),
                "starts/read": starts[name] / len(reads),
            }
            for name, one in costs.items()
        ],
        "With ansible-core one task does one read, as a playbook with win_powershell and win_service would. It counts "
        "the wire and runs no PowerShell: a canned host answers in its place with next to nothing, so the bytes "
        "received do not compare. A PowerShell start is a powershell.exe in a WinRM shell, or the process of a "
        "remoting session on the windows endpoint; the exchange endpoint's sessions live in IIS.",
    )
    return {"reads": len(reads), "starts": starts, "costs": costs}


def install_module(place: Place) -> None:
    """Give the controller the module that runs a script."""
    folder = place.controller.collections / "ansible_collections" / "benchmark" / "windows" / "plugins" / "modules"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "read.ps1").write_text(MODULE)


def _as_script(read: dict[str, Any]) -> str:
    return " ".join([read["cmdlet"], *(f"-{name} '{value}'" for name, value in read["parameters"].items())])


def core(canned: SimulatorProcess, connection: str) -> dict[str, Any]:
    """An inventory of the same servers for one of ansible-core's own connections."""
    ca = canned.description["ca"]
    return inventory(
        canned.description,
        ansible_connection=connection,
        ansible_winrm_transport="basic",
        ansible_winrm_ca_trust_path=ca,
        ansible_psrp_auth="basic",
        ansible_psrp_ca_cert=ca,
    )


def over_winrm(hosts: dict[str, Any]) -> dict[str, Any]:
    """The same inventory of the collection, with its other transport."""
    exchange = hosts["exchange"]
    return {"exchange": exchange | {"vars": exchange["vars"] | {"ansible_exchange_transport": "winrm"}}}


def powershell_starts(place: Place, host: SimulatorProcess, playbook: Any, hosts: Any, *arguments: str) -> int:
    """How many processes with a PowerShell in them a run starts on the servers."""
    before = _windows_shells(host)
    host.clear_log()
    place.watch(playbook, hosts, *arguments)
    shells = _windows_shells(host) - before
    commands = sum(entry["cmdlet"] == "powershell" for entry in host.log())
    winrm: bool = hosts["exchange"]["vars"].get("ansible_connection") == "winrm"
    if isinstance(host, CannedWindows) and not commands:
        raise BenchmarkFailed("Nothing was run on the canned host.")
    return commands if winrm else shells


def _windows_shells(host: SimulatorProcess) -> int:
    return sum(int(server["shells_opened"]["windows"]) for server in host.state()["servers"].values())
