# Tarn. `make up` runs it, `make test` tests it; both do all their own set-up.

GO      ?= go
DATA    ?= data
BIN     := bin/tarn
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
# Fuzz targets and suites of real components stand behind the tag "integration".
PKGS     = $(shell $(GO) list ./... | grep -v /infra)

ENV ?= sandbox
CDK  = npx --yes aws-cdk@2.1148.1

.PHONY: up build test check integration rehearse bench generate functions bootstrap deploy undeploy clean

up: build ## everything on one machine; the page's address is printed
	$(BIN) up --data $(DATA)

build:
	@mkdir -p bin
	CGO_ENABLED=1 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/tarn

test: ## every test that needs no network and no other server
	$(GO) test -race -timeout 25m $(PKGS)

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

functions: ## the Lambda functions, compiled for deployment
	scripts/functions.sh

bootstrap: functions ## once for an account: what the CDK's tool needs there
	$(CDK) bootstrap -c env=$(ENV)

deploy: functions ## everything to AWS: ENV=sandbox MAIL=me@example.org
	$(CDK) deploy --all -c env=$(ENV) $(if $(MAIL),-c mail=$(MAIL))

undeploy: functions ## everything of an environment away, but what it keeps
	$(CDK) destroy --all -c env=$(ENV)

clean:
	rm -rf bin build cdk.out
