"""What is derived is current, and whoever changed its source is told what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import MAILBOX_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import IMAP4, POP3, PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.throttling import THROTTLING_SETTINGS
from generate.__main__ import ROOT, files, stale
from generate.settings import texts
from generate.twin import twin

WRITTEN = files()


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A copy of what is derived and of its sources. It does not stay, because its tests name passwords."""
    for name in ("docs", "meta", "playbooks", "plugins", "roles", "tests", "tools"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("galaxy.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    link = tmp_path / ".cache" / "collections" / "ansible_collections" / "mailops" / "exchange"
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path, target_is_directory=True)
    yield tmp_path
    shutil.rmtree(tmp_path)


def generate(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`make generate` in a copy."""
    tests = checkout / "tests"
    paths = [checkout / ".cache" / "collections", checkout / "tools", tests / "support", tests / "simulator"]
    environment = {**os.environ, "PYTHONPATH": ":".join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "generate", *arguments]
    return subprocess.run(command, env=environment, cwd=checkout, capture_output=True, text=True, check=False)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (path, text.count(old))
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_everything_is_current() -> None:
    assert [f"{path} is stale: run make generate" for path in stale()] == []


def test_nothing_of_pop3_is_said_of_imap4() -> None:
    """A word that was forgotten when the words were exchanged would stand in the wrong place."""
    both = [path for path in WRITTEN if path.startswith(("roles/imap4/", "plugins/modules/imap_", "playbooks/"))]
    assert len(both) > 8
    for path in both:
        text = "\n".join(line for line in WRITTEN[path].splitlines() if "Written by `make generate`" not in line)
        for word in ("pop3", "POP3", "PopSettings", "PopProxy", "Pop3", "pop_", ":995", ":110"):
            assert word not in text, (path, word)


def test_a_stale_file_is_named_and_written(checkout: Path) -> None:
    assert generate(checkout, "--check").returncode == 0
    replace(checkout / "roles/pop3/README.md", "# Role", "# The role")
    (checkout / "roles/imap4/tasks/settings.yml").unlink()
    (checkout / "roles/imap4/tasks/left_over.yml").write_text("---\n")
    checked = generate(checkout, "--check")
    assert checked.returncode == 1
    assert sorted(checked.stderr.splitlines()) == [
        f"roles/imap4/{name} is stale: run make generate"
        for name in ("README.md", "tasks/left_over.yml", "tasks/settings.yml")
    ]
    assert generate(checkout).returncode == 0
    assert "# The role `mailops.exchange.imap4`" in (checkout / "roles/imap4/README.md").read_text(encoding="utf-8")
    assert (checkout / "roles/imap4/tasks/settings.yml").is_file()
    assert not (checkout / "roles/imap4/tasks/left_over.yml").exists()
    assert generate(checkout, "--check").returncode == 0


def test_no_text_is_of_a_setting_that_there_is_not() -> None:
    of_protocols = (setting for protocol in PROTOCOLS.values() for setting in protocol.settings)
    tables = {
        "protocol_settings": of_protocols,
        "connector_settings": CONNECTOR_SETTINGS,
        "mailbox_settings": (one for one in MAILBOX_SETTINGS if not one.option.startswith(IMAP4.mailbox_prefix)),
        "throttling_settings": (one for one in THROTTLING_SETTINGS if one.option.startswith(POP3.mailbox_prefix)),
    }
    for table, settings in tables.items():
        assert texts(table)["options"].keys() == {setting.option for setting in settings}


def test_the_words_of_a_twin() -> None:
    assert twin("pop3_state of POP3: Set-PopSettings, 0.0.0.0:995") == (
        "imap4_state of IMAP4: Set-ImapSettings, 0.0.0.0:993"
    )


# The tests of a setting, and those of what is said of all settings.
OF_SETTINGS = (
    "tests/contract/test_vocabulary.py",
    "tests/contract/test_documented_rights.py",
    "tests/integration/test_every_setting.py",
    "tests/unit/test_metadata.py",
    "tests/unit/plugins/modules/test_shape_table.py",
    "tests/unit/simulator/test_engine.py",
)
ROW = '    Setting("suppress_read_receipt", '
TEXT = "  suppress_read_receipt:\n"
CATALOGUE = '    Setting("SuppressReadReceipt", '


def test_a_new_parameter_takes_its_row_its_text_and_the_catalogue(checkout: Path) -> None:
    """The fourth file is a changelog fragment; all else follows."""
    row = '    Setting("made_up_count", "MadeUpCount", Int(1, 9, "cups"), EXCHANGE_2010),\n'
    replace(checkout / "plugins/module_utils/_tables/protocols.py", ROW, row + ROW)
    told = (
        '  made_up_count:\n    description:\n      - "How many: O(made_up_count)."\n    default: {pop3: 3, imap4: 4}\n'
    )
    replace(checkout / "tools/texts/protocol_settings.yml", TEXT, told + TEXT)
    catalogued = '    Setting("MadeUpCount", Kind.INT32, {"pop3": 3, "imap4": 4}, bounds=_bounds(1, 9)),\n'
    replace(checkout / "tests/simulator/exchange_simulator/catalogue/settings.py", CATALOGUE, catalogued + CATALOGUE)
    assert generate(checkout).returncode == 0

    for protocol, module, count in (("pop3", "pop_settings", 3), ("imap4", "imap_settings", 4)):
        handed = (checkout / f"roles/{protocol}/tasks/settings.yml").read_text(encoding="utf-8")
        assert f'    made_up_count: "{{{{ {protocol}_made_up_count | default(omit) }}}}"\n' in handed
        specified = (checkout / f"roles/{protocol}/meta/argument_specs.yml").read_text(encoding="utf-8")
        assert f"How many: O({protocol}_made_up_count)." in specified
        documented = ansible_doc(checkout, module)
        assert f"From 1 to 9 cups. Exchange's default is `{count}'. Since Exchange 2010." in documented
    assert '"MadeUpCount"' in (checkout / "docs/docsite/rst/guide_security.rst").read_text(encoding="utf-8")
    about = ("-k", "MadeUpCount or made_up_count or test_the", f"--basetemp={checkout}/.pytest")
    command = [sys.executable, "-m", "pytest", "-q", *about, *OF_SETTINGS]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_new_switch_of_mailboxes_takes_the_same(checkout: Path) -> None:
    row = '    Setting("owa_enabled", '
    made_up = '    Setting("made_up_enabled", "MadeUpEnabled", _BOOL, EXCHANGE_2013),\n'
    replace(checkout / "plugins/module_utils/_tables/mailboxes.py", row, made_up + row)
    text = "  owa_enabled:\n"
    told = "  made_up_enabled:\n    description:\n      - Whether it is made up.\n    default: true\n"
    replace(checkout / "tools/texts/mailbox_settings.yml", text, told + text)
    parameter = '    (Parameter("OWAEnabled", '
    catalogued = '    (Parameter("MadeUpEnabled", Kind.BOOLEAN, releases=_SINCE_2013), True),\n'
    catalogue = checkout / "tests/simulator/exchange_simulator/catalogue/mailboxes.py"
    replace(catalogue, parameter, catalogued + parameter)
    assert generate(checkout).returncode == 0
    assert "Whether it is made up. Exchange's default is `true'. Since Exchange 2013." in ansible_doc(
        checkout, "cas_mailbox"
    )
    assert "made_up" not in (checkout / "roles/pop3/meta/argument_specs.yml").read_text(encoding="utf-8")
    assert '"MadeUpEnabled"' in (checkout / "docs/docsite/rst/guide_security.rst").read_text(encoding="utf-8")
    tests = ("tests/contract/test_mailbox_vocabulary.py", "tests/unit/plugins/modules/test_shape_table.py")
    about = ("-k", "MadeUp or vocabulary", f"--basetemp={checkout}/.pytest")
    command = [sys.executable, "-m", "pytest", "-q", *about, *tests]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def ansible_doc(checkout: Path, module: str) -> str:
    """What a user reads, without its line breaks."""
    home = {
        "ANSIBLE_HOME": str(checkout / ".ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(checkout / ".cache/collections"),
    }
    program = Path(sys.executable).parent / "ansible-doc"
    command = [str(program), "-t", "module", f"mailops.exchange.{module}"]
    done = subprocess.run(command, env={**os.environ, **home}, capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split())


def test_a_setting_without_a_text_is_refused(checkout: Path) -> None:
    replace(checkout / "tools/texts/protocol_settings.yml", TEXT, "  another:\n")
    done = generate(checkout)
    assert done.returncode != 0
    assert "tools/texts/protocol_settings.yml does not tell what suppress_read_receipt is" in done.stderr


def test_the_home_of_the_project_is_told_in_one_place(checkout: Path) -> None:
    home = checkout / "tools/texts/home.yml"
    home.write_text(home.read_text(encoding="utf-8").replace("https://github.com/", "https://git.example/"), "utf-8")
    assert "galaxy.yml is stale" in generate(checkout, "--check").stderr
    generate(checkout)
    metadata = yaml.safe_load((checkout / "galaxy.yml").read_text(encoding="utf-8"))
    assert metadata["repository"] == "https://git.example/mailops/mailops.exchange"
    assert metadata["issues"] == "https://git.example/mailops/mailops.exchange/issues"
