# Two commands do everything: `make demo` shows Ateneo at work, `make test` checks it. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo-archive
# Debian packages that the tests use; installed when run as root on Debian, named otherwise.
TEST_PACKAGES := ffmpeg chromium npm
AXE := axe-core@4.14.1  # finds faults of accessibility; from npm, for the tests alone

QUESTIONS := "¿Qué oportunidades se han presentado relacionadas con el coche de hidrógeno?" \
  "¿Qué oportunidades se presentan para Teruel en el campo de la aeronáutica?" \
  "¿Cuáles son los retos más importantes a los que se enfrenta el Aragonés como lengua?" \
  "¿Quién ganó el mundial de ajedrez de 1972?"

.PHONY: demo test lint check-debian clean

demo: $(VENV)/.core
	@$(BIN)/ateneo --archive $(DEMO) add --jobs 2 src/ateneo/sample
	@for question in $(QUESTIONS); do \
	  printf '\n$$ ateneo ask "%s"\n\n' "$$question"; $(BIN)/ateneo --archive $(DEMO) ask "$$question" || exit 1; done
	@printf '\nGo on: %s\n       %s\n       %s\n       %s\n' "$(BIN)/ateneo --archive $(DEMO) search montaña" \
	  "$(BIN)/ateneo --archive $(DEMO) serve --open" \
	  "$(BIN)/ateneo --archive $(DEMO) show 12" "$(BIN)/ateneo add YOUR-RECORDINGS, then: $(BIN)/ateneo ask YOUR-QUESTION"

test: $(VENV)/.test check-debian $(VENV)/axe/axe.min.js
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto --dist loadfile

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Ateneo needs Python 3.11 or later; run: make PYTHON=/path/to/python3.11 ..."; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "venv is missing; run as root: apt-get install python3-venv"; exit 2; }

$(VENV)/.core: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing Ateneo into $(VENV) (about half a gigabyte, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt tests/engine_package/pyproject.toml | $(VENV)/bin/python
	@echo "Installing Ateneo and what its tests need into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps -e tests/engine_package \
	  open_clip_torch
	@touch $(VENV)/.core $@

$(VENV)/axe/axe.min.js: | $(VENV)/bin/python check-debian
	@mkdir -p $(VENV)/axe && cd $(VENV)/axe && npm pack --silent $(AXE) >/dev/null && tar xzf axe-core-*.tgz package/axe.min.js \
	  && mv package/axe.min.js . && rm -r package axe-core-*.tgz \
	  || echo "NOTE: tests of accessibility are skipped; they need npm: apt-get install npm"

check-debian:
	@missing=""; for p in $(TEST_PACKAGES); do command -v $$p >/dev/null || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && apt-get install -y -qq $$missing >/dev/null; \
	  else echo "NOTE: tests that need$$missing are skipped; as root: apt-get install$$missing"; fi; fi

clean:
	rm -rf $(VENV) $(DEMO) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
