"""A real Kerberos KDC (MIT, from Debian) for tests, in a folder, on an address and with a realm of its own.

Run as a program it installs what that needs, so that no two workers of pytest do it at once.
"""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import debian
from simulator_process import claim_block

REALM = "CONTOSO.TEST"
PACKAGES = ("krb5-kdc", "krb5-admin-server", "krb5-user", "libfaketime")
PROGRAMS = ("/usr/sbin/krb5kdc", "/usr/sbin/kadmin.local", "/usr/sbin/kdb5_util", "/usr/bin/kinit")
LIBRARIES = ("gssapi", "krb5")
# What compiles these libraries.
COMPILER_PACKAGES = ("gcc", "libkrb5-dev", "python3-dev")
COMPILER_FILES = ("/usr/bin/gcc", "/usr/bin/krb5-config", f"{sysconfig.get_path('include')}/Python.h")
REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements-kerberos.txt"
PORT = 10088


def install() -> None:
    """Make sure that the KDC's programs are there, and Python's libraries for Kerberos."""
    debian.install("MIT Kerberos is", PROGRAMS, PACKAGES)
    if not _missing_libraries():
        return
    debian.install("What compiles Python's Kerberos is", COMPILER_FILES, COMPILER_PACKAGES)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--requirement", str(REQUIREMENTS)]
    # Optimizing takes longer than all that the tests do with them.
    environment = {**os.environ, "CFLAGS": "-O0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise debian.Unavailable(f"pip cannot install {REQUIREMENTS.name}: {done.stderr.strip()[-500:]}")


def check() -> None:
    """Unavailable, if something is not there that `make test` would have installed."""
    absent = [*debian.missing(PROGRAMS), *(f"Python's {name}" for name in _missing_libraries())]
    if absent:
        raise debian.Unavailable(f"For Kerberos there is no {', no '.join(absent)}.")


def _missing_libraries() -> list[str]:
    return [name for name in LIBRARIES if importlib.util.find_spec(name) is None]


def main() -> int:
    """Install, or say in one line why not; the tests decide what that means."""
    try:
        install()
    except debian.Unavailable as reason:
        print(f"Without Kerberos: {' '.join(str(reason).split())}")
    return 0


class Kdc:
    """One realm: users with passwords, and for each server the service names of Exchange and of WinRM."""

    def __init__(self, users: Mapping[str, str], servers: Iterable[str]) -> None:
        """``users`` are passwords by name; ``servers`` are fully qualified names."""
        self._folder = Path(tempfile.mkdtemp(prefix="kdc-"))
        self._claim, self._address = claim_block()
        self._users = dict(users)
        self._servers = [name.lower() for name in servers]
        self._processes: list[subprocess.Popen[bytes]] = []
        self.keytab = self._folder / "services.keytab"
        self.config = self._write_config("krb5.conf", PORT)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to log on here, and to keep out of the caches of whoever runs the tests."""
        return {"KRB5_CONFIG": str(self.config), "KRB5CCNAME": str(self.cache("none"))}

    def start(self) -> None:
        """Make the database and serve it."""
        self._write_profile("kdc", PORT)
        master = secrets.token_hex()
        self._tool("/usr/sbin/kdb5_util", "create", "-s", told=f"{master}\n{master}\n")
        services = [f"{service}/{server}" for server in self._servers for service in ("HTTP", "WSMAN")]
        self.administrate(
            *(f'addprinc -pw "{password}" +requires_preauth {name}' for name, password in self._users.items()),
            *(f"addprinc -randkey {service}" for service in services),
            f"ktadd -k {self.keytab} {' '.join(services)}",
        )
        self._serve("kdc", PORT)

    def stop(self) -> None:
        """End it, and leave nothing behind."""
        for process in self._processes:
            debian.end(process)
        self._claim.close()
        shutil.rmtree(self._folder)

    def administrate(self, *commands: str) -> None:
        """Run commands of kadmin."""
        self._tool("/usr/sbin/kadmin.local", told="".join(f"{command}\n" for command in commands))

    def issued(self) -> list[str]:
        """The services that tickets were made for, without realm, in order."""
        log = (self._folder / "kdc.log").read_text()
        return re.findall(r"TGS_REQ .* ISSUE: .* for (\S+)@", log)

    def cache(self, name: str) -> Path:
        """Where a credential cache of this name is, or would be."""
        return self._folder / f"cache-{name}"

    def log_on(self, user: str, *options: str, clock: str | None = None) -> Path:
        """Fill a new credential cache with kinit and return its file; with another clock, tickets of another time."""
        cache = self.cache(f"{user}-{secrets.token_hex(4)}")
        command = ("/usr/bin/kinit", *options, "-c", str(cache), f"{user}@{REALM}")
        environment = {}
        if clock is not None:
            environment = {"KRB5_CONFIG": str(self.with_other_clock(clock)), **_clock(clock)}
        self._tool(*command, told=f"{self._users[user]}\n", **environment)
        return cache

    def unreachable(self) -> Path:
        """A configuration that names a port on which nobody listens."""
        return self._write_config("unreachable.conf", 1)

    def with_other_clock(self, offset: str) -> Path:
        """Serve the same realm by another clock too (``+2h``), and return the configuration of that."""
        name, port = f"clock{offset}", PORT + len(self._processes)
        self._serve(name, port, **_clock(offset))
        return self._write_config(f"{name}-client.conf", port)

    def _serve(self, name: str, port: int, **environment: str) -> None:
        environment |= {"KRB5_CONFIG": str(self.config), "KRB5_KDC_PROFILE": str(self._write_profile(name, port))}
        command = ("/usr/sbin/krb5kdc", "-n", "-P", str(self._folder / f"{name}.pid"))
        self._processes.append(debian.run(self._folder / f"{name}.err", *command, **environment))
        debian.wait_for(self._address, port)

    def _tool(self, *command: str, told: str, **more: str) -> None:
        environment = {
            **os.environ,
            "KRB5_CONFIG": str(self.config),
            "KRB5_KDC_PROFILE": str(self._folder / "kdc.conf"),
            **more,
        }
        done = subprocess.run(command, input=told, env=environment, capture_output=True, text=True, check=False)
        # kadmin.local reading commands ends with 0 whatever became of them.
        complaint = re.search(r"^[a-z._]+: ", done.stderr, re.MULTILINE)
        if done.returncode or complaint:
            raise debian.Unavailable(f"{command[0]} failed: {done.stderr.strip()[-500:]}")

    def _write_config(self, name: str, port: int) -> Path:
        return self._write(name, _KRB5_CONF.format(realm=REALM, domain=REALM.lower(), kdc=f"{self._address}:{port}"))

    def _write_profile(self, name: str, port: int) -> Path:
        text = _KDC_CONF.format(realm=REALM, folder=self._folder, address=self._address, port=port, name=name)
        return self._write(f"{name}.conf", text)

    def _write(self, name: str, text: str) -> Path:
        path = self._folder / name
        path.write_text(text)
        return path


def _clock(offset: str) -> dict[str, str]:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return {"LD_PRELOAD": str(library), "FAKETIME": offset}


# Names are taken as they are: nothing asks a DNS server.
_KRB5_CONF = """\
[libdefaults]
 default_realm = {realm}
 dns_lookup_realm = false
 dns_lookup_kdc = false
 dns_canonicalize_hostname = false
 qualify_shortname = ""
 rdns = false
 forwardable = true
[realms]
 {realm} = {{
  kdc = {kdc}
 }}
[domain_realm]
 .{domain} = {realm}
"""

_KDC_CONF = """\
[kdcdefaults]
 kdc_listen = {address}:{port}
 kdc_tcp_listen = {address}:{port}
[realms]
 {realm} = {{
  database_name = {folder}/principal
  key_stash_file = {folder}/stash
  acl_file = {folder}/kadm5.acl
 }}
[logging]
 kdc = FILE:{folder}/{name}.log
"""


if __name__ == "__main__":
    sys.exit(main())
