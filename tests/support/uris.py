"""What .NET makes of web addresses: answers of a real one that were written down, and the real one itself.

`python tests/support/uris.py` asks it again and writes the answers anew; a new address is added by hand, with null.
"""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path

from powershell_engine import powershell

ANSWERS = Path(__file__).with_name("uris.json")
# Its ToString and its AbsoluteUri, or nothing where it is no absolute address. Other characters than those of ASCII
# are escaped in both directions: a process has one encoding more than one would like.
_LOOP = r"""
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $answer = $null
    try { $uri = [uri](ConvertFrom-Json $line) } catch { $uri = $null }
    if ($uri.IsAbsoluteUri) { $answer = $uri.ToString(), $uri.AbsoluteUri }
    [Console]::Out.WriteLine((ConvertTo-Json $answer -Compress -EscapeHandling EscapeNonAscii))
}
"""


class Uris:
    """A process that is asked for one address after the other."""

    def __init__(self, program: Path) -> None:
        command = [program, "-NoProfile", "-NoLogo", "-NonInteractive", "-Command", _LOOP]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, text: str) -> tuple[str, str] | None:
        """The two texts of the Uri, or None if there is none."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{json.dumps(text)}\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return (answer[0], answer[1]) if answer else None

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@cache
def recorded() -> dict[str, tuple[str, str] | None]:
    """By address, the answers that were written down."""
    answers = json.loads(ANSWERS.read_text())
    return {text: (answer[0], answer[1]) if answer else None for text, answer in answers.items()}


def main() -> None:
    ask = Uris(powershell())
    answers = [f"{json.dumps(text)}: {json.dumps(ask(text))}" for text in recorded()]
    ANSWERS.write_text("{\n  " + ",\n  ".join(answers) + "\n}\n")
    ask.close()


if __name__ == "__main__":
    main()
