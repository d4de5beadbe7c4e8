# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The door from a task to its module: the action plugin of all modules of the collection.

Windows has no Python, so the module runs on the controller, in the task's worker process, and reaches the host over
the sessions that the connection plugin keeps in ansible-core's background helper.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import multiprocessing
import os
import socket
import typing as t
from collections.abc import Iterator
from pathlib import Path

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.executor.task_executor import start_connection
from ansible.module_utils import basic
from ansible.module_utils.connection import Connection as HelperSocket
from ansible.module_utils.connection import ConnectionError as HelperError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import connection_loader, module_loader
from ansible.utils.display import Display
from ansible.utils.path import unfrackpath

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    Defect,
    Unreachable,
    words_of,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.module_utils._host.way import Way, laid

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
# sizeof(sockaddr_un.sun_path) on Linux, less the closing NUL.
SOCKET_PATH_LIMIT = 107
display = Display()

# What every task needs is loaded with this file, because ansible-core loads an action plugin of the module's own name
# before it forks. It keeps no bytecode of collections, so each task's worker would compile them anew.
for connection in (CONNECTION, "ssh"):
    connection_loader.get(connection, class_only=True)
for shared in ("_judgement.client_settings", "_objects.protocol_settings"):
    importlib.import_module(f"ansible_collections.mailops.exchange.plugins.module_utils.{shared}")


class Helper:
    """The helper process of one task's host, which is started for it, and started again when it has died."""

    def __init__(self, action: ExchangeAction, task_vars: dict[str, t.Any]) -> None:
        task = action._task
        self._action = action
        self._delegated = bool(task.delegate_to)
        variables = _as_given(task_vars)
        name = task_vars["inventory_hostname"]
        if self._delegated:
            variables = {
                **task_vars.get("ansible_delegated_vars", {}).get(task.delegate_to, {}),
                "inventory_hostname": task.delegate_to,
            }
            # A helper of its own: only one per host is recorded for closing at the end of the play.
            name = f"{task.delegate_to} for {name}"
        self._play_context = action._play_context.copy()
        self._play_context.connection = CONNECTION
        # The helper's socket is named after these; the inventory's name tells hosts apart that share an address.
        self._play_context.remote_addr = name
        self._play_context.port = None
        self._play_context.remote_user = None
        # In a worker the parent is the playbook's own process, by which start_connection names the socket too.
        self._connection = connection_loader.get(
            CONNECTION, self._play_context, os.devnull, task_uuid=task._uuid, ansible_playbook_pid=str(os.getppid())
        )
        templar = action._templar.copy_with_new_env(available_variables=variables)
        keys = task.dump_attrs()
        # A task's own timeout and retries are other things than the connection's.
        for key in ("timeout", "retries"):
            keys.pop(key, None)
        if action._play_context.password:
            keys["password"] = action._play_context.password
        self._connection.set_options(
            task_keys=keys, var_options=_option_variables(self._connection, variables, templar)
        )
        self._fingerprint = self._connection.settings().fingerprint
        self._socket = self._find_socket()

    def _find_socket(self) -> Path:
        ssh = connection_loader.get("ssh", class_only=True)
        context = self._play_context
        pattern = ssh._create_control_path(
            context.remote_addr, context.port, context.remote_user, context.connection, str(os.getppid())
        )
        path = unfrackpath(pattern % {"directory": unfrackpath(C.PERSISTENT_CONTROL_PATH_DIR)})
        if len(os.fsencode(path)) > SOCKET_PATH_LIMIT:
            raise AnsibleConnectionFailure(
                f"The socket of the session would be {path}, which is {len(os.fsencode(path))} bytes long, and a Unix "
                f"socket's path holds {SOCKET_PATH_LIMIT}: set ANSIBLE_PERSISTENT_CONTROL_PATH_DIR to a shorter path."
            )
        return Path(path)

    def invoke(self, request: str) -> str:
        """Run a request in the helper, in a new one if the old one has died."""
        if not self._is_alive():
            self._start()
        try:
            reply: str = self._call("invoke", self._fingerprint, request)
            if not reply:
                self._call("set_options", direct=self._connection.get_options())
                reply = self._call("invoke", self._fingerprint, request)
        except HelperError as error:
            write = Request.parse(request).write
            host = self._play_context.remote_addr
            if hasattr(error, "code"):
                reason = f"The session process for {host} gave up on the call: {words_of(str(error))}."
            else:
                # The helper died with the request in its hands; this error's text would repeat the request. It may take
                # connections for a moment yet.
                reason = f"The session process for {host} ended in the middle of a call."
                self._socket.unlink(missing_ok=True)
            if not write and not self._is_alive():
                self._start()
                with contextlib.suppress(HelperError):
                    return t.cast(str, self._call("invoke", self._fingerprint, request))
            return Reply("unknown" if write else "unreachable", reason=reason).to_json()
        return reply

    def close_if_delegated(self) -> None:
        """End the helper of a delegated host now: ansible-core would only do it after its idle timeout."""
        if self._delegated and self._socket.exists():
            with contextlib.suppress(HelperError):
                self._call("reset")

    @property
    def socket_path(self) -> str | None:
        """The socket that ansible-core has to be told of, or it would not end the helper with the play."""
        return None if self._delegated or not self._socket.exists() else str(self._socket)

    def _call(self, method: str, *args: t.Any, **kwargs: t.Any) -> t.Any:
        return getattr(HelperSocket(str(self._socket)), method)(*args, **kwargs)

    def _is_alive(self) -> bool:
        if not self._socket.exists():
            return False
        # Whoever answers there is told the password, and ansible-core unpickles what he says.
        if (owner := self._socket.stat().st_uid) != os.geteuid():
            raise AnsibleConnectionFailure(
                f"The socket of the session, {self._socket}, belongs to another user (uid {owner}): remove it, and set "
                "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR to a folder that only you can write to."
            )
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self._socket))
        except OSError:
            # ansible-core never removes the socket of a helper that was killed, and would find it "existing".
            self._socket.unlink(missing_ok=True)
            return False
        return True

    def _start(self) -> None:
        playbook = multiprocessing.parent_process()
        if playbook and playbook.pid != os.getppid():
            # A worker outlives a playbook that was killed, and a helper that it starts would know of no end.
            raise AnsibleConnectionFailure("The playbook's process has ended.")
        try:
            start_connection(self._play_context, self._connection.get_options(), self._action._task._uuid)
        except (AnsibleError, OSError) as error:
            # ansible-core tells the whole traceback of its helper; the last line says what it was.
            reason = str(getattr(error, "message", error)).strip().splitlines()[-1]
            raise AnsibleConnectionFailure(
                f"The session process could not be started with its socket in {self._socket.parent} "
                f"({words_of(reason)}): see that the folder can be written to and has room, or set "
                "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR to another."
            ) from None


