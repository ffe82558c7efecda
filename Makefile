# adit. "make demo" shows it at work, "make test" passes all tests.

GO      ?= go
GOFLAGS ?=
BIN     := bin/adit
VERSION ?= $(shell sh testdata/version.sh)
LDFLAGS  = -s -w -X github.com/adit-tunnel/adit/cli.Version=$(VERSION)

.PHONY: build demo test test-long test-faults bench setup vet cross cross-vet race fuzz frames pictures allocs allocs-check man release clean

build: $(BIN)

$(BIN): FORCE
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o $@ .

FORCE:

# A sample webhook receiver, a relay and an agent, all on this machine; webhooks keep arriving.
demo: build
	@$(BIN) demo

# Everything: vet, builds for the other systems, all tests with the race detector, short fuzzing, allocations. It installs what the tests need
# when it can, and names what it skipped at the end.
test:
	@$(MAKE) --no-print-directory -j2 setup cross # the compiler has work to do while packages arrive
	@$(MAKE) --no-print-directory vet fuzz allocs-check race

# What takes long: 1 GiB bodies, freezes of a minute, a soak of an hour (ADIT_SOAK=10m: of ten minutes).
test-long: setup
	@ADIT_TEST_LONG=1 sh testdata/test.sh -count=1 -timeout 150m

# Relay and agent killed, stopped, frozen and cut off under load, with a table of what visitors saw, and great numbers of agents and
# requests (docs/reliability.md).
test-faults: setup
	@cd e2e && ADIT_TEST_FAULTS=1 $(GO) test -count=1 -timeout 20m -run '^(TestFaults|TestMany.*)$$'

# The same load on a service directly and through adit, and one table (docs/performance.md). BENCH holds further flags, such as -rows c50,down1.
BENCH ?=
bench: build
	@sh testdata/setup.sh wrk:wrk h2load:nghttp2-client
	@$(GO) run ./bench -adit $(BIN) $(BENCH)

setup:
	@sh testdata/setup.sh

# As adit is released: without C, which only the race detector needs. So the libraries are built once for all of these.
vet cross cross-vet fuzz allocs-check allocs: export CGO_ENABLED = 0

vet:
	$(GO) vet ./...
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "not gofmt'd" >&2; exit 1; }

# Whether it compiles and links there is what this is about: optimizing would take half as long again.
QUICK = -gcflags='all=-N -l -dwarf=false' -ldflags='-s -w'
cross:
	GOOS=darwin $(GO) build $(QUICK) -o /dev/null .
	GOOS=windows $(GO) build $(QUICK) -o /dev/null .

# The tests, too, compile for the other systems. On a new machine that takes a minute, so it is looked at before a release only.
cross-vet:
	GOOS=darwin $(GO) vet ./...
	GOOS=windows $(GO) vet $$(GOOS=windows $(GO) list ./... | grep -v /e2e) # whose programs and signals are a Unix's

race:
	@sh testdata/test.sh -timeout 12m

# Every parser of foreign bytes, a moment each, on top of its committed corpus; FUZZTIME=1m looks further.
FUZZTIME ?= 1s
fuzz:
	@sh testdata/fuzz.sh $(FUZZTIME)

# Rewrites the golden frames of the dashboard.
frames:
	$(GO) test ./tui -update

# Takes the pictures of README and docs anew, from the program in a real terminal.
pictures: build
	@sh testdata/setup.sh fc-match:fontconfig,fonts-dejavu-core
	@$(GO) run ./docs/pictures -adit $(BIN)

# Fails when a benchmark of testdata/allocs.txt allocates more often than it says there.
allocs-check:
	@sh testdata/allocs.sh

# Rewrites testdata/allocs.txt.
allocs:
	@sh testdata/allocs.sh update

# The manual pages, in man.
man:
	@$(GO) run ./release -version "$(VERSION)" -date "$$(git log -1 --format=%ct)" -man man

# Archives for linux, darwin and windows on amd64 and arm64 in dist, with SHA256SUMS; the same commit gives the same bytes.
release: cross-vet
	@$(GO) run ./release -version "$(VERSION)" -date "$$(git log -1 --format=%ct)" -out dist

clean:
	rm -rf bin dist man
