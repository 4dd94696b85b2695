# The commands of Gác. `make` lists them.
#
# One profile and one shape of cargo command (`--release --workspace`) everywhere: what the demo
# built the tests use, and nothing is compiled twice.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build demo test fmt lint

export PATH := $(CURDIR)/third_party/bin:$(PATH)
export CARGO_TERM_COLOR ?= auto
target := $(or $(CARGO_TARGET_DIR),target)
shape := --release --workspace --locked
stage := @scripts/stage

# .cargo/config.toml says where the libraries of OpenCV are on x86_64; the environment wins.
machine := $(shell uname -m)
ifneq ($(machine),x86_64)
export OPENCV_LINK_PATHS ?= /usr/lib/$(machine)-linux-gnu
endif

benches := $(patsubst benches/benches/%.rs,bench-%,$(wildcard benches/benches/*.rs))

help:
	@echo 'make demo          set up, build, run the demo; its console is at http://127.0.0.1:8080'
	@echo '                   ARGS=--exit ends by itself, with a report in target/demo/'
	@echo 'make test          set up, then lints, fences and every test'
	@echo 'make setup         get what this machine lacks (scripts/setup --help)'
	@echo 'make build         compile every crate'
	@echo 'make fmt           lay out the source as rustfmt does'
	@echo 'make lint          clippy alone'
	@for bench in $(benches); do echo "make $$bench"; done
	@echo '                   bench-plates takes SET=folder, PP_OCR=1, PASSES=1, PASSES=6-15, RECORD=1'

setup:
	$(stage) 'set-up' scripts/setup

build:
	$(stage) 'set-up' scripts/setup --for demo
	$(stage) 'build' cargo build $(shape)

demo: build
	@exec $(target)/release/gac demo $(ARGS)

# What is quickest to fail comes first. Documentation tests come before the others, so that the
# last line says how many tests ran.
test:
	$(stage) 'set-up' scripts/setup
	$(stage) 'layout (rustfmt)' cargo fmt --all --check
	$(stage) 'fences (xtask tidy)' cargo xtask tidy
	$(stage) 'licences (cargo-deny)' cargo deny --log-level error check licenses bans sources
	$(stage) 'lints (clippy)' cargo clippy --quiet $(shape) --all-targets -- -D warnings
	$(stage) 'build the tests' cargo nextest run $(shape) --no-run
	@if grep -rqE --include='*.rs' '^ *//[/!] ```(rust|no_run|should_panic)?$$' $(sources); then \
	  scripts/stage 'documentation tests' cargo test --quiet $(shape) --doc; fi
	$(stage) 'tests (nextest)' cargo nextest run $(shape)
	@scripts/skipped $(target)/nextest/default/junit.xml

sources := benches crates gac gate-controller models pipeline samples violation-api xtask

fmt:
	cargo fmt --all

lint:
	$(stage) 'lints (clippy)' cargo clippy $(shape) --all-targets -- -D warnings

# SET, READER, DETECTOR, PP_OCR, PASSES and RECORD: benches/benches/plates.rs says what they do.
export SET READER DETECTOR PP_OCR PASSES RECORD
pp_ocr := target/pp-ocr
pp_ocr_package := rapidocr-onnxruntime==1.4.4

# Apache-2.0; only for the comparison, and nothing of it is kept with the source text.
$(pp_ocr)/.$(pp_ocr_package):
	$(stage) 'PP-OCR from PyPI' sh -c 'rm -rf $(pp_ocr) && python3 -m venv $(pp_ocr) && \
	  $(pp_ocr)/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
	  --only-binary=:all: $(pp_ocr_package) && touch $@'

ifneq ($(filter-out 0,$(PP_OCR)),)
bench-plates: $(pp_ocr)/.$(pp_ocr_package)
endif

bench-%:
	$(stage) 'set-up' scripts/setup --for demo
	$(stage) 'bench $*' cargo bench --workspace --locked --bench $*
