#!/usr/bin/env bash
# Runs ansible-test sanity over the built and installed artifact; needs the environment's bin directory first in PATH.
set -euo pipefail
cd "$(dirname "$0")/.."
home=$PWD/.cache/sanity
# ansible-test wants real files under .../ansible_collections/<namespace>/<name>, not a link, and outside of this
# checkout, whose repository it would otherwise ask for the files.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ansible-galaxy collection install . --collections-path "$work" --offline --force >"$work/install.log" 2>&1 ||
    { cat "$work/install.log"; exit 1; }
tree=$work/ansible_collections/mailops/exchange

# A home of its own, so that nothing below reaches the ansible-test cache of whoever runs this.
python tests/support/sanity_home.py "$home"
cd "$tree"
HOME=$home ansible-test sanity --requirements --color no \
    --python "$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')" "$@"
