"""What a session loads: the cmdlets of a release, compiled once, and the modules and sessions that show them."""

from __future__ import annotations

import datetime
import hashlib
import os
import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from ..catalogue.releases import Release
from .generated import cmdlets_of, source

_SUPPORT = Path(__file__).with_name("Engine.cs")
_ENDPOINT = Path(__file__).with_name("Endpoint.psm1")
_DRIVE = Path(__file__).with_name("Drive.ps1")
_COMPILE = Path(__file__).with_name("Compile.ps1")
# Of a compiler's error one sentence; around it is what a console shows.
_FIRST_ERROR = re.compile(r"\(\d+,\d+\): error CS\d+: [^\r\n\x1b]+")
# What a console would say of itself, and what only pays in processes that live for more than seconds: to compile again
# what runs often, and a thread for garbage, cost a fifth of the time.
_OFF = {
    "NO_COLOR": "1",
    "POWERSHELL_TELEMETRY_OPTOUT": "1",
    "POWERSHELL_UPDATECHECK": "Off",
    "DOTNET_TieredPGO": "0",
    "DOTNET_TC_CallCounting": "0",
    "DOTNET_gcConcurrent": "0",
}
# Of objects of these classes Exchange's own serializer sends whatever is inside them, where it is asked for.
_ROOTS = ("Microsoft.Exchange.Data.ConfigurableObject",)
_DEPTH = 8
_ADAPTER = (
    "<Type><Name>ExchangeSimulator.Known</Name>"
    "<TypeAdapter><TypeName>ExchangeSimulator.KnownAdapter</TypeName></TypeAdapter></Type>"
)
# A session that begins with nothing does not know what a credential that comes over the wire is.
_CREDENTIAL = (
    "<Type><Name>Deserialized.System.Management.Automation.PSCredential</Name><Members><MemberSet>"
    "<Name>PSStandardMembers</Name><Members><NoteProperty><Name>TargetTypeForDeserialization</Name>"
    "<Value>System.Management.Automation.PSCredential</Value></NoteProperty></Members></MemberSet></Members></Type>"
)
_DEEP = (
    "<Type><Name>{name}</Name><Members><MemberSet><Name>PSStandardMembers</Name><Members><NoteProperty>"
    "<Name>SerializationDepth</Name><Value>{depth}</Value></NoteProperty></Members></MemberSet></Members></Type>"
)


class EngineFailure(Exception):
    """The engine could not be made ready."""


@dataclass(frozen=True)
class Program:
    """A PowerShell, and the folder in which what was compiled for it is kept."""

    path: Path
    folder: Path

    @cached_property
    def environment(self) -> dict[str, str]:
        """What its processes are started with: nothing of ours that a cmdlet could tell."""
        return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ} | _OFF

    @cache  # noqa: B019 - one for each release, for as long as the process lives
    def modules(self, release: Release) -> Path:
        """The folder of a release's modules and session configurations."""
        text = f"{_SUPPORT.read_text(encoding='utf-8')}\n{source(release)}"
        ours = [file.read_text(encoding="utf-8") for file in (_ENDPOINT, _DRIVE, _COMPILE, Path(__file__))]
        # Releases with the same cmdlets share a folder.
        target = self.folder / hashlib.sha256("\n".join([text, *ours, str(self.path)]).encode()).hexdigest()[:16]
        if not target.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            fresh = Path(tempfile.mkdtemp(dir=self.folder))
            try:
                (fresh / "Cmdlets.cs").write_text(text, encoding="utf-8")
                _write_modules(fresh, target, release)
                self._compile(fresh)
                # Another simulator may have been quicker.
                with suppress(OSError):
                    fresh.rename(target)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
        return target

    @cache  # noqa: B019 - one for each zone, for as long as the process lives
    def zone(self, zone: datetime.timezone) -> Path:
        """A file of a zone without summer time, as .NET reads it; the system may have none of its own."""
        seconds = int(zone.utcoffset(None).total_seconds())
        target = self.folder / f"zone{seconds:+}"
        self.folder.mkdir(parents=True, exist_ok=True)
        header = struct.pack(">4s16x6I", b"TZif", 0, 0, 0, 0, 1, 4)
        target.write_bytes(header + struct.pack(">iBB4s", seconds, 0, 0, b"EXS\0"))
        return target

    def _compile(self, folder: Path) -> None:
        done = subprocess.run(
            [self.path, "-NoLogo", "-NoProfile", "-NonInteractive", "-File", _COMPILE, folder],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            told = _FIRST_ERROR.search(done.stderr + done.stdout)
            reason = told[0] if told else f"it ended with {done.returncode}"
            raise EngineFailure(f"PowerShell could not compile the cmdlets: {reason}")


def _write_modules(folder: Path, home: Path, release: Release) -> None:
    names: dict[str, list[str]] = {"exchange": [], "windows": []}
    for cmdlet in cmdlets_of(release):
        names[cmdlet.endpoint].append(cmdlet.name)
    deep = "".join(_DEEP.format(name=name, depth=_DEPTH) for name in _ROOTS)
    plain = _ADAPTER + _CREDENTIAL
    for name, types in {"flat": _ADAPTER, "plain": plain, "full": plain + deep}.items():
        (folder / f"{name}.types.ps1xml").write_text(f"<Types>{types}</Types>")
    (folder / "Endpoint.psm1").write_text(_ENDPOINT.read_text(encoding="utf-8"))
    (folder / "Drive.ps1").write_text(_DRIVE.read_text(encoding="utf-8"))
    # Of two modules with one assembly for a root PowerShell loads the first alone.
    for module, cmdlets, types in (
        ("Tasks", names["exchange"], "full"),
        ("PlainTasks", names["exchange"], "plain"),
        ("Windows", names["windows"], "flat"),
        ("Snapin", names["exchange"], "flat"),
    ):
        _write(
            folder / f"{module}.psd1",
            "NestedModules = 'Cmdlets.dll'; RequiredAssemblies = 'Cmdlets.dll'; "
            f"TypesToProcess = '{types}.types.ps1xml'; CmdletsToExport = {_listed(cmdlets)}",
        )
    for name, module in {"full": "Tasks", "plain": "PlainTasks"}.items():
        # Only its functions see the cmdlets: in a session a cmdlet of no visible function would be found by its name.
        _write(
            folder / f"{name}.psd1",
            f"RootModule = 'Endpoint.psm1'; NestedModules = '{module}.psd1'; FunctionsToExport = '*'; "
            "CmdletsToExport = @()",
        )
        _write(
            folder / f"{name}.pssc",
            "SessionType = 'Empty'; LanguageMode = 'NoLanguage'; VisibleFunctions = '*'; "
            f"ModulesToImport = {_listed([str(home / f'{name}.psd1')])}",
        )
    _write(
        folder / "windows.pssc",
        # Of two cmdlets of one name the one that came last is meant, and this module may otherwise come later.
        "SessionType = 'Default'; "
        f"ModulesToImport = {_listed(['Microsoft.PowerShell.Management', str(home / 'Windows.psd1')])}; "
        f"ScriptsToProcess = {_listed([str(home / 'Drive.ps1')])}",
    )


def _write(file: Path, content: str) -> None:
    kind = "SchemaVersion = '2.0.0.0'" if file.suffix == ".pssc" else "ModuleVersion = '1.0'"
    file.write_text(f"@{{ {kind}; GUID = '7c0b4c6e-3b1a-4f57-9c55-0b8a5f5d0e11'; {content} }}\n")


def _listed(texts: Iterable[str]) -> str:
    return "@({})".format(", ".join("'{}'".format(text.replace("'", "''")) for text in texts))
