# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.mailops.exchange.plugins.module_utils._judgement import (
    handout_files,
    handout_options,
    mobileconfig,
)
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout import Handout, handout, told_by
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout_trials import can_try, tried
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout_words import notes, view
from ansible_collections.mailops.exchange.plugins.plugin_utils.controller import ControllerAction
from ansible_collections.mailops.exchange.plugins.plugin_utils.controller_file import Destination, Refused, write_all
from ansible_collections.mailops.exchange.plugins.plugin_utils.pages import rendered


@dataclass(frozen=True)
class _Checked:
    """What the task is given, looked at before any server is asked."""

    places: dict[str, Destination]
    domains: list[str] | None
    username: str
    unverified: handout_options.Names
    probing: handout_options.Probing
    signer: mobileconfig.Signer | None


class ActionModule(ControllerAction):
    """Tries the settings and writes the hand-out for users, or only looks whether all that is given is right."""

    arguments: t.ClassVar = {
        "folder": {"type": "path", "required": True},
        "servers": {"type": "list", "elements": "dict"},
        "unread": {"type": "list", "elements": "str", "default": []},
        "domains": {"type": "list", "elements": "str"},
        "username": {"type": "str", "default": "%EMAILADDRESS%"},
        "verify": {"type": "bool", "default": True},
        "unverified": {"type": "list", "elements": "str", "default": []},
        "probe": {"type": "dict", "default": {}},
        "certificate": {"type": "path"},
        "key": {"type": "path"},
        "key_password": {"type": "str", "no_log": True},
    }

    def work(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        try:
            checked = _check(options)
            if options["servers"] is None:
                return {"changed": False}
            return self._write(options, checked)
        except ValueError as error:
            raise Refused(str(error)) from None

    def _write(self, options: dict[str, t.Any], checked: _Checked) -> dict[str, t.Any]:
        told = told_by(options["servers"], options["unread"])
        domains = checked.domains or told.domains
        if not domains:
            raise Refused(
                "handout_domains: the servers have no external host name for POP3 or IMAP4 that contains the mail "
                "domain; set the mail domains, such as [contoso.com]."
            )
        to_try = [setting for setting in told.to_try if options["verify"] and not checked.unverified.covers(setting)]
        made = handout(told, tried(to_try, checked.probing), domains, checked.username)
        files = _files(made, checked)
        changes = [(name, files.get(name)) for name, place in checked.places.items() if place.held != files.get(name)]
        if not self._task.check_mode:
            write_all((checked.places[name], content) for name, content in changes)
        diffs = [_diff(checked.places[name], content) for name, content in changes] if self._task.diff else []
        return {
            **({"diff": diffs} if diffs else {}),
            "changed": bool(changes),
            "folder": str(next(iter(checked.places.values())).path.parent),
            "files": [name for name in handout_files.NAMES if name in files],
            "removed": [name for name, content in changes if content is None],
            "domains": domains,
            "notes": notes(made, "en"),
            "no_connection": [
                {"protocol": offer.setting.protocol, "setting": str(offer.setting), "reason": offer.trial.reason}
                for offer in made.unreachable
            ],
            "warnings": checked.unverified.without_effect(told.to_try),
        }


def _check(options: dict[str, t.Any]) -> _Checked:
    if not options["folder"]:
        raise Refused("handout_folder is not given; use a folder for the files, such as handout_folder=handout.")
    try:
        places = {name: Destination.of(f"{options['folder']}/{name}") for name in handout_files.NAMES}
    except Refused as refused:
        raise Refused(f"handout_folder: {str(refused).removeprefix('path: ')}") from None
    if options["verify"]:
        can_try()
    return _Checked(
        places=places,
        domains=None if options["domains"] is None else handout_options.domains(options["domains"]),
        username=handout_options.username(options["username"]),
        unverified=handout_options.Names.of("handout_unverified", options["unverified"]),
        probing=handout_options.Probing.of(options["probe"]),
        signer=_signer(options),
    )


def _signer(options: dict[str, t.Any]) -> mobileconfig.Signer | None:
    certificate, key = options["certificate"], options["key"]
    if not certificate and not key:
        return None
    if not certificate or not key:
        raise Refused("handout_certificate, handout_key: one is given without the other; a signature needs both.")
    try:
        return mobileconfig.Signer(_read("certificate", certificate), _read("key", key), options["key_password"])
    except ValueError as error:
        raise Refused(f"handout_certificate, handout_key: {error}.") from None


def _read(option: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Refused(f"handout_{option}: {path} cannot be read: {error.strerror}.") from None


def _files(made: Handout, checked: _Checked) -> dict[str, bytes]:
    files = handout_files.contents(made, checked.signer, lambda name: checked.places[name].held)
    pages = {
        name: rendered("handout.html.j2", **view(made, language)).encode()
        for language, name in handout_files.PAGES.items()
    }
    return pages | files


def _diff(place: Destination, content: bytes | None) -> dict[str, str]:
    texts = [(held or b"").decode(errors="replace") for held in (place.held, content)]
    return {"before_header": str(place.path), "after_header": str(place.path), "before": texts[0], "after": texts[1]}
