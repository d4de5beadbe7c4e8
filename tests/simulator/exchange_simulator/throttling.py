"""The throttling policies of the simulated organisation, as the directory holds them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .catalogue.throttling import THROTTLING_SETTINGS
from .directory import DirectoryObject, View
from .shapes import guid
from .values import convert

if TYPE_CHECKING:
    from .organisation import Organisation

_AGE = datetime.timedelta(days=200)
# A policy keeps the members of 2010 and those of later releases beside each other. Of the latter it holds what it was
# given, and inherits the rest; those of 2010 it gets when it is made, which is inferred.
_DEFAULTS = {setting.name: convert(setting.parameter, setting.default) for setting in THROTTLING_SETTINGS}
_INHERITED = [setting.name for setting in THROTTLING_SETTINGS if "2010" not in setting.releases]


class ThrottlingPolicy:
    """One policy: its settings, with its name and its scope among them."""

    def __init__(
        self, given: Mapping[str, Any], created: datetime.datetime, replication_delay: datetime.timedelta
    ) -> None:
        values = {"IsServiceAccount": False, "ThrottlingPolicyScope": "Regular", **_DEFAULTS}
        values |= dict.fromkeys(_INHERITED) | dict(given)
        self.born_as = str(given["Name"])
        self.settings = DirectoryObject(values, created, replication_delay)


class ThrottlingPolicies:
    """All policies there are."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation
        self.reset()

    def reset(self) -> None:
        """Back to the one that setup makes: the global one since 2013, the default one of 2010, or both."""
        self.all: tuple[ThrottlingPolicy, ...] = ()
        releases = {server.version for server in self._organisation.servers.values()}
        created = self._organisation.now - _AGE
        for kind, scope, present in (
            ("Default", "Regular", "2010" in releases),
            ("Global", "Global", bool(releases - {"2010"})),
        ):
            if present:
                name = f"{kind}ThrottlingPolicy_{guid('throttling policy', kind, self._organisation.domain)}"
                self.add({"Name": name, "ThrottlingPolicyScope": scope}, created)

    def add(self, given: Mapping[str, Any], created: datetime.datetime) -> ThrottlingPolicy:
        policy = ThrottlingPolicy(given, created, self._organisation.replication_delay)
        self.all = (*self.all, policy)
        return policy

    def of_scope(self, scope: str, controller: str, now: datetime.datetime) -> ThrottlingPolicy | None:
        """The one of a scope that is there once."""
        found = ((one, one.settings.read(controller, now).values) for one in self.all)
        return next((one for one, values in found if values["ThrottlingPolicyScope"] == scope), None)

    def effective(self, view: View, controller: str, now: datetime.datetime) -> dict[str, Any]:
        """A policy's values, with those it does not have from the organisation's, the global one and the built-in ones.

        That order is a guess.
        """
        parents = (self.of_scope(scope, controller, now) for scope in ("Organization", "Global"))
        line = [view.values, *(one.settings.read(controller, now).values for one in parents if one), _DEFAULTS]
        return view.values | {
            name: next(values[name] for values in line if values[name] is not None) for name in _INHERITED
        }
