"""Prepare the home directory that ansible-test runs in, so that a package index is all it needs."""

from __future__ import annotations

import ast
import configparser
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from ansible_test._internal.python_requirements import get_venv_packages

# ansible-test would download get-pip.py from a host of its own; Python's bundled pip does the same job.
GET_PIP = """\
import ensurepip

ensurepip.bootstrap(default_pip=True)
"""


def pip_options() -> configparser.RawConfigParser:
    """Return what pip is configured with here: ansible-test hands on neither PIP_* variables nor the real home."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True)
    configured = configparser.RawConfigParser()
    # The environment (":env:", listed first) wins over the files.
    for line in reversed(listed.stdout.splitlines()):
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        section = "global" if section == ":env:" else section
        if not configured.has_section(section):
            configured.add_section(section)
        configured.set(section, option, ast.literal_eval(value))
    return configured


def main(home: Path) -> None:
    """Write the pip configuration and the bootstrap script below `home`."""
    configuration = home / ".config" / "pip" / "pip.conf"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    # An index address may carry a token.
    configuration.touch(mode=0o600)
    with configuration.open("w", encoding="utf-8") as stream:
        pip_options().write(stream)

    version = get_venv_packages(SimpleNamespace(version=f"{sys.version_info.major}.{sys.version_info.minor}"))["pip"]
    script = home / ".ansible" / "test" / "cache" / f"get_pip_{version.replace('.', '_')}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(GET_PIP, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
