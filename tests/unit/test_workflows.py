"""The GitHub workflows run what the collection supports, with actions that nobody can exchange."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
workflows = pytest.mark.parametrize("path", WORKFLOWS, ids=[path.stem for path in WORKFLOWS])


def workflow(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - `on` is no boolean
    return found


def test_there_are_workflows() -> None:
    assert [path.stem for path in WORKFLOWS] == ["ci", "docs", "release"]


@workflows
def test_actions_are_pinned_by_commit_with_their_version(path: Path) -> None:
    used = re.findall(r"^.*\buses:.*$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert used
    for line in used:
        assert re.search(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_an_action_has_one_pin() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    pins: dict[str, set[str]] = {}
    for action, pin in re.findall(r"uses: ([\w/-]+)@(.*)$", text, re.MULTILINE):
        pins.setdefault(action, set()).add(pin)
    assert {action: found for action, found in pins.items() if len(found) > 1} == {}


@workflows
def test_jobs_have_only_the_permissions_that_they_name(path: Path) -> None:
    found = workflow(path)
    assert found["permissions"] == {}
    assert found["concurrency"]
    for name, job in found["jobs"].items():
        assert "permissions" in job, name
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] == "false", name


def test_every_supported_core_is_tested_and_a_pre_release_may_fail() -> None:
    job = workflow(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]["sanity"]
    rows = job["strategy"]["matrix"]["include"]
    # Each core has a file of exceptions, the pre-release too.
    ignored = {path.stem.removeprefix("ignore-") for path in (ROOT / "tests" / "sanity").glob("ignore-*.txt")}
    assert {row["core"] for row in rows} == ignored
    lowest = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["requires_ansible"]
    assert lowest == f">={rows[0]['core']}.0"
    assert [row["core"] for row in rows if row["pre"] == "true"] == [rows[-1]["core"]]
    assert job["continue-on-error"] == "${{ matrix.pre }}"
