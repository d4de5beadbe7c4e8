"""What people do today beside what the collection does: one script in one task, and the role in check mode.

The script (`script.ps1`) makes the reads and comparisons that the role makes, in one task over ansible-core's own
connections. A canned host answers it without running it, with what the script would print of a server in sync. The role
and one module of the collection compare a simulated server that is in sync. Both hosts are the same simulator up to
what runs the PowerShell, and take `--powershell-start` seconds wherever a real host starts a PowerShell: a
powershell.exe in a WinRM shell, or the process of a remoting session of the windows endpoint. Exchange's own sessions
live in IIS and start none.

Counted by the host, for all servers together, inside TLS:

requests   HTTP requests: of WSMan opening a shell, starting a command or pipeline, sending it its input, asking for its
           output, ending it, and closing the shell
bytes      HTTP with its heads; sent is what the controller sends, received is what it gets
log-ons    connections on which a request was let in: with Basic, each is one sign-in
starts     of a PowerShell, on one server

And by the controller: the seconds until ansible-playbook has ended, and the CPU time of all of its processes.

What does not compare is in the notes below the table.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from drift import FORKS
from jobs import READER, whole_job
from measuring import BenchmarkFailed, interleaved, table
from old_way import MODULE_NAME, CannedWindows, core, install_module, over_winrm, powershell_starts
from place import Place, seen_by
from runner import PASSWORD, inventory
from simulator_process import SimulatorProcess

SIZES = (1, 10, 50)
QUICK_SIZES = (1,)
SCRIPT = Path(__file__).with_name("script.ps1")
NAME, CONNECTION = "mail.contoso.test", "mail.contoso.test:995:SSL"
DESIRED: dict[str, Any] = {
    "settings": {"X509CertificateName": NAME, "ExternalConnectionSettings": [CONNECTION]},
    "services": {name: {"Status": "Running", "StartType": "Automatic"} for name in ("MSExchangePOP3", "MSExchangePOP3BE")},
    "certificate": {"Services": True, "Valid": True},
    "connector": {"AdvertiseClientSettings": True, "MaxMessageSize": 40 << 20},
    "mailboxes": {READER: {"PopEnabled": False}},
}
TASK = {MODULE_NAME: {"script": SCRIPT.read_text(encoding="utf-8")}}
