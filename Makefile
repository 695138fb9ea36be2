# Builds, installs and tests pgdatahub. `make help` lists the targets.

SHELL := /bin/bash
PG_CONFIG ?= pg_config
DESTDIR ?=
export PG_CONFIG

TARGET := $(or $(CARGO_TARGET_DIR),target)
VERSION := $(shell sed -nE 's/^version = "([^"]+)"/\1/p' Cargo.toml | head -n 1)
LIBRARY := $(TARGET)/release/libpgdatahub.so
READER := $(TARGET)/release/pgdatahub-reader
BUILT_FOR := $(TARGET)/release/pgdatahub.major

# Evaluated when a recipe uses them: on a bare machine pg_config is there only after the set-up.
MAJOR = $(shell '$(PG_CONFIG)' --version 2>/dev/null | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
PKGLIBDIR = $(DESTDIR)$(shell '$(PG_CONFIG)' --pkglibdir)
EXTENSIONDIR = $(DESTDIR)$(shell '$(PG_CONFIG)' --sharedir)/extension
BINDIR = $(DESTDIR)$(shell '$(PG_CONFIG)' --bindir)

.DEFAULT_GOAL := build
.PHONY: help setup build install uninstall test test-rust test-regress test-e2e test-long fuzz test-kills test-resources test-all-majors bench demo demo-stop lint coverage deny package test-package test-documents reference schema schema-check clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  PG_CONFIG=...      the PostgreSQL to build for and install into (default: pg_config of the PATH)"
	@echo "  DESTDIR=...        root of a staged installation"
	@echo "  TESTS=...          arguments for pytest, for example TESTS='-k revert'"
	@echo "  PGDATAHUB_SEED=... PGDATAHUB_CASES=...  which random workbooks the tests of order independence draw"

setup: ## install the Debian packages that building and testing need
	@.ci/setup test

build: ## build the extension and the reader
	@test -n "$(MAJOR)" || { echo "$(PG_CONFIG) not found: run make setup, or set PG_CONFIG" >&2; exit 1; }
	PGRX_PG_CONFIG_PATH="$$(command -v '$(PG_CONFIG)')" cargo build --release --no-default-features --features pg$(MAJOR) -p pgdatahub
	cargo build --release -p pgdatahub-reader
	@echo $(MAJOR) >$(BUILT_FOR)

# A running server has the old files mapped, so each file is put beside its place and renamed over it.
define put
install -m $(1) '$(2)' '$(3).new' && mv -f '$(3).new' '$(3)'
endef

install: ## install what `make` has built (needs no cargo, so: sudo make install)
	@test -x '$(READER)' -a -f '$(LIBRARY)' || { echo "nothing is built yet: run make first" >&2; exit 1; }
	@test "$$(cat '$(BUILT_FOR)')" = "$(MAJOR)" || \
	  { echo "built for PostgreSQL $$(cat '$(BUILT_FOR)'), but $(PG_CONFIG) is $(MAJOR): run make PG_CONFIG=$(PG_CONFIG) first" >&2; exit 1; }
	install -d '$(PKGLIBDIR)' '$(EXTENSIONDIR)' '$(BINDIR)'
	$(call put,755,$(READER),$(BINDIR)/pgdatahub-reader-$(VERSION))
	$(call put,755,$(LIBRARY),$(PKGLIBDIR)/pgdatahub.so)
	for script in sql/pgdatahub--*.sql; do \
	  $(call put,644,'"$$script"',$(EXTENSIONDIR)/'"$${script#sql/}"') || exit 1; \
	done
	$(call put,644,pgdatahub.control,$(EXTENSIONDIR)/pgdatahub.control)

uninstall: ## remove what install has put there
	rm -f '$(PKGLIBDIR)/pgdatahub.so' '$(EXTENSIONDIR)/pgdatahub.control' '$(EXTENSIONDIR)'/pgdatahub--*.sql
	rm -f '$(BINDIR)'/pgdatahub-reader-[0-9]*

test: ## every suite: Rust, pg_regress, end to end (installs what is missing)
	@.ci/setup test
	@$(MAKE) --no-print-directory test-rust
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory test-regress
	@$(MAKE) --no-print-directory test-e2e

test-rust: ## core and reader, without PostgreSQL
	cargo test -p pgdatahub-core -p pgdatahub-reader
	cargo test --release -p pgdatahub-reader --test property

test-regress: ## pg_regress on a private cluster, after make
	@tests/regress/run.sh

test-e2e: ## end to end on private clusters, after make
	@tests/e2e/run.sh $(TESTS)

test-long: ## order independence with many more cases, for hours, after make
	@export PGDATAHUB_SEED=$${PGDATAHUB_SEED:-$$(date +%s)}; echo "PGDATAHUB_SEED=$$PGDATAHUB_SEED"; \
	PGDATAHUB_CASES=$${PGDATAHUB_CASES:-200000} cargo test --release -p pgdatahub-reader --test property -- --nocapture && \
	PGDATAHUB_CASES=$${PGDATAHUB_CASES:-20000} tests/e2e/run.sh tests/e2e/test_order.py -k depends -s

fuzz: ## fuzz the reader, the protocol and core's rules for SECONDS=600 (nightly Rust and cargo-fuzz; TARGETS="xlsx ods")
	@tests/fuzz/run.sh $(or $(SECONDS),600) $(TARGETS)

test-kills: ## jobs killed at KILLS=300 random moments and resumed, after make
	@KILLS=$${KILLS:-300} tests/e2e/run.sh tests/e2e/test_kills.py -s

test-resources: ## the largest inputs: 10,000 files, 1,000 folders, a million rows, a table of 2 GB, after make
	@PGDATAHUB_LARGE=1 tests/e2e/run.sh tests/e2e/test_resources.py tests/e2e/test_large.py tests/e2e/test_locks.py -s

test-all-majors: ## build for PostgreSQL 16, 17 and 18 and run pg_regress and the end-to-end tests there (MAJORS="16 18")
	@.ci/setup test
	@.ci/majors $(MAJORS)

bench: ## measure imports beside other ways, after make; writes tests/bench/RESULTS.md (BENCH='--runs 3 --only mixed,many')
	@tests/bench/run.sh $(BENCH)

demo: ## a guided tour on a private cluster (installs what is missing, builds)
	@.ci/setup build
	@$(MAKE) --no-print-directory build
	@tests/demo/run.sh

demo-stop: ## stop the demo's cluster and delete it
	@tests/demo/run.sh --stop

lint: ## rustfmt, clippy, layers, released scripts, dependencies, that every promise has its tests
	cargo fmt --all --check
	cargo clippy --all-targets -p pgdatahub-core -p pgdatahub-reader -- -D warnings
	PGRX_PG_CONFIG_PATH="$$(command -v '$(PG_CONFIG)')" cargo clippy --release --no-default-features --features pg$(MAJOR) -p pgdatahub -- -D warnings
	.ci/layers --self-test
	.ci/layers
	.ci/released --self-test
	.ci/released
	.ci/supply-chain --self-test
	.ci/supply-chain
	.ci/reliability --self-test
	.ci/reliability

coverage: ## which lines of core and reader their tests run, by file (cargo-llvm-cov)
	@cargo llvm-cov --version >/dev/null 2>&1 || \
	  { echo "cargo-llvm-cov is missing: rustup component add llvm-tools && cargo install cargo-llvm-cov --locked" >&2; exit 2; }
	cargo llvm-cov --locked -p pgdatahub-core -p pgdatahub-reader --summary-only

deny: ## licences, sources, duplicates and security advisories of all dependencies (cargo-deny; downloads RustSec's list)
	@cargo deny --version >/dev/null 2>&1 || { echo "cargo-deny is missing: cargo install cargo-deny --locked" >&2; exit 2; }
	cargo deny --locked --config .ci/deny.toml check --hide-inclusion-graph

package: build ## a Debian package of what make has built, in PACKAGES=target/package
	@.ci/package "$${PACKAGES:-$(TARGET)/package}"

test-package: package ## install the package into a bare Debian (debootstrap, as root) and import with it
	@.ci/package-smoke "$$(ls -t "$${PACKAGES:-$(TARGET)/package}"/*.deb | head -n 1)"

test-documents: ## type what QUICKSTART.md and README.md say into a bare Debian (debootstrap, as root), by their own words
	@.ci/documents

reference: build ## write the reference page, of functions, views and settings, to REFERENCE=target/reference.md
	@.ci/reference "$${REFERENCE:-$(TARGET)/reference.md}"

schema: build ## write sql/pgdatahub--<version>.sql from the code
	@.ci/schema write

schema-check: build ## fail if the committed install script differs from the code
	@.ci/schema check
	@.ci/released symbols $(LIBRARY)

clean: ## remove build results and the private clusters
	@tests/demo/run.sh --stop
	@. .ci/lib.sh && rm -rf "$$(scratch_dir)"
	cargo clean
