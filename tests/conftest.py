"""Makes the checkout importable as a collection, as Ansible does, and the simulator beside it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
COLLECTIONS = ROOT / ".cache" / "collections"

_link = COLLECTIONS / "ansible_collections" / "mailops" / "exchange"
_link.parent.mkdir(parents=True, exist_ok=True)
with suppress(FileExistsError):
    _link.symlink_to("../../../..", target_is_directory=True)

# The same examples each time: nobody's change fails by the luck of a draw, nor on a slow machine. Who fuzzes for a time
# of their own choice wants others.
settings.register_profile(
    "suite",
    deadline=None,
    derandomize="FUZZ_SECONDS" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("suite")

os.environ["KRB5_CONFIG"] = str(ROOT / "tests" / "support" / "krb5.conf")

for _directory in (COLLECTIONS, ROOT / "tests" / "simulator", ROOT / "tests" / "support", ROOT / "tools"):
    if str(_directory) not in sys.path:
        sys.path.insert(0, str(_directory))

from needed import CAPTURES, SHARED, do_without  # noqa: E402
from secrets_left_behind import left_behind  # noqa: E402


@pytest.fixture(scope="session")
def captures() -> Path:
    """The folder of objects as real servers sent them."""
    if not CAPTURES.is_dir():
        do_without(SHARED, f"there are no captures of real servers at {CAPTURES}, nor named by EXCHANGE_CAPTURES")
    return CAPTURES


def pytest_itemcollected(item: pytest.Item) -> None:
    """A set in the name of a test is in another order in each worker, and only now and then do the workers agree."""
    callspec = getattr(item, "callspec", None)
    for value in callspec.params.values() if callspec else ():
        if isinstance(value, set | frozenset) and len(value) > 1 and str(value) in item.name:
            raise pytest.UsageError(f"{item.nodeid}: give a list or a tuple, a set has no order to be named by.")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run that leaves a password in its files has failed."""
    if hasattr(session.config, "workerinput"):
        return
    found = left_behind(session.config._tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]
    if found:
        session.config.get_terminal_writer().write("\n" + "\n".join(found) + "\n", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
