#!/bin/sh
# Runs every fuzz target for a short time: fuzz.sh 3s
#
# Not with "go test -fuzz": that builds all libraries anew too, to watch the ways through them, and with SQLite in a program comes to a hundredth of the inputs
# in the same time. Here only what is ours is watched.
set -eu
time=${1:-3s}
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
corpora=$(go env GOCACHE)/fuzz/$(go list -m)

# The fuzzer now and then takes its own time limit for a failure (golang/go#75804): then there is no failing input, and a second run decides.
fuzz() {
	once "$@" && return
	grep -q 'context deadline exceeded' "$made/log" && ! grep -q 'Failing input' "$made/log" || return 1
	once "$@"
}

# What it finds is kept where "go test -fuzz" keeps it, and an input that fails is written to the room's testdata/fuzz.
once() (
	cd "$1" && "$made/$(basename "$1").test" -test.run='^$' -test.fuzz="^$2\$" -test.fuzztime="$time" -test.fuzzminimizetime=1x -test.fuzzcachedir="$corpora/$1" >"$made/log" 2>&1
)

dirs=$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u)
# shellcheck disable=SC2086
go test -c -vet=off -gcflags='./...=-d=libfuzzer' -o "$made/" $dirs
for dir in $dirs; do
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' "$dir"/*_test.go); do
		echo "fuzz $dir $target"
		fuzz "${dir#./}" "$target" || { cat "$made/log"; exit 1; }
	done
done
