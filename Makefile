# `make` lists the targets.

ENVOY_VERSION ?= 1.40.0
EXAMPLE ?= geocoding
IMAGE ?= envoy-callout
FUZZ ?= policy
SECONDS ?= 60
PREFIX ?= $(or $(CARGO_INSTALL_ROOT),$(CARGO_HOME),$(HOME)/.cargo)
TARGET_DIR := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
MODULE := $(TARGET_DIR)/wasm32-wasip1/release/envoy_callout.wasm
TESTED = ENVOY="$$(scripts/envoy.sh)" CALLOUT_WASM="$(MODULE)"
export ENVOY_VERSION

.PHONY: help build install envoy run test deployments blackbox bench fuzz dist image clean
.DEFAULT_GOAL := help

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

build: wasm-target ## Build the module for Envoy
	cargo build --release --lib --target wasm32-wasip1
	@echo "$(MODULE)"

install: build ## Install the tool with the module beside it below $PREFIX, which is cargo's own folder
	cargo install --locked --path tool --root "$(PREFIX)"
	cp "$(MODULE)" "$(PREFIX)/bin/"

envoy: ## Get Envoy $ENVOY_VERSION, unless $ENVOY names one
	@scripts/envoy.sh

run: build envoy ## Run examples/$EXAMPLE with the tool and show what to try
	cargo build --bin envoy-callout
	@$(TESTED) TOOL="$(TARGET_DIR)/debug/envoy-callout" scripts/run.sh $(EXAMPLE)

test: build envoy ## Run every check: format, lints, unit tests, the module in Envoy
	$(TESTED) scripts/test.sh

deployments: ## Render envoy/ again from examples/weather
	cargo run -q -p envoy-callout-tool -- render examples/weather --module /etc/envoy/envoy_callout.wasm > envoy/envoy.yaml
	cargo run -q -p envoy-callout-tool -- render examples/weather --format istio > envoy/istio.yaml
	cargo run -q -p envoy-callout-tool -- render examples/weather --format envoy-gateway > envoy/envoy-gateway.yaml

blackbox: build envoy ## Run the black-box tests whose names contain $CASE
	cargo build --bin envoy-callout
	$(TESTED) cargo test --test blackbox -- $(CASE)

bench: build envoy ## Measure what callouts cost Envoy, and the core alone
	$(TESTED) cargo bench --bench gateway
	cargo bench --bench core

fuzz: ## Look for panics in fuzz/fuzz_targets/$FUZZ for $SECONDS
	scripts/fuzz.sh "$(FUZZ)" "$(SECONDS)"

dist: build ## Put the module, its checksums and the list of its crates into target/dist
	scripts/dist.sh "$(MODULE)"

image: dist ## Build the image $IMAGE, which holds nothing but /plugin.wasm
	scripts/image.sh "$(IMAGE)"

clean: ## Remove everything built and installed
	cargo clean

# A toolchain that does not come from rustup has to bring the target itself.
.PHONY: wasm-target
wasm-target:
	@! command -v rustup >/dev/null || rustup target list --installed | grep -qx wasm32-wasip1 || rustup target add wasm32-wasip1
