"""What a server says cannot act on the terminal of whoever reads it."""

from __future__ import annotations

from typing import Any

ACTS = "red \x1b[31m\x9b1m back \u202e here\u2028next\x00"


def acting(text: str) -> set[str]:
    assert "red" in text
    return set(text) & set("\x1b\x9b\u202e\u2028\x00")


def test_an_error(host: Any) -> None:
    host.fault("fails_after_effect", cmdlet="Get-PopSettings", message=ACTS)
    assert acting(host.run("pop_settings", {"banner": "x"})["msg"]) == set()


def test_a_warning(host: Any) -> None:
    host.fault("warns", cmdlet="Get-PopSettings", message=ACTS)
    warnings = host.run("pop_settings", {"max_connections": 5})["warnings"]
    # ansible-core keeps those of other modules in the same process.
    assert acting(" ".join(map(str, warnings))) == set()
