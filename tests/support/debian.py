"""Real servers out of Debian packages: installed without being started, then run for as long as the tests do."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

_START_SECONDS = 30.0
_END_SECONDS = 30.0
_POLICY = Path("/usr/sbin/policy-rc.d")


class Unavailable(Exception):
    """What a test needs is not on this machine, and cannot be installed or started here."""


def missing(files: Sequence[str]) -> list[str]:
    """Those of the files that are not there."""
    return [file for file in files if not Path(file).exists()]


def install(what: str, files: Sequence[str], packages: Sequence[str], *, answers: str = "") -> None:
    """Make sure that ``files`` are there, as root by apt-get; ``answers`` are the packages' debconf selections."""
    if not missing(files):
        return
    if os.geteuid() != 0:
        raise Unavailable(f"{what} not installed, and only root can install {', '.join(packages)}.")
    if not shutil.which("apt-get"):
        raise Unavailable(f"{what} not installed, and there is no apt-get here to install them.")
    with _alone(), _nothing_starts():
        if answers:
            _apt("debconf-set-selections", told=answers)
        _apt("apt-get", "update")
        _apt("apt-get", "install", "--yes", "--no-install-recommends", *packages)


def run(errors: Path, *command: str, **environment: str) -> subprocess.Popen[bytes]:
    """Start a server that stays in the foreground; what it says goes to the file ``errors``."""
    # The shell ends the server when its standard input closes, so that no server outlives the tests.
    script = '"$@" & read -r _; kill "$!"; wait "$!"'
    with errors.open("wb") as file:
        return subprocess.Popen(
            ["/bin/sh", "-c", script, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
            env={**os.environ, **environment},
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """End what ``run`` started."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(address: str, port: int) -> None:
    """Wait until somebody takes connections there."""
    pause = threading.Event()
    for _ in range(int(_START_SECONDS * 20)):
        with socket.socket() as attempt:
            if attempt.connect_ex((address, port)) == 0:
                return
        pause.wait(0.05)
    raise Unavailable(f"{address}:{port} does not listen")


def _apt(*command: str, told: str = "") -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, input=told, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"{' '.join(command)} failed: {done.stderr.strip()[-500:]}")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Two workers may want something at a time, and apt-get fails where another one is at work."""
    with Path(tempfile.gettempdir(), "mailops-apt-get.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _nothing_starts() -> Iterator[None]:
    """Debian's packages start their services unless this program says no, as it does in containers."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()
