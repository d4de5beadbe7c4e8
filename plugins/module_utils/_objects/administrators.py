# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The accounts that Windows makes with a domain, to whose mailboxes Exchange opens neither POP3 nor IMAP4."""

from __future__ import annotations

import re

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    Failure,
    quoted,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import wire_text
from ansible_collections.mailops.exchange.plugins.module_utils._objects.mailbox_names import (
    GET,
    GET_USER,
    Found,
    account_of,
    guid_of,
    key_of,
    label_of,
    place_of,
)

_SID = re.compile(r"S-1-5-21(?:-\d{1,10}){4}")

# Setup of a localized Windows calls it so.
_ADMINISTRATORS = {
    "administrator",
    "administrador",
    "administrateur",
    "administratör",
    "amministratore",
    "järjestelmänvalvoja",
    "rendszergazda",
}
_GUESTS = {"gast", "gjest", "gæst", "gość", "guest", "gäst", "invitado", "invité", "ospite", "vendég", "vieras"}


class Administrators:
    """The built-in administrators: by their RID 500, if Get-User tells whose it is, and by their names otherwise."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._keys: dict[str, set[str]] = {}
        self.unproven: dict[str, str] = {}
        """The domains of which it does not, and why."""
        self.unproven_accounts: dict[str, str] = {}
        """The mailboxes whose own account it does not tell, and why."""

    def include(self, found: Found) -> bool | None:
        """Whether it is the mailbox of one of them; None if that cannot be told."""
        domain = ".".join(re.findall(r"(?<!\\),DC=([^,]+)", place_of(found), re.IGNORECASE)).casefold()
        if domain not in self._keys:
            try:
                self._keys[domain] = self._look_up(found)
            except Failure as failure:
                self._keys[domain] = set()
                self.unproven[domain or label_of(found)] = str(failure)
        if keys := self._keys[domain]:
            return not keys.isdisjoint((guid_of(found), place_of(found).casefold()))
        account = account_of(found)
        return account in _ADMINISTRATORS if account else None

    def built_in(self, found: Found) -> str | None:
        """Whether it is the mailbox of an administrator or a guest, in a word; None if that cannot be told."""
        try:
            rid = self._user(Identity=key_of(found))[0].rpartition("-")[2]
        except Failure as failure:
            self.unproven_accounts[label_of(found)] = str(failure)
            account = account_of(found)
            if not account:
                return None
            return "Administrator" if account in _ADMINISTRATORS else "Guest" if account in _GUESTS else ""
        return {"500": "Administrator", "501": "Guest"}.get(rid, "")

    def _look_up(self, found: Found) -> set[str]:
        """What tells the account of RID 500 in the domain of a mailbox from others."""
        if not place_of(found):
            raise Failure(f"{GET} shows no distinguished name, which contains the domain.")
        sid, account = self._user(Identity=key_of(found))
        wanted = f"{sid.rpartition('-')[0]}-500"
        if sid != wanted:
            sid, account = self._user(Filter=f"Sid -eq '{wanted}'")
        keys = {guid_of(account), place_of(account).casefold()} - {""}
        if sid != wanted or not keys:
            raise Failure(f"{GET_USER} shows something other than the account with the SID {wanted}.")
        return keys

    def _user(self, **chosen: str) -> tuple[str, Found]:
        accounts = self._host.read(GET_USER, members=("Guid", "DistinguishedName", "Sid"), **chosen)
        if len(accounts) != 1:
            raise Failure(f"{GET_USER} answered with {len(accounts)} accounts instead of one.")
        sid = wire_text(accounts[0].get("Sid"))
        if not _SID.fullmatch(sid):
            raise Failure(f"{GET_USER} shows no SID of an account of a domain: {quoted(accounts[0].get('Sid'))}.")
        return sid, accounts[0]
