# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the roles' own tasks have in common: each is several modules and a judgement, in one task."""

from __future__ import annotations

import typing as t
from abc import abstractmethod
from dataclasses import replace
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request
from ansible_collections.mailops.exchange.plugins.module_utils._host.way import Way
from ansible_collections.mailops.exchange.plugins.plugin_utils.action import ExchangeAction


class Failed(Exception):
    """Why the task fails, in a sentence, and what the module returned that failed."""

    def __init__(self, sentence: str, result: t.Mapping[str, t.Any] | None = None) -> None:
        super().__init__(sentence)
        self.result = result or {}


_NAMESPACE = "mailops.exchange."
# Who runs a playbook of the collection has put none of his files beside it.
_OURS = Path(__file__).resolve().parents[2] / "playbooks"


def task_file(variable: str, given: str, playbook_folder: str) -> str:
    """The absolute path of a file of tasks: of a relative one, include_tasks would think that it is the role's."""
    path = Path(given).expanduser()
    folders = [folder for folder in (Path(playbook_folder), Path.cwd()) if folder.resolve() != _OURS]
    found = [folder / path for folder in folders if (folder / path).is_file()]
    if not found:
        where = "" if path.is_absolute() else f" in {' or '.join(dict.fromkeys(map(str, folders)))}"
        raise Failed(
            f"{variable}: there is no file {given}{where}; use the path of a file with tasks, relative to the playbook "
            "or absolute."
        )
    return str(found[0])


class _Asked(ExchangeAction):
    """Runs one of the modules of a task, which does not ask what those before it have asked."""

    replies: dict[str, str]
    warnings: list[str]

    def way(self, way: Way) -> Way:
        return replace(way, invoke=answered_once(way.invoke, self.replies), warn=self.warnings.append)


def answered_once(invoke: t.Callable[[str], str], replies: dict[str, str]) -> t.Callable[[str], str]:
    """Carries the requests of a module, except those that only read what one before it in the same task has read."""
    own: set[str] = set()

    def carry(text: str) -> str:
        request = Request.parse(text)
        if request.write or request.remember:
            replies.clear()
        if request.write or not request.cmdlet:
            return invoke(text)
        # What a module asks again it wants to know anew.
        if text in own or text not in replies:
            replies[text] = invoke(text)
        own.add(text)
        return replies[text]

    return carry


class RoleAction(ExchangeAction):
    """A task of a role that runs modules of the collection and judges what they return."""

    arguments: t.ClassVar[dict[str, t.Any]]
    kept: dict[str, t.Any]
    """What the task returns even where it fails."""

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the task."""
        result: dict[str, t.Any] = ActionBase.run(self, tmp, task_vars)
        _valid, options = self.validate_argument_spec(argument_spec=self.arguments)
        self._warnings: list[t.Any] = []
        self._replies: dict[str, str] = {}
        self.kept: dict[str, t.Any] = {}
        try:
            result |= {"changed": False, **self.work(options, task_vars or {})}
        except Failed as failed:
            result |= {**self.kept, "failed": True, "msg": str(failed)}
        except AnsibleConnectionFailure as lost:
            result |= {**self.kept, "unreachable": True, "msg": str(lost)}
        if self._warnings:
            result["warnings"] = self._warnings
        return result

    @abstractmethod
    def work(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Do it, and return what the task returns."""

    def ask(
        self, module: str, options: dict[str, t.Any], task_vars: dict[str, t.Any], *, check_mode: bool | None = None
    ) -> dict[str, t.Any]:
        """What a module of the collection returns for the host of the task."""
        task = self._task.copy()
        task.action, task.args = f"{_NAMESPACE}{module}", options
        if check_mode is not None:
            task.check_mode = check_mode
        shared = (self._connection, self._play_context, self._loader, self._templar, self._shared_loader_obj)
        asked = _Asked(task, *shared)
        asked.replies, asked.warnings = self._replies, []
        result: dict[str, t.Any] = asked.run(task_vars=task_vars)
        warnings = [*result.pop("warnings", []), *asked.warnings]
        self._warnings += [one for one in warnings if one not in self._warnings]
        if result.get("failed"):
            raise Failed(result["msg"], result)
        result.pop("invocation", None)
        return result

    def task_of(self, file: str, task_vars: dict[str, t.Any]) -> tuple[str, dict[str, t.Any]]:
        """The module that the one task of a file of the role runs, and its options as they are now."""
        path = str(Path(task_vars["role_path"], "tasks", f"{file}.yml"))
        try:
            (task,) = self._loader.load_from_file(path, trusted_as_template=True)
        except TypeError:
            # Before ansible-core 2.19 all texts are templates.
            (task,) = self._loader.load_from_file(path)
        ((name, options),) = ((key, task[key]) for key in task if key.startswith(_NAMESPACE))
        templar = self._templar.copy_with_new_env(available_variables=task_vars)
        given = templar.template(options).items()
        return name.removeprefix(_NAMESPACE), {key: value for key, value in given if value != task_vars.get("omit")}
