"""One run over many mailboxes in a fresh process: by the module, or by bare pypsrp. Writes its figures as JSON."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import Any

import bare

ACCESS = {"PopEnabled": True}
# In every simulated organisation, and none of those that are counted.
OTHER = "reader@contoso.test"


def main() -> None:
    job = json.load(sys.stdin)
    identities = [f"user{number:06}@contoso.test" for number in range(1, job["size"] + 1)]
    runs = {"prepare": prepare, "bare": by_bare_pypsrp, "module": by_module, "plain": by_module_in_plain_form}
    print(json.dumps(runs[job["kind"]](job["server"], identities, job["changes"])))


def prepare(server: dict[str, Any], identities: list[str], changes: int) -> dict[str, float]:
    """Take access from the first ones; all others have it, from the beginning or by the run before."""
    if changes:
        with bare.shell(server, "exchange") as pool:
            list(bare.invoke(pool, "Set-CASMailbox", {"PopEnabled": False}, identities[:changes]))
    return {}


def by_bare_pypsrp(server: dict[str, Any], identities: list[str], changes: int) -> dict[str, float]:
    """Read all, write those that differ."""
    with bare.shell(server, "exchange") as pool:
        _first = list(bare.invoke(pool, "Get-CASMailbox", {"Identity": OTHER}))
        before = peak_bytes("self")
        begun = time.perf_counter()
        differing = [
            found.adapted_properties["PrimarySmtpAddress"]
            for found in bare.invoke(pool, "Get-CASMailbox", {"ResultSize": "Unlimited"})
            if found.adapted_properties["PopEnabled"] is False
        ]
        if differing:
            list(bare.invoke(pool, "Set-CASMailbox", ACCESS, [str(address) for address in differing]))
        seconds = time.perf_counter() - begun
    check(len(differing), changes)
    return {"seconds": seconds, "module_bytes": peak_bytes("self") - before, "session_bytes": 0.0}


def by_module_in_plain_form(server: dict[str, Any], identities: list[str], changes: int) -> dict[str, float]:
    configuration, path = bare.ENDPOINTS["exchange"]
    bare.ENDPOINTS["exchange"] = configuration, path.partition("?")[0]
    return by_module(server, identities, changes)


def by_module(server: dict[str, Any], identities: list[str], changes: int) -> dict[str, float]:
    """As in a playbook: the module in one process, the session in another, JSON text between them."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    session = context.Process(target=serve, args=(theirs, server, bare.ENDPOINTS), daemon=True)
    session.start()
    from module_runner import run_module

    def invoke(request: str) -> str:
        ours.send_bytes(request.encode())
        return ours.recv_bytes().decode()

    def run(names: list[str]) -> dict[str, Any]:
        return run_module("cas_mailbox", {"identities": names, "pop_enabled": True}, invoke)

    run([OTHER])
    before = peak_bytes("self"), peak_bytes(session.pid)
    begun = time.perf_counter()
    result = run(identities)
    seconds = time.perf_counter() - begun
    check(len(result.get("mailboxes", ())), changes, result.get("msg"))
    after = peak_bytes("self"), peak_bytes(session.pid)
    ours.send_bytes(b"")
    session.join()
    return {"seconds": seconds, "module_bytes": after[0] - before[0], "session_bytes": after[1] - before[1]}


def serve(line: Any, server: dict[str, Any], endpoints: dict[str, tuple[str, str]]) -> None:
    """What ansible-core's helper process does for a playbook."""
    from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session
    from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Endpoint, Settings

    def endpoint(kind: str) -> Endpoint:
        configuration, path = endpoints[kind]
        return Endpoint(configuration, "https", server[f"{kind}_https"], path, "auto", "HTTP")

    session = Session(
        Settings(
            host=server["address"],
            inventory_hostname="ex01",
            user=server["user"],
            password=os.environ["EXCHANGE_TEST_PASSWORD"],
            auth="basic",
            windows=endpoint("windows"),
            exchange=endpoint("exchange"),
            ca_cert=server["ca"],
        )
    )
    while request := line.recv_bytes():
        line.send_bytes(session.invoke(request.decode()).encode())
    session.close()


def peak_bytes(pid: int | str | None) -> float:
    """The most memory that a process has had so far."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) * 1024
    return 0.0


def check(found: int, expected: int, said: str | None = None) -> None:
    if found != expected:
        sys.exit(f"{found} mailboxes were changed instead of {expected}: {said}")


if __name__ == "__main__":
    main()
