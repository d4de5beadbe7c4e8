# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the roles' own tasks have in common: each is several modules and a judgement, in one task."""

from __future__ import annotations

import typing as t
from abc import abstractmethod
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ansible_collections.mailops.exchange.plugins.plugin_utils.action import ExchangeAction


class Failed(Exception):
    """Why the task fails, in a sentence, and what the module returned that failed."""

    def __init__(self, sentence: str, result: t.Mapping[str, t.Any] | None = None) -> None:
        super().__init__(sentence)
        self.result = result or {}


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

    def ask(self, module: str, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """What a module of the collection returns for the host of the task."""
        task = self._task.copy()
        task.action, task.args = f"mailops.exchange.{module}", options
        shared = (self._connection, self._play_context, self._loader, self._templar, self._shared_loader_obj)
        result: dict[str, t.Any] = ExchangeAction(task, *shared).run(task_vars=task_vars)
        # ansible-core looks for the session that it is to end among the task's own arguments.
        if session := task.args.get("_ansible_socket"):
            self._task.args["_ansible_socket"] = session
        self._warnings += result.pop("warnings", [])
        if result.get("failed"):
            raise Failed(result["msg"], result)
        result.pop("invocation", None)
        return result
