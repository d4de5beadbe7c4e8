# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PowerShell text for the way that has nothing else: every value is a literal, written by one function."""

from __future__ import annotations

import base64
import re
import typing as t
from xml.sax.saxutils import unescape

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import BYTES, read_credential, read_secret

# PowerShell takes each of these for a single quote, and two of them in a row, in a quoted string, for one.
_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")
_CMDLET = re.compile(r"(?:[A-Za-z][A-Za-z.]*\\)?[A-Za-z]+-[A-Za-z0-9]+")

# Windows PowerShell feeds its standard input, line by line, to the pipeline of a command that mentions $input
# (ConsoleHost and Executor of its source). So one process, started once, runs one request after the other.
# Each line begins with the id of a request, and so do the lines that answer it: standard output is shared with all that
# writes to the console. The script itself does not have the id in it, for an echo of it is no answer. What a line says
# is in base64, because the code page of a console would spoil what is not ASCII.
# A request ends with its state: `unread` where nothing ran, `failed` where an error ended it, `completed`, or `left`
# where the cmdlet left with `exit` or `break`, which no catch block sees: the process takes no more lines then.
# An error is put out as the texts that ERROR names, whether it ended the pipeline or not.
# PSSerializer throws over U+FFFE and U+FFFF, which .NET's strings may hold and XML may not. What has them in it is put
# out once more, member by member, with U+FFFD in their place, as over psrp; what is no text then has its text alone.
# What cannot be put out at all is told beside the state, for the cmdlet has run.
# Nothing in here is newer than PowerShell 2, which has to say that it cannot read what it is sent.
BOOTSTRAP = r"""
begin {
  $odd, $sign = '[\uFFFE\uFFFF]', [regex]::Unescape('\uFFFD')
  function Say($kind, $text) {
    $text = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($text))
    [Console]::Out.WriteLine($request + ' ' + $kind + ' ' + $text)
  }
  filter Answer {
    $kind, $value = 'output', $_
    if ($_ -is [Management.Automation.WarningRecord]) { $kind, $value = 'warning', $_.Message }
    if ($_ -is [Management.Automation.ErrorRecord]) {
      $kind, $about, $why = 'error', $_.CategoryInfo, $_.Exception
      $value = ($_.FullyQualifiedErrorId, $about.Category, $why.GetType().FullName, $_, $about.TargetName,
        $about.Activity, $why.ParameterName, $why.GetBaseException().Source) -replace $odd, $sign
    }
    try {
      try { $text = $serializer::Serialize($value) }
      catch {
        if ($value -is [Collections.IEnumerable]) { $value = $value -replace $odd, $sign }
        else {
          $value = $value | Select-Object *
          foreach ($member in $value.PSObject.Properties) {
            try { $text = $serializer::Serialize($member.Value) }
            catch {
              if ($member.Value -isnot [string]) { Say 'text' $member.Name }
              $member.Value = $member.Value -replace $odd, $sign
            }
          }
        }
        $text = $serializer::Serialize($value)
      }
      Say $kind $text
    }
    catch { Say 'lost' $_.Exception.Message }
  }
}
process {
  foreach ($line in $input) {
    $request, $script = $line.Split(' ')
    $state = 'unread'
    try {
      $serializer = [Management.Automation.PSSerializer]
      $script = [ScriptBlock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($script)))
      $state = 'left'
      try { . $script | Answer; $state = 'completed' }
      catch { $state = 'failed'; $_ | Answer }
    }
    catch { Say 'lost' $_.Exception.Message }
    finally { [Console]::Out.WriteLine($request + ' end ' + $state) }
  }
}
"""

# What is told of an error. The last one is the assembly that its innermost exception comes from.
ERROR = ("id", "category", "exception", "message", "target", "cmdlet", "parameter", "source")

# The assembly of what asks whoever sits before a console, which throws where nobody does.
CONSOLE = "Microsoft.PowerShell.ConsoleHost"

# What PowerShell itself writes on standard error is one document, element by element, and comes in pieces of any size.
_CLIXML = re.compile(
    rb'#< CLIXML|</?Objs\b[^>]*>|(?P<opened><Obj\b[^>]*(?<!/)>)|(?P<closed></Obj>)|<S S="\w+">(?P<text>[^<]*)</S>'
)
_UNFINISHED = re.compile(rb'<S S="\w+">[^<]*(<[^<>\n]*)?\Z|#?<[^<>\n]*\Z')
_CLIXML_CHARACTER = re.compile("_x([0-9A-Fa-f]{4})_")


