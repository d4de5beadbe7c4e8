"""pypsrp alone: what it takes to do on the wire what a playbook does, without Ansible and without the collection."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pypsrp.complex_objects import PSInvocationState
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

ENDPOINTS = {
    "exchange": ("Microsoft.Exchange", "PowerShell/?serializationLevel=Full"),
    "windows": ("Microsoft.PowerShell", "wsman"),
}


@contextmanager
def shell(server: Mapping[str, Any], kind: str) -> Iterator[RunspacePool]:
    """An open runspace pool on one endpoint of a server; the password comes from the environment."""
    configuration, path = ENDPOINTS[kind]
    wsman = WSMan(
        server["address"],
        port=server[f"{kind}_https"],
        path=path,
        username=server["user"],
        password=os.environ["EXCHANGE_TEST_PASSWORD"],
        auth="basic",
        ssl=True,
        cert_validation=server["ca"],
    )
    with wsman, RunspacePool(wsman, configuration_name=configuration) as pool:
        yield pool


def invoke(
    pool: RunspacePool,
    cmdlet: str,
    parameters: Mapping[str, Any],
    piped: Sequence[str] | None = None,
    *,
    close: bool = True,
) -> Iterator[Any]:
    """The output objects as they come: nobody could hold a hundred thousand of pypsrp's in memory."""
    pipeline = PowerShell(pool)
    pipeline.add_cmdlet(cmdlet).add_parameters(dict(parameters))
    pipeline.begin_invoke(list(piped) if piped else None)
    while pipeline.state == PSInvocationState.RUNNING:
        pipeline.poll_invoke()
        yield from pipeline.output
        pipeline.output.clear()
    if pipeline.state != PSInvocationState.COMPLETED or pipeline.streams.error:
        sys.exit(f"{cmdlet} failed: {[str(error) for error in pipeline.streams.error]}")
    if close:
        pipeline.close()


def main() -> None:
    """Open the shells that the reads need, read everything once, close the shells."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with ExitStack() as stack:
        shells: dict[str, RunspacePool] = {}
        for read in job["reads"]:
            kind = read["endpoint"]
            if kind not in shells:
                shells[kind] = stack.enter_context(shell(job["server"], kind))
            piped = job["mailboxes"] if read.get("piped") else None
            for _object in invoke(
                shells[kind], read["cmdlet"], read["parameters"], piped, close=job["close_pipelines"]
            ):
                pass


if __name__ == "__main__":
    main()
