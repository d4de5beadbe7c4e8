"""Runs a module's `main()` as the action plugin does, in this process, over any line to a host."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from collections.abc import Callable
from typing import Any
from unittest import mock

from ansible.module_utils import basic
from ansible.module_utils.common import warnings

from ansible_collections.mailops.exchange.plugins.module_utils._host.way import Way, laid

MODULES = "ansible_collections.mailops.exchange.plugins.modules."


def run_module(
    name: str, options: dict[str, Any], invoke: Callable[[str], str], *, check: bool = False, **clock: Any
) -> dict[str, Any]:
    """The result of a module, with ``failed`` set where it failed."""
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": True, "_ansible_no_log": True}
    encoded = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    output = io.StringIO()
    # Ansible keeps them for as long as the process lives, which is one module's anywhere else.
    warnings._global_warnings.clear()
    warnings._global_deprecations.clear()
    with (
        mock.patch.multiple(basic, _ANSIBLE_ARGS=encoded, _ANSIBLE_PROFILE="legacy", create=True),
        _outside_of_a_controller(),
        laid(Way(invoke, **clock)),
        contextlib.redirect_stdout(output),
        contextlib.suppress(SystemExit),
    ):
        importlib.import_module(MODULES + name).main()
    result: dict[str, Any] = json.loads(output.getvalue().strip().splitlines()[-1])
    return result


def _outside_of_a_controller() -> contextlib.AbstractContextManager[object]:
    """Warnings belong into the result; a test that imports ansible's controller code would have them displayed."""
    try:
        from ansible.module_utils import _internal
    except ImportError:
        # ansible-core before 2.19 does not make the difference.
        return contextlib.nullcontext()
    return mock.patch.object(_internal, "is_controller", False)
