"""The list of what does not run with a real PowerShell names only what there is, and every file of it runs there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from on_powershell import NOT_THERE

INTEGRATION = Path(__file__).resolve().parents[1] / "integration"


@pytest.mark.parametrize("file", NOT_THERE)
def test_the_list(file: str) -> None:
    module = ast.parse((INTEGRATION / f"{file}.py").read_text(encoding="utf-8"))
    assert NOT_THERE[file].keys() <= {one.name for one in module.body if isinstance(one, ast.FunctionDef)}
    takers = [one for one in INTEGRATION.glob("test_*on_powershell.py") if f'once_more("{file}")' in one.read_text()]
    assert len(takers) == 1
