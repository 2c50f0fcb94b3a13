# Everything that a person or a CI job does with deskcheck. `make help` lists it.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X deskcheck.version=$(VERSION)
# Tools of the trade live beside the code, at pinned versions, and never on the machine.
TOOLS := $(CURDIR)/.tmp/bin
GOLANGCI_VERSION := v2.15.0
GOLANGCI := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)

.PHONY: help
help: ## Show what there is.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: run
run: browser build ## Install what is missing, build, and certify the reference integration.
	@bin/deskcheck run

.PHONY: test
test: browser compiler lint vet unit run conformance selftest smoke ## Lint, vet, unit tests with the race detector, and the conformance of the kit itself.

.PHONY: build
build: ## Build bin/deskcheck.
	@mkdir -p bin
	@CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/deskcheck ./cmd/deskcheck

.PHONY: lint
lint: $(GOLANGCI) ## Run golangci-lint (installed at its pinned version below .tmp).
	@$(GOLANGCI) run ./...

$(GOLANGCI):
	@mkdir -p $(TOOLS)
	@echo "installing golangci-lint $(GOLANGCI_VERSION) (once)"
	@GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv $(TOOLS)/golangci-lint $@

.PHONY: vet
vet: ## Run go vet.
	@go vet ./...

.PHONY: unit
# Four at once whatever the number of processors, as many as there are tabs: a scenario waits more than it works.
# The root package plays whole runs, with packages that have been tried with the race detector by then; "make thorough" has its features with it, too.
# Packages wait as well, those that start processes most: four at once, and these first, so that none is left over for the end.
unit: ## Run the tests with the race detector, and those of whole runs, the features among them, without.
	@go test -race -p 4 -parallel 4 -timeout 30m $$({ go list ./steps/... ./cmd/... ./fixtures/...; go list ./...; } | awk '$$0 != "deskcheck" && !seen[$$0]++')
	@go test -parallel 4 -timeout 45m .

.PHONY: thorough
thorough: browser compiler build ## Try what takes longer than a test may: the features and the other styles in every dialect, both hosts side by side, each mistake in every dialect and every scenario, many Socket.IO clients.
	@go test -race -parallel 4 -timeout 60m . -run 'TestFeatures|TestOtherStyles|TestForeignDesk|TestUIMapCheck' -thorough
	@bin/deskcheck selftest
	@bin/deskcheck selftest --contract agent-manager
	@bin/deskcheck selftest --contract digital-connect --workers 8
	@bin/deskcheck compare
	@bin/deskcheck selftest --matrix
	@go test ./mockdesk/socketio -run TestSoak -soak 2m -soak-clients 500

.PHONY: conformance
# What the checks of a scenario do is the same in all dialects: those that "make run" leaves out have a scenario of theirs for each requirement, and all of them in "make thorough".
conformance: build ## Certify the reference desk and the reference connector, and the references in the other dialects.
	@bin/deskcheck run --quiet --contract agent-manager --report .tmp/report
	@bin/deskcheck run --quiet -c fixtures/connectors/reference/deskcheck.yaml --report .tmp/report
	@for dialect in orchestrate web-chat; do bin/deskcheck run --quick --quiet --dialect $$dialect --report .tmp/report || exit 1; done
	@for dialect in seed legacy-2023; do bin/deskcheck run --quick --quiet --contract agent-manager --dialect $$dialect --report .tmp/report || exit 1; done

# Connectors have clocks of their own, so that theirs is mostly a wait: the others are tried beside it. What each prints comes in one piece.
.PHONY: selftest
selftest: build ## Show that every check can fail: run the broken integrations, desks and connectors.
	@$(MAKE) --no-print-directory -j2 --output-sync=target selftest-digital-connect selftest-ai-chat selftest-agent-manager

.PHONY: selftest-digital-connect
selftest-digital-connect:
	@bin/deskcheck selftest --quick --contract digital-connect --workers 12

.PHONY: selftest-ai-chat selftest-agent-manager
selftest-ai-chat selftest-agent-manager: selftest-%:
	@bin/deskcheck selftest --quick --contract $*

.PHONY: smoke
smoke: build ## Run the interaction flow in the real chat; npm installs it once.
	@bash fixtures/hosts/smoke

.PHONY: bench
bench: browser build ## Print the figures of speed, with the same scenarios under Playwright Test beside them.
	@bash fixtures/bench/run

.PHONY: bench-desk
bench-desk: build ## Print what the desk bears, with other servers beside it (FLAGS=--quick for a short look).
	@bash fixtures/bench/desk/run $(FLAGS)

.PHONY: browser
browser: ## Install a browser if there is none.
	@bash fixtures/install/browser

.PHONY: compiler
compiler: ## Install a C compiler if there is none (the race detector needs one).
	@bash fixtures/install/compiler

.PHONY: clean
clean: ## Remove what was built and reported.
	@rm -rf bin .tmp deskcheck-report
