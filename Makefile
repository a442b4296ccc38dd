# Tarn. `make up` runs it, `make test` tests it; both do all their own set-up.

GO      ?= go
DATA    ?= data
BIN     := bin/tarn
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
# Fuzz targets and suites of real components stand behind the tag "integration".
PKGS     = $(shell $(GO) list ./... | grep -v /infra)

.PHONY: up build test check integration rehearse bench generate clean

up: build ## everything on one machine; the page's address is printed
	$(BIN) up --data $(DATA)

build:
	@mkdir -p bin
	CGO_ENABLED=1 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/tarn

test: ## every test that needs no network and no other server
	$(GO) test -race $(PKGS)

check: ## what needs no running: format, vet, staticcheck, import layers, generated files
	scripts/check.sh

integration: ## real components: Chromium, other readers of the lake, crash rounds
	scripts/integration.sh

rehearse: ## the compiled Lambda functions the whole way, on stand-ins of AWS
	scripts/rehearse.sh

bench: build ## the fast path against its targets; then `bin/tarn bench way` and `bin/tarn bench launch-day`
	$(BIN) bench

generate: ## the web bundle and the settings reference
	scripts/generate.sh

clean:
	rm -rf bin
