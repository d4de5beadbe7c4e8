"""The artifact as Galaxy, Automation Hub and ansible-builder take it, with its release cut."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
GALAXY = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text(encoding="utf-8"))
VERSION = GALAXY["version"]
# All that is shipped; what appears beside it is a decision.
SHIPPED = {
    "CHANGELOG.rst", "CONTRIBUTING.md", "FILES.json", "LICENSE", "MANIFEST.json", "README.md", "SECURITY.md",
    "bindep.txt", "changelogs/changelog.yaml", "changelogs/config.yaml", "docs", "extensions/audit", "extensions/eda",
    "meta", "playbooks", "plugins", "requirements-eda.txt", "requirements-kerberos.txt", "requirements.txt", "roles",
    "tests/config.yml", "tests/sanity",
}  # fmt: skip


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(cwd), **variables}
    environment.pop("ANSIBLE_COLLECTIONS_PATH", None)
    done = subprocess.run(
        [str(one) for one in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection with its release cut, as `make changelog` does as a release's last step."""
    tree = tmp_path_factory.mktemp("source") / "ansible_collections" / "mailops" / "exchange"
    # A release needs the fragments, which are not shipped.
    ignored = [pattern for pattern in GALAXY["build_ignore"] if pattern != "changelogs/fragments"]

    def left_out(folder: str, names: list[str]) -> list[str]:
        paths = {name: (Path(folder) / name).relative_to(REPOSITORY).as_posix() for name in names}
        return [
            name for name in names for pattern in ignored if fnmatch(name, pattern) or fnmatch(paths[name], pattern)
        ]

    shutil.copytree(REPOSITORY, tree, ignore=left_out)
    releases = yaml.safe_load((tree / "changelogs" / "changelog.yaml").read_text(encoding="utf-8"))["releases"]
    if VERSION not in releases:
        run(BIN / "antsibull-changelog", "release", "--date", "2026-01-01", "--reload-plugins", cwd=tree)
    return tree


@pytest.fixture(scope="module")
def artifact(source: Path) -> Path:
    folder = source.parents[2]
    run(BIN / "ansible-galaxy", "collection", "build", source, "--output-path", folder, cwd=folder)
    return folder / f"mailops-exchange-{VERSION}.tar.gz"


def test_the_release_is_in_the_changelog_with_the_one_before_it(source: Path) -> None:
    headings = re.findall(r"^v(\S+)\n=+$", (source / "CHANGELOG.rst").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == VERSION, f"cut the release: make changelog DATE=YYYY-MM-DD (now on top: {headings[0]})"
    assert headings[-1] == "0.1.0"
    assert not list((source / "changelogs" / "fragments").glob("*.yml")), "a release takes all fragments"


def test_the_artifact_has_no_development_files(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        files = [one.name for one in archive if one.isfile()]
    shipped = {next((one for one in SHIPPED if f"{name}/".startswith(f"{one}/")), name) for name in files}
    assert shipped == SHIPPED


def test_no_page_of_the_artifact_links_to_what_is_not_in_it(artifact: Path, tmp_path: Path) -> None:
    run(BIN / "ansible-galaxy", "collection", "install", artifact, "-p", tmp_path, "--offline", cwd=tmp_path)
    pages = list((tmp_path / "ansible_collections" / "mailops" / "exchange").rglob("*.md"))
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if "://" not in link
    ]
    assert links
    assert [f"{page}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_galaxy_and_automation_hub_take_the_artifact(artifact: Path) -> None:
    """`make check` lints the same roles and playbooks already."""
    said = run(
        sys.executable, "-m", "galaxy_importer.main", artifact, cwd=artifact.parent,
        GALAXY_IMPORTER_REQUIRE_V1_OR_GREATER="true", GALAXY_IMPORTER_CHECK_REQUIRED_TAGS="true",
        GALAXY_IMPORTER_RUN_ANSIBLE_LINT="false",
    )  # fmt: skip
    assert "Importer processing completed successfully" in said
    loud = [line for line in said.splitlines() if re.match(r"(WARNING|ERROR)", line)]
    # It names the files with which the imports of optional libraries are excused.
    assert [line for line in loud if "Ignore files skip ansible-test sanity tests" not in line] == []


def test_an_execution_environment_gets_what_kerberos_needs(artifact: Path, tmp_path: Path) -> None:
    run(BIN / "ansible-galaxy", "collection", "install", artifact, "-p", tmp_path, "--offline", cwd=tmp_path)
    found: dict[str, Any] = yaml.safe_load(run(BIN / "ansible-builder", "introspect", tmp_path, cwd=tmp_path))
    python = {re.split(r"[^\w-]", line)[0] for line in found["python"]}
    assert python == {"pypsrp", "pywinrm", "pyspnego", "cryptography", "gssapi", "krb5"}
    system = {line.split(" ")[0] for line in found["system"]}
    assert {"gcc", "krb5-devel", "libkrb5-dev", "krb5-workstation", "krb5-user"} <= system


def test_the_sample_of_an_execution_environment_can_be_built(tmp_path: Path) -> None:
    sample = REPOSITORY / "docs" / "samples" / "execution-environment.yml"
    run(BIN / "ansible-builder", "create", "--file", sample, "--context", tmp_path / "context", cwd=tmp_path)
    wanted = yaml.safe_load((tmp_path / "context" / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    assert [one["name"] for one in wanted["collections"]] == ["mailops.exchange"]
