# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The door from a task to its module: the action plugin of all modules of the collection.

Windows has no Python, so the module runs on the controller, in the task's worker process, and reaches the host over
sessions that a process of their own keeps for the whole play.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import typing as t
from collections.abc import Iterator
from pathlib import Path

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.module_utils import basic
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import connection_loader, module_loader
from ansible.utils.display import Display

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Defect, Unreachable
from ansible_collections.mailops.exchange.plugins.module_utils._host.way import Way, laid
from ansible_collections.mailops.exchange.plugins.plugin_utils.session_process import Line, Terms, playbook

try:
    from ansible.module_utils.common.json import Direction, get_module_decoder, get_module_encoder
except ImportError:
    # ansible-core before 2.19 has one encoding for all that modules are told and tell.
    from ansible.parsing.ajson import AnsibleJSONEncoder as ArgumentsEncoder

    ResultDecoder: type[json.JSONDecoder] = json.JSONDecoder
else:
    ArgumentsEncoder = get_module_encoder("legacy", Direction.CONTROLLER_TO_MODULE)
    ResultDecoder = get_module_decoder("legacy", Direction.MODULE_TO_CONTROLLER)

CONNECTION = "mailops.exchange.exchange"
PLUGINS = "ansible_collections.mailops.exchange.plugins"
display = Display()

# What every task needs is loaded with this file, because ansible-core loads an action plugin of the module's own name
# before it forks. It keeps no bytecode of collections, so each task's worker would compile them anew.
connection_loader.get(CONNECTION, class_only=True)
for shared in ("module_utils._judgement.client_settings", "module_utils._objects.protocol_settings"):
    importlib.import_module(f"{PLUGINS}.{shared}")
# Every session process needs this, and has it from the process that forks it. Where a library is missing, the task says
# so.
with contextlib.suppress(ImportError):
    for needed in ("session", "wire.psrp"):
        importlib.import_module(f"{PLUGINS}.plugin_utils.{needed}")
playbook.fork_mother()


class ExchangeAction(ActionBase):  # type: ignore[misc] # ansible-core publishes no types
    """Runs a module of this collection in the worker, with the way to its host laid."""

    TRANSFERS_FILES = False
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the task's module."""
        # A worker that collects garbage among what it inherits copies all of it, 16 MB each, and finds none.
        gc.freeze()
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        if self._play_context.become:
            display.warning(f"become has no effect on {self._task.action}: it runs as the user of the connection.")
        line = self._line(task_vars)
        host = task_vars["inventory_hostname"]

        def note(text: str) -> None:
            if not self._task.no_log:
                display.vvv(text, host=host)

        def tell(text: str) -> None:
            # What reads the results from the standard output, as JSON for example, reads nothing else there.
            display.display(f"{host}: {text}", stderr=True)

        try:
            with laid(self.way(Way(line.invoke, tell=tell, note=note))):
                result.update(self._run_module(task_vars))
        except Unreachable as unreachable:
            raise AnsibleConnectionFailure(str(unreachable)) from unreachable
        except Defect as defect:
            note(defect.traceback)
            raise AnsibleActionFail(str(defect), result={"changed": defect.changed}) from None
        finally:
            # Many hosts may delegate to one server, which allows a user so many shells.
            line.end() if self._task.delegate_to else line.close()
        return result

    def way(self, way: Way) -> Way:
        """The way by which the module reaches the host."""
        return way

    def _line(self, task_vars: dict[str, t.Any]) -> Line:
        """The line to the task's host."""
        task = self._task
        variables = _as_given(task_vars)
        # The inventory's name tells hosts apart that share an address.
        name = [str(task_vars["inventory_hostname"])]
        if task.delegate_to:
            name.append(str(task.delegate_to))
            variables = {
                **task_vars.get("ansible_delegated_vars", {}).get(task.delegate_to, {}),
                "inventory_hostname": task.delegate_to,
            }
        connection = connection_loader.get(CONNECTION, self._play_context, os.devnull)
        templar = self._templar.copy_with_new_env(available_variables=variables)
        keys = task.dump_attrs()
        # A task's own timeout and retries are other things than the connection's.
        for key in ("timeout", "retries"):
            keys.pop(key, None)
        if self._play_context.password:
            keys["password"] = self._play_context.password
        connection.set_options(task_keys=keys, var_options=_option_variables(connection, variables, templar))
        terms = Terms(
            connection.settings(), connection.get_option("idle_timeout"), connection.get_option("call_timeout")
        )
        return Line(Path(C.DEFAULT_LOCAL_TMP), name, terms, task_vars.get("ansible_play_batch"))

    def _run_module(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        context = module_loader.find_plugin_with_context(self._task.action, collection_list=self._task.collections)
        if not context.resolved:
            raise AnsibleActionFail(f"The module {self._task.action} was not found.")
        arguments = {key: value for key, value in self._task.args.items() if not key.startswith("_ansible_")}
        self._update_module_args(context.resolved_fqcn, arguments, task_vars)
        # The paths of the Windows host's shell mean nothing to a module that runs here.
        arguments.update({"_ansible_tmpdir": None, "_ansible_remote_tmp": C.DEFAULT_LOCAL_TMP})
        module = importlib.import_module(context.plugin_resolved_name)
        output = io.StringIO()
        with _module_arguments(arguments), contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
            module.main()
        result: dict[str, t.Any] = json.loads(output.getvalue(), cls=ResultDecoder)
        return result


def _as_given(task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
    """A task's variables without the connection that ansible-core names where nobody has: SSH, as a rule."""
    # Its copy of all variables is made before that.
    given = "ansible_connection" in task_vars.get("vars", task_vars)
    return task_vars if given else {**task_vars, "ansible_connection": None}


def _option_variables(connection: t.Any, variables: dict[str, t.Any], templar: t.Any) -> dict[str, t.Any]:
    """The values of the variables that the connection's options name."""
    if hasattr(connection, "_resolve_option_variables"):
        return t.cast(dict[str, t.Any], connection._resolve_option_variables(variables, templar))
    # ansible-core 2.16 has this inside its task executor only.
    names = C.config.get_plugin_vars("connection", connection._load_name)
    return {name: templar.template(variables[name]) for name in names if name in variables}


@contextlib.contextmanager
def _module_arguments(arguments: dict[str, t.Any]) -> Iterator[None]:
    """Hand arguments to AnsibleModule the way ansible-core's module wrapper does."""
    encoded = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}, cls=ArgumentsEncoder).encode()
    saved = {name: getattr(basic, name, None) for name in ("_ANSIBLE_ARGS", "_ANSIBLE_PROFILE")}
    basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = encoded, "legacy"
    try:
        yield
    finally:
        for name, value in saved.items():
            setattr(basic, name, value)
