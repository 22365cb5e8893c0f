# make demo    from a clone to a report: boots a board in QEMU, observes, judges, reports
# make test    every test but those of built kernels, virtual boards included; of the faults a sample
# make kernels       compiles the kernels of virtual boards that have their own, and fetches and compiles
#                    those that 'bringup kconfig' is tested with: once, into the user's cache folder
# make test-kernels  the tests that need them, with none of them skipped, and make facts
# make facts   what bringup says of kernels, against the sources of several: a table, what is wrong, what to look at
# make faults  every fault of docs/reliability.md in every phase of a run, on real boards; about 15 minutes
# make chaos   runs over 8 real boards while links are cut, boards freeze, reboot and lose power, and runs are killed, at random:
#              5 minutes; CHAOS_ARGS="--seed N --seconds 60 --boards 4"
# make soak    500 runs on one board in one process, a fault in every fourth; SOAK_ARGS="--board arm64-6.12 --runs 100 --seed N"
# make fuzz    what reads strangers' data, by atheris: FUZZ_ARGS="--seconds 60 TARGET…"; 10 minutes a target by default
# make fuzz-allocator   the test allocator's plan reader with libFuzzer, FUZZ_SECONDS long (600); what it finds is in out/fuzz
# make coverage  make test with branches counted, and the least that bringup and the rooms that judge have to have
# make mutants  mutation tests of the rooms that judge, a sample of each; MODULES=bringup/checks/suite SAMPLE=60 SEED=2
# make audit   known vulnerabilities of the locked packages; make sbom: out/sbom.json, what an installed bringup brings along
# make bench   the figures in README and docs, as ratios of one interleaved run
# make lint    ruff, mypy, import-linter alone (make test runs them, too)
# make lock    constraints/dev.txt and tools.txt anew: the versions that all of these but 'make demo' install

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := constraints/dev.txt
export PYTHON
# Without bytecode each of hundreds of processes compiles all of bringup again.
unexport PYTHONDONTWRITEBYTECODE

# Two workers for each CPU (tests/conftest.py), 8 at most. The order of the tests is random, and its seed is printed:
# PYTEST_ARGS=--randomly-seed=N runs them in that order again.
PYTEST := -m pytest -n auto --maxprocesses 8 --dist loadfile

.PHONY: demo test test-allocator kernels test-kernels facts faults chaos soak fuzz fuzz-allocator coverage mutants audit sbom bench picture lint lock clean

demo: $(VENV)/.installed
	@scripts/system-packages qemu-system-x86_64:qemu-system-x86
	@$(BIN)/bringup run --virtual amd64 -o out/demo --replace

test: $(VENV)/.installed-dev
	@scripts/system-packages --optional qemu-system-x86_64:qemu-system-x86 qemu-system-aarch64:qemu-system-arm \
		qemu-aarch64:qemu-user cc:gcc g++:g++ dtc:device-tree-compiler chromium:chromium chromedriver:chromium-driver \
		npm:npm checkpolicy:checkpolicy secilc:secilc m4:m4 selabel_lookup:selinux-utils bpfmt:blueprint-tools \
		xmllint:libxml2-utils cpio:cpio lzop:lzop make:make ip:iproute2 xz:xz-utils
	@$(if $(COVERAGE),rm -rf out/coverage)
	@$(BIN)/python $(PYTEST) -m "not kernels" $(if $(COVERAGE),--cov --cov-report=) $(PYTEST_ARGS)
	@$(if $(COVERAGE),$(BIN)/python -m tests.support.coverage_floor)

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

faults: $(VENV)/.installed-dev
	@scripts/system-packages qemu-system-x86_64:qemu-system-x86 ip:iproute2
	@$(BIN)/python -m tests.support.faults $(PYTEST_ARGS)

chaos: $(VENV)/.installed-dev
	@scripts/system-packages ip:iproute2
	@$(BIN)/python -m tests.support.faults.chaos $(CHAOS_ARGS)

soak: $(VENV)/.installed-dev
	@scripts/system-packages qemu-system-x86_64:qemu-system-x86 qemu-system-aarch64:qemu-system-arm \
		dtc:device-tree-compiler ip:iproute2
	@$(BIN)/python -m tests.support.faults.soak $(SOAK_ARGS)

fuzz: $(VENV)/.installed-tools
	@$(BIN)/python -m fuzz $(FUZZ_ARGS)

coverage:
	@$(MAKE) --no-print-directory test COVERAGE=1

SAMPLE ?= 100
SEED ?= 2
mutants: $(VENV)/.installed-tools
	@$(BIN)/python -m tests.support.mutants --sample $(SAMPLE) --seed $(SEED) $(MODULES)

audit: $(VENV)/.installed-tools
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip -r $(LOCK)
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip -r constraints/tools.txt

sbom: $(VENV)/.installed-tools
	@$(BIN)/python -m venv --clear out/sbom-venv
	@sed 's/ \\$$//; /^    --hash/d' $(LOCK) >out/sbom-versions.txt
	@$(BIN)/python -m pip --python out/sbom-venv/bin/python install -q --no-compile -c out/sbom-versions.txt .
	@$(BIN)/cyclonedx-py environment out/sbom-venv --pyproject pyproject.toml --output-reproducible --of JSON -o out/sbom.json
# Leaves what made it crash in out/fuzz/allocator, and ends with an error.
FUZZ_SECONDS ?= 600
ALLOCATOR := bringup/allocator/src
FUZZ_FLAGS := -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined

fuzz-allocator:
	@scripts/system-packages 'clang:clang libclang-rt-dev'
	@mkdir -p out/fuzz/allocator/found
	@clang $(FUZZ_FLAGS) -I$(ALLOCATOR) fuzz/allocator/plan_fuzzer.c \
		$(filter-out %/main.c %/plan.c,$(wildcard $(ALLOCATOR)/*.c)) -o out/fuzz/allocator/plan_fuzzer
	@out/fuzz/allocator/plan_fuzzer -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -print_final_stats=1 \
		-artifact_prefix=out/fuzz/allocator/ out/fuzz/allocator/found fuzz/allocator/corpus

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
	rm -rf $(VENV) out mutants build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

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

$(VENV)/.installed-tools: $(VENV)/.installed-dev constraints/tools.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r constraints/tools.txt
	@touch $@

# The newest versions that pyproject.toml allows. The list names no package index: any that has these files will do.
lock: | $(VENV)/bin/python
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv
	@sed -n '1,/^[^#]/{/^#/p}' $(LOCK) >$(LOCK).new
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --upgrade --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --all-extras --group dev --group allocator-build pyproject.toml >>$(LOCK).new
	@mv $(LOCK).new $(LOCK)
	@sed -n '1,/^[^#]/{/^#/p}' constraints/tools.txt >constraints/tools.new
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --upgrade --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --group pyproject.toml:tools -c $(LOCK) >>constraints/tools.new
	@mv constraints/tools.new constraints/tools.txt
