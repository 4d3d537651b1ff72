# `make` lists the targets.

ENVOY_VERSION ?= 1.40.0
EXAMPLE ?= geocoding
IMAGE ?= envoy-callout
FUZZ ?= policy
SECONDS ?= 60
MINUTES ?= 10
ENVOY_VERSIONS ?= 1.36.4 1.39.3 1.40.0
PREFIX ?= $(or $(CARGO_INSTALL_ROOT),$(CARGO_HOME),$(HOME)/.cargo)
TARGET_DIR := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
MODULE := $(TARGET_DIR)/wasm32-wasip1/release/envoy_callout.wasm
# The build of the tool embeds the module.
CARGO_WITH_MODULE := ENVOY_CALLOUT_MODULE="$(MODULE)" cargo
# The linker writes each index in as few bytes as possible: 150 KB. It cannot do so in a module with debug information.
SHORT_INDICES := -Clink-arg=--compress-relocations
PEER := $(TARGET_DIR)/wasm32-wasip1/release/envoy_callout_peer.wasm
NATIVE := $(TARGET_DIR)/native/libenvoy_callout.so
TEST_ENV = ENVOY="$$(scripts/envoy.sh)" CALLOUT_WASM="$(MODULE)" CALLOUT_NATIVE="$(NATIVE)"
export ENVOY_VERSION HOST

.PHONY: help build native install envoy run test deployments blackbox soak matrix bench fuzz fuzz-all dist image clean
.DEFAULT_GOAL := help

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

build: requirements wasm-target ## Build the module for Envoy
	cargo rustc --release -p envoy-callout --lib --target wasm32-wasip1 -- $(SHORT_INDICES)
	@echo "$(MODULE)"

native: requirements ## Build the native module for Envoy
	cargo build --profile native -p envoy-callout-native
	@cp "$(TARGET_DIR)/native/libenvoy_callout_native.so" "$(NATIVE)"
	@echo "$(NATIVE)"

install: build ## Install the tool, which contains the module, into $PREFIX/bin; the default $PREFIX is cargo's folder
	$(CARGO_WITH_MODULE) install --locked --profile tool --path tool --root "$(PREFIX)"

envoy: requirements ## Install Envoy $ENVOY_VERSION, unless $ENVOY is set
	@scripts/envoy.sh

run: build envoy ## Run examples/$EXAMPLE with the tool and print requests to try
	$(CARGO_WITH_MODULE) build --locked --profile tool --bin envoy-callout
	@$(TEST_ENV) TOOL="$(TARGET_DIR)/tool/envoy-callout" scripts/run.sh $(EXAMPLE)

test: build native envoy ## Run every check: format, lints, unit tests, the module in Envoy
	$(TEST_ENV) scripts/test.sh

deployments: EXAMPLE_IMAGE := oci://registry.example.com/envoy-callout:latest
deployments: ## Render envoy/ again from examples/weather
	cargo run -q -p envoy-callout-tool -- render examples/weather --module /etc/envoy/envoy_callout.wasm > envoy/envoy.yaml
	cargo run -q -p envoy-callout-tool -- render examples/weather --host native > envoy/envoy-native.yaml
	cargo run -q -p envoy-callout-tool -- render examples/weather --format istio --module $(EXAMPLE_IMAGE) > envoy/istio.yaml
	cargo run -q -p envoy-callout-tool -- render examples/weather --format envoy-gateway --module $(EXAMPLE_IMAGE) > envoy/envoy-gateway.yaml

blackbox: build native envoy ## Run the black-box tests whose names contain $CASE; HOST=native runs the native module
	cargo build --bin envoy-callout
	$(TEST_ENV) cargo test --test blackbox -- $(CASE)

soak: build native envoy ## Load the filter for $MINUTES minutes while services fail; HOST=native loads the native module
	$(TEST_ENV) cargo test --quiet --test soak -- --minutes $(MINUTES)

matrix: build requirements ## Run the black-box tests with each version in $ENVOY_VERSIONS
	cargo build --bin envoy-callout
	@scripts/matrix.sh "$(MODULE)" $(ENVOY_VERSIONS)

bench: build native envoy ## Measure the cost of callouts in Envoy, and of the core alone
	cargo build --release -p envoy-callout-peer --lib --target wasm32-wasip1
	$(TEST_ENV) BENCH_PEER="$(PEER)" cargo bench --bench gateway
	cargo bench --bench core

fuzz: ## Search for panics with fuzz/fuzz_targets/$FUZZ for $SECONDS seconds
	scripts/fuzz.sh "$(FUZZ)" "$(SECONDS)"

fuzz-all: ## Run every fuzz target for $SECONDS seconds, and report those with findings
	scripts/fuzz-all.sh "$(SECONDS)"

dist: build ## Write the module, its checksums and the list of its crates to target/dist
	scripts/dist.sh "$(MODULE)"

image: ## Build the image $IMAGE, which contains only /plugin.wasm
	@scripts/image.sh --check
	@$(MAKE) --no-print-directory dist
	scripts/image.sh "$(IMAGE)"

clean: ## Remove all build results, including Envoy
	cargo clean

.PHONY: requirements
requirements:
	@scripts/requirements.sh

# Without rustup, the toolchain must include the target.
.PHONY: wasm-target
wasm-target:
	@! command -v rustup >/dev/null || rustup target list --installed | grep -qx wasm32-wasip1 || rustup target add wasm32-wasip1
