# Two commands are enough: `make demo` and `make test`. Each makes the virtual environment it needs.

PYTHON ?= python3
# Another ansible-core than the one in requirements-dev.txt, in an environment of its own: make test ANSIBLE_CORE=2.18
ANSIBLE_CORE ?=
# PRE=--pre takes its newest pre-release.
PRE ?=

VENV := .venv$(addprefix -,$(ANSIBLE_CORE))
BIN := $(CURDIR)/$(VENV)/bin
# Other requirements or another Python make another stamp, so the environment is made anew.
STAMP := $(VENV)/made-for-$(shell { cat requirements.txt requirements-eda.txt requirements-dev.txt; $(PYTHON) --version; } | cksum | cut -d " " -f 1)

# Ansible and mypy know a collection only under .../ansible_collections/<namespace>/<name>.
LINK := .cache/collections/ansible_collections/mailops/exchange
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.cache/collections
export ANSIBLE_LOCALHOST_WARNING := false
# Nothing below leaves anything in the home of whoever runs it.
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible

.PHONY: demo test programs docs pages soak bench mutate generate changelog lint check sanity clean

demo: $(STAMP)
	$(BIN)/python demo/run.py

# Not part of the tests, for it takes long: make soak SOAK="--runs 20 --seed 2"
soak: $(STAMP)
	$(BIN)/python tests/soak/soak.py $(SOAK)

# Not part of the tests either. Some of it: make bench BENCH="role drift"; a look whether it works: BENCH=--quick
bench: $(STAMP) $(LINK)
	$(BIN)/python tests/benchmarks/bench.py $(BENCH)

# Nor these: the changes to the code that no test notices. See docs/docsite/rst/guide_development.rst.
mutate: $(STAMP) $(LINK)
	$(BIN)/python tools/mutate.py $(FILES) $(addprefix --since=,$(SINCE)) $(addprefix --sample=,$(SAMPLE)) \
		$(addprefix --seed=,$(SEED)) $(MUTATE)

# The linters that do not depend on ansible-core run for the default one only. Tests wait for other processes a third of
# the time, so there are two workers for each core; files that take long come first.
test: $(STAMP) $(LINK)
	$(MAKE) --jobs=2 --output-sync=target --no-print-directory $(if $(ANSIBLE_CORE),sanity,check sanity) programs
	$(BIN)/python -m pytest --numprocesses=$(or $(WORKERS),$(shell expr 2 \* $$(nproc))) --dist=loadfile --no-loadscope-reorder

# What some tests use beside Python: MIT Kerberos, Chromium, and Thunderbird.
programs: $(STAMP)
	$(BIN)/python tests/support/kdc.py
	$(BIN)/python tests/support/browser.py
	$(BIN)/python tests/support/thunderbird.py

# Pictures of the pages that the collection writes, to look at, and those in docs.
pages: $(STAMP) $(LINK)
	$(BIN)/python tests/support/browser.py
	$(BIN)/python tests/support/pages.py .cache/pages

# Writes what is derived from tables, texts and the role pop3; `check` and the tests compare.
GENERATE := PYTHONPATH=$(ANSIBLE_COLLECTIONS_PATH):tools:tests/support:tests/simulator $(BIN)/python -m generate

generate: $(STAMP) $(LINK)
	$(GENERATE)

# The documentation site, to be opened at .cache/docs/html/index.html.
docs: $(STAMP) $(LINK)
	HOME=$(CURDIR)/.cache $(BIN)/python tools/docsite.py .cache/docs

# Cuts the release of the version in galaxy.yml: its fragments end up in CHANGELOG.rst. See docs/docsite/rst/guide_development.rst.
changelog: export PATH := $(BIN):$(PATH)
changelog: $(STAMP) $(LINK)
	$(if $(DATE),,$(error Say the day of the release: make changelog DATE=YYYY-MM-DD))
	$(BIN)/antsibull-changelog release --date $(DATE) --reload-plugins

lint: check sanity

# The linters call each other and Ansible's programs by name.
check sanity: export PATH := $(BIN):$(PATH)

check: $(STAMP) $(LINK) docs
	$(GENERATE) --check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	HOME=$(CURDIR)/.cache $(BIN)/antsibull-docs lint-collection-docs --plugin-docs .
	$(BIN)/antsibull-changelog lint
	$(BIN)/ansible-lint --offline --profile production
	$(BIN)/actionlint -shellcheck= -pyflakes=
	$(BIN)/zizmor --offline --strict-collection --quiet .github
	$(BIN)/codespell
	$(BIN)/python tools/prose.py

sanity: $(STAMP) $(LINK)
	tests/sanity.sh

clean:
	rm -rf .venv* .cache .ansible .hypothesis mailops-exchange-*.tar.gz
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP):
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, for example: make PYTHON=python3.11")'
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	$(if $(ANSIBLE_CORE),$(BIN)/python -m pip install $(PRE) --quiet --disable-pip-version-check "ansible-core==$(ANSIBLE_CORE).*")
	touch $@

$(LINK):
	mkdir -p $(@D)
	ln -sfn ../../../.. $@
