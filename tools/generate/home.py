"""Where the project lives, in the collection's metadata and in its documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from generate.settings import texts


def metadata(galaxy: str) -> str:
    """The text of galaxy.yml with the addresses of tools/texts/home.yml."""
    for key, address in texts("home").items():
        galaxy, found = re.subn(rf"^{key}: .*$", f"{key}: {address}", galaxy, flags=re.MULTILINE)
        if found != 1:
            raise ValueError(f"galaxy.yml has {found} lines with {key}, and needs one")
    return galaxy


def links() -> Iterator[str]:
    """docs/docsite/links.yml."""
    home = texts("home")
    yield "---"
    yield "# Written by `make generate` from tools/texts/home.yml."
    yield "edit_on_github:"
    yield f"  repository: {urlsplit(home['repository']).path.strip('/')}"
    yield "  branch: main"
    yield "  path_prefix: ''"
    yield ""
    yield "extra_links:"
    yield "  - description: Report an issue"
    yield f"    url: {home['issues']}"
    yield "  - description: Repository"
    yield f"    url: {home['repository']}"
