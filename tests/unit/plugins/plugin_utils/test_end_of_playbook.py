"""A session process ends with its playbook: it is told so unless it is ending already, and no worker starts another."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.mailops.exchange.plugins.connection import exchange
from ansible_collections.mailops.exchange.plugins.connection.exchange import Connection
from ansible_collections.mailops.exchange.plugins.plugin_utils.action import Helper


def ended(monkeypatch: pytest.MonkeyPatch, **state: Any) -> tuple[Any, list[object]]:
    """What becomes of a connection whose playbook has ended, and what its process is told."""
    told: list[object] = []
    connection = cast(Any, SimpleNamespace(_ansible_playbook_pid="1", _conn_closed=False, **state))
    monkeypatch.setattr(exchange, "_wait_for_end_of", lambda pid: None)
    monkeypatch.setattr(signal, "pthread_kill", lambda thread, number: told.append((thread, number)))
    Connection._end_with_playbook(connection)
    return connection, told


def test_a_helper_takes_no_more_calls_and_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "getsignal", lambda _: print)
    connection, told = ended(monkeypatch)
    assert connection._conn_closed
    assert told == [(threading.main_thread().ident, signal.SIGTERM)]


def test_a_helper_that_is_just_ending_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal could keep it from removing its socket, and from closing its shells."""
    monkeypatch.setattr(signal, "getsignal", lambda _: print)
    connection = cast(Any, SimpleNamespace(_ansible_playbook_pid="1", _conn_closed=True))
    monkeypatch.setattr(exchange, "_wait_for_end_of", lambda pid: None)
    monkeypatch.setattr(signal, "pthread_kill", lambda *_: pytest.fail("it is told"))
    Connection._end_with_playbook(connection)


def test_the_signal_waits_until_somebody_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = iter([signal.SIG_DFL, signal.SIG_DFL, print])
    monkeypatch.setattr(signal, "getsignal", lambda _: next(handlers))
    assert ended(monkeypatch)[1]
    assert next(handlers, None) is None


def test_closing_begins_with_taking_no_more_calls() -> None:
    """So it is not interrupted by the end of the playbook, and is done once more if it was by something else."""
    seen: list[bool] = []

    class Closed(Connection):  # type: ignore[misc] # ansible-core publishes no types
        def __init__(self) -> None:
            self._conn_closed, self._connected = False, False
            self._session = SimpleNamespace(close=self._interrupted)

        def _interrupted(self) -> None:
            seen.append(self._conn_closed)
            if len(seen) == 1:
                raise InterruptedError

    connection = Closed()
    with pytest.raises(InterruptedError):
        connection.close()
    connection.close()
    connection.close()
    assert seen == [True, True]


@pytest.mark.parametrize("has_pidfd", [True, False])
def test_the_end_of_a_process_is_seen(monkeypatch: pytest.MonkeyPatch, has_pidfd: bool) -> None:
    if not has_pidfd:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    waiting = threading.Thread(target=exchange._wait_for_end_of, args=(process.pid,), daemon=True)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    process.communicate()
    waiting.join(60)
    assert not waiting.is_alive()
    # By now there is no such process, or it is nobody's child here.
    exchange._wait_for_end_of(process.pid)


def test_a_process_of_another_user_is_not_the_playbooks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int, _number: int) -> None:
        raise PermissionError

    monkeypatch.delattr(os, "pidfd_open", raising=False)
    monkeypatch.setattr(os, "kill", refuse)
    exchange._wait_for_end_of(1)


def test_a_worker_whose_playbook_has_ended_starts_no_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: SimpleNamespace(pid=os.getppid() + 1))
    with pytest.raises(AnsibleConnectionFailure, match="The playbook's process has ended"):
        Helper._start(cast(Any, None))
