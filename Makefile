# make demo    from a clone to a report: boots a board in QEMU, observes, judges, reports
# make test    every test but those of built kernels, virtual boards included
# make kernels       compiles the kernels of virtual boards that have their own, and fetches and compiles
#                    those that 'bringup kconfig' is tested with: once, into the user's cache folder
# make test-kernels  the tests that need them, with none of them skipped, and make facts
# make facts   what bringup says of kernels, against the sources of several: a table, what is wrong, what to look at
# make bench   the figures in README and docs, as ratios of one interleaved run
# make lint    ruff, mypy, import-linter alone (make test runs them, too)
# make lock    constraints/dev.txt anew: the versions that all of these but 'make demo' install

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := constraints/dev.txt
export PYTHON
# Without bytecode each of hundreds of processes compiles all of bringup again.
unexport PYTHONDONTWRITEBYTECODE

# A worker for each CPU, 8 at most. The order of the tests is random, and its seed is printed: PYTEST_ARGS=--randomly-seed=N
# runs them in that order again.
PYTEST := -m pytest -n auto --maxprocesses 8 --dist loadfile

.PHONY: demo test test-allocator kernels test-kernels facts bench lint lock clean

demo: $(VENV)/.installed
	@scripts/system-packages qemu-system-x86_64:qemu-system-x86
	@$(BIN)/bringup run --virtual amd64 -o out/demo --replace

test: $(VENV)/.installed-dev
	@scripts/system-packages --optional qemu-system-x86_64:qemu-system-x86 qemu-system-aarch64:qemu-system-arm \
		qemu-aarch64:qemu-user cc:gcc g++:g++ dtc:device-tree-compiler chromium:chromium chromedriver:chromium-driver \
		npm:npm checkpolicy:checkpolicy secilc:secilc m4:m4 selabel_lookup:selinux-utils bpfmt:blueprint-tools \
		xmllint:libxml2-utils cpio:cpio lzop:lzop make:make ip:iproute2 xz:xz-utils
	@$(BIN)/python $(PYTEST) -m "not kernels" $(PYTEST_ARGS)

kernels: $(VENV)/.installed
	@scripts/system-packages qemu-system-aarch64:qemu-system-arm dtc:device-tree-compiler make:make gcc:gcc \
		gencat:libc6-dev aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu flex:flex bison:bison bc:bc perl:perl \
		xz:xz-utils lzma:xz-utils lzop:lzop lz4:lz4 zstd:zstd bzip2:bzip2 dpkg-deb:dpkg
	@for board in $$($(BIN)/python -m bringup.virtual.listing); do $(BIN)/bringup virtual setup $$board || exit $$?; done
	@$(BIN)/python -m tests.support.kernel.fetch

facts: $(VENV)/.installed-dev
	@scripts/system-packages xz:xz-utils dpkg-deb:dpkg
	@$(BIN)/python -m tests.support.kernel.fetch facts
	@$(BIN)/python -m tests.support.kernel_facts

test-kernels: kernels facts $(VENV)/.installed-dev
	@BRINGUP_REQUIRE_BOARD=1 BRINGUP_REQUIRE_KERNELS=1 $(BIN)/python $(PYTEST) -m kernels $(PYTEST_ARGS)

# Rebuilds the test allocator for every ABI and compares it with what is committed, byte for byte.
test-allocator: $(VENV)/.installed-dev
	@$(BIN)/python -m bringup.allocator.build --check

bench: $(VENV)/.installed-dev
	@scripts/system-packages qemu-system-x86_64:qemu-system-x86
	@$(BIN)/python -m benchmarks

# The picture in README, made anew.
picture: $(VENV)/.installed
	@scripts/system-packages qemu-system-aarch64:qemu-system-arm chromium:chromium
	@$(BIN)/bringup run --virtual arm64-debian -o out/picture --replace || test $$? = 1
	@chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir=out/chromium --window-size=1180,1250 \
		--screenshot=docs/report.png out/picture/report.html

lint: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -q tests/test_linters.py

clean:
	rm -rf $(VENV) out build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@scripts/system-packages python-venv:python3-venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "bringup needs Python 3.11 or newer; name one with PYTHON=…" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "installing bringup into $(VENV)" >&2
	@$(BIN)/python -m pip install -q -e '.[virtual]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(LOCK) | $(VENV)/bin/python
	@scripts/system-packages cc:gcc python-headers:python3-dev lzo-headers:liblzo2-dev
	@echo "installing bringup and what its tests need into $(VENV)" >&2
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r $(LOCK)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@ $(VENV)/.installed

# The newest versions that pyproject.toml allows. The list names no package index: any that has these files will do.
lock: | $(VENV)/bin/python
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv
	@sed -n '1,/^[^#]/{/^#/p}' $(LOCK) >$(LOCK).new
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --upgrade --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --all-extras --group dev --group allocator-build pyproject.toml >>$(LOCK).new
	@mv $(LOCK).new $(LOCK)
