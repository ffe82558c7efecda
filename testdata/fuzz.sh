#!/bin/sh
# Runs every fuzz target for a short time: fuzz.sh 3s
set -eu
time=${1:-3s}
grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r dir; do
	sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' "$dir"/*_test.go | while read -r target; do
		echo "fuzz $dir $target"
		go test -run='^$' -fuzz="^$target\$" -fuzztime="$time" "$dir" >"${TMPDIR:-/tmp}/adit-fuzz.log" 2>&1 || { cat "${TMPDIR:-/tmp}/adit-fuzz.log"; exit 1; }
	done
done
