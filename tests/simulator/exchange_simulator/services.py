"""The Windows service control manager of one simulated server, and the processes it runs."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .catalogue.services import SERVICES, ServiceRow


class ServiceRefused(Exception):
    """The service control manager could not start or stop a service."""


@dataclass
class Service:
    """A registered service and, while it runs, its process."""

    row: ServiceRow
    start_type: str
    pid: int = 0
    started: datetime.datetime | None = None
    dies: datetime.datetime | None = None
    """When its process will end by itself, if that is how it was started."""
    recovers: datetime.datetime | None = None
    """When the control manager will start it again because its process has ended by itself."""

    @property
    def running(self) -> bool:
        return self.started is not None

    @property
    def status(self) -> str:
        return "Running" if self.running else "Stopped"


class ServiceManager:
    """Starts and stops services with what they depend on.

    `stays_up` decides after a start whether the process lives on; `on_started` and `on_stopped` let the server react.
    A service that dies is started well, and runs at first: its start succeeds and shows Running. What became of it is
    told by the event log alone (7031 of the Service Control Manager: it terminated unexpectedly, and the service is
    started again after 5,000 ms, as published for Exchange's services, or 7034 where it is not). Which recovery
    Exchange's setup chooses for those of POP3 and IMAP4 is not published; that its new process has another id is
    Windows's way.
    """

    def __init__(
        self,
        release: str,
        now: Callable[[], datetime.datetime],
        fault: Callable[[str, str], Mapping[str, Any] | None],
        stays_up: Callable[[Service], bool],
        on_started: Callable[[Service], None],
        on_stopped: Callable[[Service], None],
    ) -> None:
        self._now = now
        self._fault = fault
        self._stays_up = stays_up
        self._on_started = on_started
        self._on_stopped = on_stopped
        self._pids = itertools.count(1500, 4)
        self._all: dict[str, Service] = {}
        for row in SERVICES:
            if release in row.releases:
                service = Service(row, row.start_type)
                self._all[row.name.casefold()] = service
                if row.running:
                    service.pid, service.started = next(self._pids), now()

    @property
    def all(self) -> dict[str, Service]:
        """The services by their names in lower case, as they are by now."""
        for service in self._all.values():
            self._age(service)
        return self._all

    def __iter__(self) -> Iterator[Service]:
        """The registered services by name."""
        missing = (
            service for _, service in sorted(self.all.items()) if not self._fault("service_missing", service.row.name)
        )
        return iter(list(missing))

    def get(self, name: str) -> Service | None:
        service = self.all.get(name.casefold())
        return None if service is None or self._fault("service_missing", service.row.name) else service

    def required_by(self, service: Service) -> list[Service]:
        """What the service depends on, as far as it is simulated."""
        return [found for name in service.row.depends_on if (found := self.get(name)) is not None]

    def dependents(self, service: Service) -> list[Service]:
        """What depends on the service, directly or through another one, in the catalogue's order."""
        names = {service.row.name.casefold()}
        found: list[Service] = []
        waiting = [candidate for row in SERVICES if (candidate := self.get(row.name)) and candidate.row is row]
        while ready := [one for one in waiting if names & {name.casefold() for name in one.row.depends_on}]:
            found += ready
            names |= {one.row.name.casefold() for one in ready}
            waiting = [one for one in waiting if one not in ready]
        return found

    def start(self, service: Service) -> None:
        if service.running:
            return
        if service.start_type == "Disabled" or self._fault("service_refuses_start", service.row.name):
            raise ServiceRefused
        for required in self.required_by(service):
            self.start(required)
        self._begin(service, self._now())

    def stop(self, service: Service) -> None:
        """Stop it after its running dependents; refused halfway, some of them stay stopped."""
        if not service.running:
            return
        family = [service, *(dependent for dependent in self.dependents(service) if dependent.running)]
        for one in reversed(family):
            if self._fault("service_refuses_stop", one.row.name) or "stop" not in one.row.accepts:
                raise ServiceRefused
            self._end(one)

    def _begin(self, service: Service, when: datetime.datetime) -> None:
        service.pid, service.started, service.recovers = next(self._pids), when, None
        self._on_started(service)
        fault = self._fault("service_dies", service.row.name)
        if (fault and not fault.get("after")) or not self._stays_up(service):
            self._end(service)
        elif fault:
            service.dies = when + datetime.timedelta(seconds=fault["after"])

    def _end(self, service: Service) -> None:
        service.pid, service.started, service.dies, service.recovers = 0, None, None, None
        self._on_stopped(service)

    def _age(self, service: Service) -> None:
        """Let happen what is due: a death, and the start by which the control manager recovers from it."""
        while (due := service.dies or service.recovers) and due <= self._now():
            if service.recovers:
                self._begin(service, due)
            elif fault := self._fault("service_dies", service.row.name):
                self._end(service)
                if seconds := fault.get("recovers_after"):
                    service.recovers = due + datetime.timedelta(seconds=seconds)
            else:
                service.dies = None
