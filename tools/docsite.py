"""Builds the documentation site into a folder: every plugin, every role and the guides. Warnings are errors.

Nothing is fetched. Where Ansible's own documentation is pointed to, what is there is written down here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COLLECTION = "mailops.exchange"
CURRENT = ("--use-current", "--squash-hierarchy")
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
# By label, the page of Ansible's documentation, and its title.
LABELS = {
    "action_plugins": ("plugins/action.html", "Action plugins"),
    "ansible_collections.ansible.builtin.psrp_connection": (
        "collections/ansible/builtin/psrp_connection.html",
        "ansible.builtin.psrp",
    ),
    "ansible_collections.ansible.builtin.winrm_connection": (
        "collections/ansible/builtin/winrm_connection.html",
        "ansible.builtin.winrm",
    ),
    "ansible_configuration_settings": ("reference_appendices/config.html", "Ansible configuration settings"),
    "common_return_values": ("reference_appendices/common_return_values.html", "Return values"),
}


def inventory() -> bytes:
    """The labels, as Sphinx reads them from another site's objects.inv."""
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version:\n# zlib\n"
    lines = (f"{label} std:label -1 {page} {title}\n" for label, (page, title) in LABELS.items())
    return head.encode() + zlib.compress("".join(lines).encode())


def build(folder: Path) -> None:
    """Make the site anew; its first page is html/index.html."""
    pages = folder / "rst"
    shutil.rmtree(folder, ignore_errors=True)
    # antsibull-docs wants it closed to others.
    pages.mkdir(parents=True, mode=0o755)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run(*command: str | Path) -> None:
        subprocess.run(list(map(str, command)), cwd=ROOT, stdout=subprocess.DEVNULL, check=True)

    title = (f"--{name}={COLLECTION}" for name in ("project", "title"))
    run("antsibull-docs", "sphinx-init", *CURRENT, "--lenient", *title, "--dest-dir", folder, COLLECTION)
    settings = ("--config-file", folder / "antsibull-docs.cfg")
    options = ("--cleanup", "everything", "--fail-on-error", *CURRENT)
    run("antsibull-docs", *settings, "collection", *options, "--dest-dir", pages, COLLECTION)
    shutil.copytree(ROOT / "docs" / "docsite" / "rst" / "images", pages / "docsite" / "images")
    (folder / "ansible.inv").write_bytes(inventory())
    with (folder / "conf.py").open("a", encoding="utf-8") as file:
        file.write(f"\nintersphinx_mapping = {{'ansible': ('{ANSIBLE}', '{folder / 'ansible.inv'}')}}\n")
    run("sphinx-build", "-q", "-W", "--keep-going", "-c", folder, pages, folder / "html")


if __name__ == "__main__":
    try:
        build(Path(sys.argv[1]).resolve())
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
