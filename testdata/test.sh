#!/bin/sh
# Runs the Go tests with the race detector, shows a line a package, everything of those that failed, and at the end the tests that were skipped and why
# and those that failed: whoever sees only the last lines of a long log, as CI shows them, still reads what was wrong.
# Vetting is "make vet"'s: here it would go through all libraries once more, as the race detector sees them.
# The end-to-end tests take longest and wait most: the others run beside them from the beginning. One room more than there are processors is at work, since the others
# wait, too: the agent's tests compute a third of their time.
set -u
rooms=$(($(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1))
log=$(mktemp)
trap 'rm -f "$log"' EXIT
go test -race -vet=off -p "$rooms" -v "$@" ./e2e ./... >"$log" 2>&1
code=$?
if [ "$code" -ne 0 ]; then
	grep -vE '^(=== |[[:space:]]*--- PASS|PASS$)' "$log"
else
	grep -E '^(ok|FAIL|\?)[[:space:]]' "$log"
fi
# The reason stands in front of the verdict.
skipped=$(awk '/--- SKIP/ { sub(/^[[:space:]]*[^ ]*: /, "", before); print "  " $3 ": " before } { before = $0 }' "$log")
if [ -n "$skipped" ]; then
	echo "skipped:"
	echo "$skipped"
else
	echo "nothing was skipped"
fi
# What a failed test said stands in front of its verdict; a race's report or a panic's, wherever it came.
if [ "$code" -ne 0 ]; then
	echo "failed:"
	awk '
		/^=== RUN[^\/]*$/ || /^--- (PASS|SKIP)/ { said = "" }
		/^=== / || /--- (PASS|SKIP)/ { next }
		/--- FAIL/ { printf "%s%s\n", said, $0; said = ""; after = 0; next }
		/^(FAIL[[:space:]]|panic:|fatal error:|WARNING: DATA RACE)/ { print; after = 40; next }
		/^(ok|\?|PASS|FAIL$)/ { said = ""; after = 0; next }
		after > 0 { print; after--; next }
		{ said = said $0 "\n"; if (length(said) > 4000) said = substr(said, length(said) - 4000) }
	' "$log" | cut -c 1-500 | tail -n 120
fi
exit "$code"
