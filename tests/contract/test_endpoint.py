"""The session configuration that docs/endpoint brings: it says what the modules send, and PowerShell takes it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from least_privilege import VALUES, visible
from powershell_engine import powershell

from exchange_simulator.catalogue.cmdlets import BY_NAME

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "endpoint"
# What the role capability shows is put into the session configuration, which may show it itself: roles are given to
# those who log on to a Windows server, and there is none. Of the cmdlets Linux has Get-Process alone.
SESSION = r"""
$ErrorActionPreference = 'Stop'
$role, $session = $args[0, 1] | ForEach-Object { Import-PowerShellDataFile $_ }
$text = (Get-Content -Raw $args[1]).TrimEnd().TrimEnd('}')
$shown = [regex]::Match((Get-Content -Raw $args[0]), '(?s)VisibleCmdlets = @\(.*\n    \)').Value
$file = Join-Path $args[2] mailops.pssc
Set-Content $file "$text$shown`n}"
$state = [Management.Automation.Runspaces.InitialSessionState]::CreateFromSessionConfigurationFile($file)
$space = [runspacefactory]::CreateRunspace($state)
$space.Open()
function Ask([scriptblock] $fill) {
  $asked = [powershell]::Create()
  $asked.Runspace = $space
  [void] (& $fill $asked)
  try { [void] $asked.Invoke(); 'done' }
  catch { $_.Exception.InnerException.ErrorRecord.FullyQualifiedErrorId }
}
@{
  role = $role
  session = $session
  language = "$($space.SessionStateProxy.LanguageMode)"
  process = Ask { $args[0].AddCommand('Get-Process').AddParameter('Id', @($PID)) }
  another = Ask { $args[0].AddCommand('Get-ChildItem') }
  script = Ask { $args[0].AddScript('Get-Process') }
} | ConvertTo-Json -Depth 9
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a real PowerShell makes of the two files."""
    folder = tmp_path_factory.mktemp("endpoint")
    script = folder / "session.ps1"
    script.write_text(SESSION, encoding="utf-8")
    files = [str(FOLDER / f"mailops.{kind}") for kind in ("psrc", "pssc")]
    command = [str(powershell()), "-NoProfile", "-NonInteractive", "-File", str(script), *files, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_the_role_capability_shows_what_the_modules_send(told: dict[str, Any]) -> None:
    shown = {
        one["Name"]: {
            given["Name"]: tuple(as_list(given.get("ValidateSet", []))) for given in as_list(one["Parameters"])
        }
        for one in told["role"]["VisibleCmdlets"]
        if isinstance(one, dict)
    }
    whole = {one: {} for one in told["role"]["VisibleCmdlets"] if isinstance(one, str)}
    assert shown | whole == visible()


def test_the_session_configuration_gives_it_to_an_account_that_needs_no_rights(told: dict[str, Any]) -> None:
    session = told["session"]
    assert (session["SessionType"], session["RunAsVirtualAccount"]) == ("RestrictedRemoteServer", True)
    assert list(session["RoleDefinitions"].values()) == [{"RoleCapabilities": "mailops"}]


def test_a_session_of_it_runs_its_cmdlets_and_nothing_else(told: dict[str, Any]) -> None:
    assert (told["language"], told["process"]) == ("NoLanguage", "done")
    assert (told["another"], told["script"]) == ("CommandNotFoundException", "ScriptsNotAllowed")


def test_values_are_of_parameters_that_are_shown() -> None:
    shown = visible()
    for cmdlet, parameters in VALUES.items():
        assert parameters.items() <= shown[cmdlet].items()
        assert {*parameters} <= {one.name for one in BY_NAME[cmdlet.casefold()].parameters}
