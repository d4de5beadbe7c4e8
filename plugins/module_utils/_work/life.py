# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a table of settings to a task's result: the life of every module is told here, once."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import CmdletFailure, Failure, harmless
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host, connect
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import stray
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.listings import Edit
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import Identity
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Plan, Stored, make_plan
from ansible_collections.mailops.exchange.plugins.module_utils._work.settle import settle

SERVER_OPTIONS = (
    Setting("server", "Server", Identity()),
    Setting("domain_controller", "DomainController", Identity()),
)


class Module(Protocol):
    """The part of AnsibleModule that is used."""

    params: dict[str, Any]
    check_mode: bool

    def warn(self, warning: str) -> None: ...
    def exit_json(self, **kwargs: Any) -> Any: ...
    def fail_json(self, msg: str, **kwargs: Any) -> Any: ...


Options = dict[str, Any]


Work = Callable[[Host, Options], dict[str, Any]]


def argument_spec(settings: Iterable[Setting] = ()) -> dict[str, dict[str, Any]]:
    """The options for a table of settings and for their server; without defaults, so that not given is untouched."""
    return {setting.option: {"type": setting.kind.option_type} for setting in (*SERVER_OPTIONS, *settings)}


def parse(settings: Iterable[Setting], params: Mapping[str, Any]) -> Options:
    """The canonical values of all options given, or a Failure with a sentence for each that is wrong."""
    options: Options = {}
    problems = []
    for setting in settings:
        if params.get(setting.option) is None:
            continue
        try:
            value = setting.kind.parse(params[setting.option])
        except ValueError as error:
            problems.append(f"{setting.option}: {error}.")
            continue
        options[setting.option] = value
        entries = (*value.add, *value.remove) if isinstance(value, Edit) else value
        texts = entries if isinstance(entries, tuple) else (entries,)
        if what := next(filter(None, (stray(text) for text in texts if isinstance(text, str))), None):
            problems.append(f"{setting.option}: it contains {what}; give text of a single line.")
    refuse(problems)
    return options


def refuse(problems: Iterable[str]) -> None:
    """End the task if there is any problem."""
    if sentences := " ".join(problems):
        raise Failure(sentences)


def run(module: Module, work: Work, settings: Iterable[Setting] = ()) -> None:
    """Parse the options, do the work, and turn its outcome into the module's answer."""
    host: Host | None = None
    try:
        options = parse((*SERVER_OPTIONS, *settings), module.params)
        controller = options.pop("domain_controller", None)
        host = connect(check_mode=module.check_mode, domain_controller=controller)
        result = work(host, options)
        answer = partial(module.exit_json, **{"changed": False, **result})
    except Failure as failure:
        answer = partial(module.fail_json, msg=harmless(str(failure)), **failure.result)
    for warning in host.warnings if host else ():
        module.warn(harmless(warning))
    answer(cmdlets=host.sent if host else [])


@dataclass(frozen=True)
class Target:
    """The object whose settings are written: its table, its cmdlet, and the parameters by which that finds it."""

    settings: Sequence[Setting]
    cmdlet: str
    identity: Mapping[str, Any]
    server: str
    title: str
    """Of its differences."""


def shown(settings: Iterable[Setting], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as results show them."""
    return {s.option: s.kind.render(values[s.option]) for s in settings if s.option in values}


def unsupported(cmdlet: str, settings: Iterable[Setting], desired: Mapping[str, Any], server: Server) -> Iterator[str]:
    """Sentences on settings that came with a later version of Exchange."""
    for setting in settings:
        if setting.option in desired and server.version < setting.since:
            yield (
                f"{setting.option}: {cmdlet} has {setting.parameter} since {setting.since.product}, "
                f"and {server.name} is {server.version.product} ({server.version}); leave it out for this server."
            )


def refuse_unread(what: str, cmdlet: str, settings: Iterable[Setting], wanted: Container[str], stored: Stored) -> None:
    """End the task if the object came without settings that are wanted, or with such that cannot be read."""
    problems = []
    for setting in settings:
        option = setting.option
        if option not in wanted or option in stored.values:
            continue
        if came := stored.unreadable.get(option):
            problems.append(
                f"{option}: {cmdlet} shows {setting.parameter} in {what} as {came}, which cannot be read, so it is "
                "neither compared nor written; please report that."
            )
        else:
            problems.append(f"{option}: {what} have no {setting.parameter}; leave it out for this server.")
    if problems:
        raise Failure(" ".join(problems), unreadable=stored.shapes)


def warn_of_unreadable(host: Host, what: str, stored: Stored) -> None:
    """Say what is missing among the settings shown, although nobody asked for it."""
    if stored.unreadable:
        listed = "; ".join(f"{option} came as {came}" for option, came in stored.unreadable.items())
        host.warnings.append(f"Of {what} not all can be read, and this is left out: {listed}; please report that.")


def write_plan(host: Host, target: Target, before: Stored, plan: Plan, read: Callable[[], Stored]) -> Stored:
    """Write the plan, and make sure of it: what the server has afterwards, or a Failure that says what has moved."""

    def send(outstanding: Plan) -> None:
        values = {
            s.parameter: s.kind.send(outstanding.changes[s.option])
            for s in target.settings
            if s.option in outstanding.changes
        }
        host.write(target.cmdlet, **target.identity, **values)

    def look() -> tuple[Stored, Plan]:
        stored = read()
        left = make_plan(target.settings, plan.changes, stored.values)
        if left.unread:
            came = {option: f", it came as {shape}" for option, shape in stored.unreadable.items()}
            told = (
                f"{option}: it was written, but what {target.server} has stored now cannot be read"
                f"{came.get(option, '')}; please report that."
                for option in left.unread
            )
            raise Failure(" ".join(told), unreadable=stored.shapes)
        return stored, left

    stored, outstanding, problem = settle(host, plan, send, look)
    if stored is None:
        return replace(before, values={**before.values, **plan.changes})
    if not outstanding and problem is None:
        return stored
    moved = make_plan(target.settings, stored.values, before.values)
    if isinstance(problem, CmdletFailure):
        kept = ", ".join(f"{option} {value!r}" for option, value in moved.after.items())
        sentences = [str(problem), *([f"{target.server} has stored all the same: {kept}."] * bool(kept))]
    else:
        sentences = [*_not_stored(target, before, plan, outstanding, stored, sent="sent" if problem else "written")]
        sentences += [str(problem)] * bool(problem)
    raise Failure(
        " ".join(sentences), changed=moved.changed, diff=moved.diff(target.title), unreadable=stored.shapes
    ) from problem


def _not_stored(
    target: Target, before: Stored, plan: Plan, outstanding: Plan, stored: Stored, *, sent: str
) -> Iterator[str]:
    for option, wanted in outstanding.after.items():
        yield f"{option}: {wanted!r} was {sent}, but {target.server} has {outstanding.before[option]!r} stored."
    # A parameter that RBAC withholds is taken for the beginning of another one's name: MaxConnections for
    # MaxConnectionsPerUser.
    others = {option: value for option, value in before.values.items() if option not in plan.changes}
    unasked = make_plan(target.settings, others, stored.values)
    for option, value in unasked.after.items():
        has = unasked.before[option]
        yield f"{option}: nothing was written, but {target.server} has {has!r} stored instead of {value!r}."
