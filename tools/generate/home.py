"""Where the project lives, in the collection's metadata."""

from __future__ import annotations

import re

from generate.settings import texts


def metadata(galaxy: str) -> str:
    """The text of galaxy.yml with the addresses of tools/texts/home.yml."""
    for key, address in texts("home").items():
        galaxy, found = re.subn(rf"^{key}: .*$", f"{key}: {address}", galaxy, flags=re.MULTILINE)
        if found != 1:
            raise ValueError(f"galaxy.yml has {found} lines with {key}, and needs one")
    return galaxy