def command_line() -> tuple[str, list[str]]:
    """The program and arguments of the process that runs pipelines; far below cmd.exe's 8191 characters."""
    encoded = base64.b64encode(BOOTSTRAP.encode("utf-16-le")).decode()
    return "powershell.exe", ["-NoLogo", "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded]


def question(request: str, script: str) -> bytes:
    """The line that runs a script for the request of this id."""
    return f"{request} {base64.b64encode(script.encode()).decode()}\n".encode()


def answers(request: str) -> re.Pattern[bytes]:
    """The lines that answer: what each is, and its value, which is missing where something was written into the line.

    Text without an end of line may stand before them.
    """
    return re.compile(rb"%b (output|error|warning|text|lost|end) (?:([!-~]+)\r?$)?" % request.encode())


def spoken(errors: bytes, *, ended: bool = False) -> tuple[list[bytes], bytes]:
    """The lines of text on standard error, where PowerShell puts its own in CLIXML, and what is not whole yet.

    Once it has ``ended`` a line is whole without an end.
    """
    lines: list[bytes] = []
    depth = start = end = 0
    for found in _CLIXML.finditer(errors):
        if not depth:
            start = found.start()
            lines += errors[end:start].splitlines()
            if found["text"]:
                text = _CLIXML_CHARACTER.sub(
                    lambda sign: chr(int(sign[1], 16)), unescape(found["text"].decode("utf-8", "replace"))
                )
                lines += text.encode("utf-8", "replace").splitlines()
        else:
            lines += _apart(errors[end : found.start()])[0]
        depth = max(0, depth + bool(found["opened"]) - bool(found["closed"]))
        end = found.end()
    if depth:
        between, rest = _apart(errors[end:])
        return [*lines, *between], _apart(errors[start:end])[1] + rest
    left = errors[end:]
    begun = _UNFINISHED.search(left)
    whole = begun.start() if begun else len(left) if ended else left.rfind(b"\n") + 1
    return [*lines, *left[:whole].splitlines()], left[whole:]


def _apart(element: bytes) -> tuple[list[bytes], bytes]:
    """Lines that somebody else wrote between two pieces of an element, which has no end of line of its own."""
    *pieces, rest = element.split(b"\n")
    cuts = [max(piece.rfind(b"<"), piece.rfind(b">")) + 1 for piece in pieces]
    lines = [piece[cut:] for piece, cut in zip(pieces, cuts, strict=True)]
    return lines, b"".join(piece[:cut] for piece, cut in zip(pieces, cuts, strict=True)) + rest


def told(lines: t.Sequence[str]) -> str:
    """What an error says in lines that PowerShell has broken for a console, with the place of it after them."""
    marked = next((number for number, line in enumerate(lines) if line.startswith("+ ")), 0)
    return " ".join(lines[: max(1, marked - 1)])


def literal(value: t.Any) -> str:
    """A value as a PowerShell literal; ValueError for what cannot be one."""
    if value is None:
        return "$null"
    if isinstance(value, bool):
        return "$true" if value else "$false"
    if isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 63:
            raise ValueError("it is beyond the whole numbers of 64 bits, and would be of another type")
        return str(value)
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("it has a NUL character, which PowerShell text cannot carry")
        if re.search("[\ud800-\udfff]", value):
            raise ValueError("it has half of a surrogate pair, which is not a character")
        return f"'{_QUOTES.sub(lambda quote: quote[0] * 2, value)}'"
    if isinstance(value, (list, tuple)):
        if any(isinstance(item, (list, tuple)) for item in value):
            raise ValueError("a list in a list has no form in PowerShell text, where one that is alone is its items")
        return f"@({', '.join(map(literal, value))})"
    if read_credential(value) or read_secret(value) is not None:
        raise ValueError(
            "a password cannot be sent as PowerShell text, which Windows may log; use ansible_exchange_transport: psrp"
        )
    if isinstance(value, dict) and BYTES in value:
        raise ValueError(
            "a file cannot be sent as PowerShell text, which Windows may log; use ansible_exchange_transport: psrp"
        )
    if isinstance(value, dict):
        return f"@{{{'; '.join(f'{literal(str(key))} = {literal(item)}' for key, item in value.items())}}}"
    raise ValueError(f"a {type(value).__name__} has no form in PowerShell text")


def render(stages: t.Sequence[tuple[str, t.Mapping[str, t.Any]]], piped: t.Sequence[t.Any] | None = None) -> str:
    """The text that runs a pipeline of cmdlets with their parameters; ValueError names what cannot be sent."""
    tables, steps = [], []
    for number, (cmdlet, parameters) in enumerate(stages):
        if not _CMDLET.fullmatch(cmdlet):
            raise ValueError(f"{quoted(cmdlet)} is not a cmdlet")
        entries = []
        for name, value in parameters.items():
            try:
                entries.append(f"{literal(name)} = {literal(value)}")
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        variable = f"parameters{number or ''}"
        tables.append(f"${variable} = @{{{'; '.join(entries)}}}\n")
        steps.append(f"{cmdlet} @{variable}")
    if piped:
        steps.insert(0, ", ".join(map(literal, piped)))
    # Errors and warnings come among the output: so each is one, in its place, and none is formatted for a console.
    # Of several cmdlets those of the first must not become input of the next.
    pipeline = " | ".join(steps)
    return f"{''.join(tables)}{pipeline if len(stages) == 1 else f'& {{ {pipeline} }}'} 2>&1 3>&1"
