"""Writes all files that are derived from others; with --check it says which ones would change, and fails."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import IMAP4, POP3, PROTOCOLS, Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._tables.throttling import THROTTLING_SETTINGS
from generate import endpoint, evidence, findings, home, layout, rights, roles
from generate.settings import connector_options, mailbox_options, protocol_options, table_options, texts
from generate.twin import twin

ROOT = Path(__file__).resolve().parents[2]
GUIDES = "docs/docsite/rst"
# In the words of POP3, where somebody writes them; with the words exchanged they are those for IMAP4.
TWINS = (
    "playbooks/disable_pop3.yml",
    "playbooks/enable_pop3.yml",
    "plugins/action/pop_settings.py",
    "plugins/modules/pop_settings.py",
    "roles/pop3",
)


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def fragment(table: str, about: str, found: Mapping[str, Mapping[str, layout.Option]]) -> Iterator[str]:
    """A doc fragment with the settings of a table."""
    yield from (
        "# Copyright: (c) 2026, mailops contributors",
        "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
        f'"""{about}, written by `make generate` from tools/texts and the tables of settings."""',
        "",
        "from __future__ import annotations",
        "",
        "",
        "class ModuleDocFragment:",
    )
    for number, (name, options) in enumerate(found.items()):
        yield from ([""] if number else [])
        yield f'    {name} = r"""'
        yield "options:"
        yield from layout.options(options, 2)
        # Notes and not a description, which would come before the module's own.
        if notes := texts(table).get("notes"):
            yield "notes:"
            yield from layout.paragraphs(notes, 2)
        yield '"""'


def of_fragments() -> dict[str, str]:
    """The documentation of all tables of settings."""
    protocols = {protocol.key.upper(): protocol_options(protocol) for protocol in PROTOCOLS.values()}
    told = {
        "connector_settings": ("The settings of receive connectors", {"DOCUMENTATION": connector_options()}),
        "mailbox_settings": ("What clients may do with a mailbox", {"DOCUMENTATION": mailbox_options()}),
        "protocol_settings": ("The settings of POP3 and IMAP4", protocols),
        "throttling_settings": (
            "How much users may ask of Exchange",
            {"DOCUMENTATION": table_options("throttling_settings", THROTTLING_SETTINGS)},
        ),
    }
    return {
        f"plugins/doc_fragments/{table}.py": _lines(fragment(table, about, found))
        for table, (about, found) in told.items()
    }


def of_role(protocol: Protocol) -> dict[str, str]:
    """The files of a role that are written for each protocol by itself."""
    folder = f"roles/{protocol.key}"
    return {
        f"{folder}/meta/argument_specs.yml": _lines(roles.argument_specs(protocol)),
        f"{folder}/defaults/main.yml": _lines(roles.defaults(protocol)),
        f"{folder}/tasks/connector.yml": _lines(roles.connector_tasks(protocol)),
        f"{folder}/tasks/settings.yml": _lines(roles.settings_tasks(protocol)),
        f"{folder}/tasks/mailboxes.yml": _lines(roles.mailboxes_tasks(protocol)),
    }


def _marked(text: str, source: str) -> str:
    """The text with a line near its beginning on where it comes from."""
    told = f"Written by `make generate` from {source}."
    if source.endswith(".md"):
        return f"<!-- {told} -->\n\n{text}"
    head = next(line for line in text.splitlines(keepends=True) if line == "---\n" or line.startswith("# GNU General"))
    return text.replace(head, f"{head}# {told}\n", 1)


def of_twins() -> dict[str, str]:
    """What is the same for IMAP4."""
    found = {}
    for name in TWINS:
        for path in sorted((ROOT / name).rglob("*")) if (ROOT / name).is_dir() else [ROOT / name]:
            if path.is_file():
                source = path.relative_to(ROOT).as_posix()
                found[twin(source)] = _marked(twin(path.read_text(encoding="utf-8")), source)
    return found


def files() -> dict[str, str]:
    """Every file that is written here, by its path."""
    security = f"{GUIDES}/guide_security.rst"
    return {
        **of_fragments(),
        f"{endpoint.FOLDER}/{endpoint.NAME}.psrc": _lines(endpoint.capability()),
        f"{endpoint.FOLDER}/{endpoint.NAME}.pssc": _lines(endpoint.configuration()),
        f"{GUIDES}/guide_evidence.rst": _lines(evidence.page()),
        f"{GUIDES}/guide_findings.rst": _lines(findings.page()),
        "docs/docsite/links.yml": _lines(home.links()),
        "galaxy.yml": home.metadata((ROOT / "galaxy.yml").read_text(encoding="utf-8")),
        security: rights.rewritten((ROOT / security).read_text(encoding="utf-8")),
        "plugins/module_utils/_tables/variables_of_roles.py": _lines(roles.variables()),
        **of_twins(),
        **of_role(POP3),
        **of_role(IMAP4),
    }


def stale() -> dict[str, str | None]:
    """What has to be written to be current, and None for files of the role imap4 that have no counterpart."""
    wanted = files()
    found: dict[str, str | None] = {
        path: text
        for path, text in wanted.items()
        if not (ROOT / path).is_file() or (ROOT / path).read_text(encoding="utf-8") != text
    }
    left = {path.relative_to(ROOT).as_posix() for path in (ROOT / "roles/imap4").rglob("*") if path.is_file()}
    return found | dict.fromkeys(sorted(left - wanted.keys()))


def main() -> int:
    parser = argparse.ArgumentParser(prog="generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say which files are stale")
    check = parser.parse_args().check
    for path, text in stale().items():
        if check:
            print(f"{path} is stale: run make generate", file=sys.stderr)
        elif text is None:
            (ROOT / path).unlink()
        else:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(text, encoding="utf-8")
    return bool(check and stale())


if __name__ == "__main__":
    sys.exit(main())