class ExchangeAction(ActionBase):  # type: ignore[misc] # ansible-core publishes no types
    """Runs a module of this collection in the worker, with the way to its host laid."""

    TRANSFERS_FILES = False
    _supports_async = False
    # ansible-core would otherwise start its helper script on every task of a host that uses our connection.
    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the task's module."""
        # A worker that collects garbage among what it inherits copies all of it, 16 MB each, and finds none.
        gc.freeze()
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        if self._play_context.become:
            display.warning(
                f"become has no meaning for {self._task.action}: it runs as the user that the connection logs on with."
            )
        helper = Helper(self, task_vars)
        host = task_vars["inventory_hostname"]

        def note(text: str) -> None:
            if not self._task.no_log:
                display.vvv(text, host=host)

        def tell(text: str) -> None:
            # What reads the results from the standard output, as JSON for example, reads nothing else there.
            display.display(f"{host}: {text}", stderr=True)

        try:
            with laid(Way(helper.invoke, tell=tell, note=note)):
                result.update(self._run_module(task_vars))
        except Unreachable as unreachable:
            raise AnsibleConnectionFailure(str(unreachable)) from unreachable
        except Defect as defect:
            note(defect.traceback)
            raise AnsibleActionFail(str(defect), result={"changed": defect.changed}) from None
        finally:
            helper.close_if_delegated()
            if helper.socket_path:
                self._task.args["_ansible_socket"] = helper.socket_path
        return result

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
