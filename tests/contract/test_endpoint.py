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
# A newer PowerShell has -Raw too, by which its parameter sets are told apart.
$shown = $shown -replace "(?s)(Name = 'Select-String'\s+Parameters = @\()", '$1 @{ Name = ''Raw'' };'
$file = Join-Path $args[2] mailops.pssc
Set-Content $file "$text$shown`nVisibleProviders = '$($role.VisibleProviders)'`n}"
$state = [Management.Automation.Runspaces.InitialSessionState]::CreateFromSessionConfigurationFile($file)
$space = [runspacefactory]::CreateRunspace($state)
$space.Open()
# The drive of a server, which Linux does not have.
$files = $space.SessionStateProxy.Provider.GetOne('FileSystem')
$drive = [Management.Automation.PSDriveInfo]::new('C', $files, $args[2], '', $null)
[void] $space.SessionStateProxy.Drive.New($drive, 'Global')
function Ask([scriptblock] $fill) {
  $asked = [powershell]::Create()
  $asked.Runspace = $space
  [void] (& $fill $asked)
  try {
    $said = $asked.Invoke()
    if ($asked.HadErrors) { "$($asked.Streams.Error[0].FullyQualifiedErrorId)" } else { "done $($said.Count)" }
  }
  catch { $_.Exception.InnerException.ErrorRecord.FullyQualifiedErrorId }
}
function Read-Log([string] $path) {
  Ask {
    [void] $args[0].AddCommand('Select-String').AddParameter('LiteralPath', $path).AddParameter('Pattern', '^2.*,pass,')
    [void] $args[0].AddCommand($select).AddParameter('ExpandProperty', 'Line')
    [void] $args[0].AddCommand('Select-String').AddParameter('Pattern', '(?<=:)\d+,.*')
    [void] $args[0].AddCommand($select).AddParameter('ExpandProperty', 'Matches')
    [void] $args[0].AddCommand($select).AddParameter('ExpandProperty', 'Value')
    [void] $args[0].AddCommand('Select-String').AddParameter('Pattern', @('anna', 'bob'))
    [void] $args[0].AddCommand($select).AddParameter('Property', @('Pattern')).AddParameter('ExpandProperty', 'Matches')
    [void] $args[0].AddCommand('Group-Object').AddParameter('Property', @('Pattern', 'Value')).AddParameter('NoElement')
    $args[0].AddCommand($select).AddParameter('Property', @('Count', 'Values'))
  }
}
$select = 'Microsoft.PowerShell.Utility\Select-Object'
$logs = 'C:\Exchange Server\V15\Logging\Pop3'
@{
  role = $role
  session = $session
  language = "$($space.SessionStateProxy.LanguageMode)"
  process = Ask { $args[0].AddCommand('Get-Process').AddParameter('Id', @($PID)) }
  another = Ask { $args[0].AddCommand('Remove-Item') }
  listed = Ask {
    [void] $args[0].AddCommand('Get-ChildItem').AddParameter('LiteralPath', $logs).AddParameter('Filter', 'POP3*.LOG')
    $args[0].AddCommand($select).AddParameter('Property', @('Name', 'Length', 'LastWriteTimeUtc'))
  }
  piped = Ask {
    [void] $args[0].AddCommand('Get-ChildItem')
    $args[0].AddCommand('Select-String').AddParameter('Pattern', 'anna')
  }
  tail = Ask {
    $args[0].AddCommand('Get-Content').AddParameter('LiteralPath', "$logs\POP3A.LOG").AddParameter('Tail', 1)
  }
  counted = Read-Log "$logs\POP3A.LOG"
  refused = @(
    Read-Log 'C:\secret.txt'
    Read-Log "$logs\..\..\..\..\secret.txt"
    Read-Log "$logs\POP3/../secret.LOG"
    Ask { $args[0].AddCommand('Get-ChildItem').AddParameter('LiteralPath', 'C:\').AddParameter('Filter', 'POP3*.LOG') }
    Ask { $args[0].AddCommand('Get-ChildItem').AddParameter('LiteralPath', $logs).AddParameter('Filter', '*') }
    Ask { $args[0].AddCommand('Get-Content').AddParameter('LiteralPath', 'C:\secret.txt').AddParameter('Tail', 1) }
    Ask { $args[0].AddCommand('Get-Content').AddParameter('Path', 'C:\secret.txt') }
  )
  script = Ask { $args[0].AddScript('Get-Process') }
} | ConvertTo-Json -Depth 9
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a real PowerShell makes of the two files."""
    folder = tmp_path_factory.mktemp("endpoint")
    script = folder / "session.ps1"
    script.write_text(SESSION, encoding="utf-8")
    log = folder / "Exchange Server" / "V15" / "Logging" / "Pop3" / "POP3A.LOG"
    log.parent.mkdir(parents=True)
    lines = ("anna,pass", "anna,pass", "bob,pass", "bob,user")
    log.write_text("".join(f"2026-01-04T10:00:00.000Z,10.0.0.1:995,[::1]:50001,{line},\n" for line in lines))
    (folder / "secret.txt").write_text("2026,anna,pass,\n")
    files = [str(FOLDER / f"mailops.{kind}") for kind in ("psrc", "pssc")]
    command = [str(powershell()), "-NoProfile", "-NonInteractive", "-File", str(script), *files, str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_the_role_capability_shows_what_the_modules_send(told: dict[str, Any]) -> None:
    shown = {
        one["Name"]: {
            given["Name"]: tuple(as_list(given.get("ValidateSet", given.get("ValidatePattern", []))))
            for given in as_list(one["Parameters"])
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
    assert (told["language"], told["process"]) == ("NoLanguage", "done 1")
    assert (told["another"], told["script"]) == ("CommandNotFoundException", "ScriptsNotAllowed")


def test_a_session_of_it_counts_what_is_in_logs_and_reads_nothing_else(told: dict[str, Any]) -> None:
    assert (told["listed"], told["tail"], told["counted"]) == ("done 1", "done 1", "done 2")
    wrong, unknown = "ParameterArgumentValidationError", "NamedParameterNotFound"
    assert [one.partition(",")[0] for one in told["refused"]] == [wrong] * 6 + [unknown]
    # Without a path Get-ChildItem has the folder in which the session is, whose files no pipeline opens.
    assert told["piped"].partition(",")[0] == wrong


def test_values_are_of_parameters_that_are_shown() -> None:
    shown = visible()
    for cmdlet, parameters in VALUES.items():
        assert parameters.items() <= shown[cmdlet].items()
        assert {*parameters} <= {one.name for one in BY_NAME[cmdlet.casefold()].parameters}
