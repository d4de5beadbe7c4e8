"""Whether anything that a run of the tests left behind holds a password that the tests use.

tests/conftest.py looks after every run. Run as a program it also looks into the folders that tests make elsewhere and
take away again: python tests/support/secrets_left_behind.py
"""

from __future__ import annotations

import ast
import base64
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"(?i)_?(?:password|secret)s?")
# A shorter one is a word, such as "wrong".
SHORTEST = 10
# What Hypothesis and pytest remember, and what ansible-core keeps.
KEPT = (".hypothesis", ".cache/ansible", ".cache/pytest")
PASSING = ("mx-*", "exchange-simulator-*", "kdc-*", "pytest-of-*")


@cache
def secrets() -> dict[str, str]:
    """Every password that is written down in the tests and in the demo, and where."""
    found = {}
    for folder in ("tests", "demo"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Assign) and any(_names_a_secret(target) for target in node.targets):
                    for part in ast.walk(node.value):
                        if isinstance(part, ast.Constant) and isinstance(part.value, str) and _is_one(part.value):
                            found.setdefault(part.value, f"{path.relative_to(ROOT)}:{node.lineno}")
    return found


def _names_a_secret(target: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and NAME.fullmatch(node.id) for node in ast.walk(target))


def _is_one(text: str) -> bool:
    # Users, variables and words that are assigned together with one are none.
    return len(text) >= SHORTEST and "@contoso" not in text and not re.fullmatch("[a-z_:]+", text)


@cache
def forms() -> dict[bytes, str]:
    """The secrets in the forms in which they travel, by the place that they come from."""
    found = {}
    for secret, place in secrets().items():
        for text in (secret, f"administrator:{secret}", f"\0reader\0{secret}"):
            found[base64.b64encode(text.encode())] = place
        found |= {secret.encode(): place, secret.encode("utf-16-le"): place}
    return found


def search(folders: Iterable[Path]) -> Iterator[str]:
    """A line for each file that holds one, without showing it."""
    for folder in folders:
        for path in folder.rglob("*"):
            try:
                content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            except OSError:
                # Somebody else's, or just gone.
                continue
            for form in forms():
                if form in content:
                    yield f"{path} holds the password of {forms()[form]}."
                    break


def left_behind(*folders: Path) -> list[str]:
    """What the folders of a run, and what is kept from one run to the next, hold of secrets."""
    return list(search([*folders, *(ROOT / name for name in KEPT)]))


def main() -> int:
    passing = [path for pattern in PASSING for path in Path(tempfile.gettempdir()).glob(pattern)]
    found = left_behind(*passing)
    print("\n".join(found) or f"None of {len(secrets())} passwords was left behind.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
