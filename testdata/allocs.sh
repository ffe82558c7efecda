#!/bin/sh
# Runs the benchmarks that testdata/allocs.txt names, and fails when one allocates more often than it says there: allocs.sh. Allocations are the same on every
# machine, time is not. allocs.sh update writes down what is true now.
set -eu
table=testdata/allocs.txt
log=$(mktemp)
trap 'rm -f "$log" "$log.new"' EXIT

# Whatever else happens while a benchmark runs can only add, so the least of some runs counts. To write it down, the most of some.
count=2 keep=least
[ "${1:-}" != update ] || count=3 keep=most

# A run for each room and number of rounds. Parts of a benchmark (Name/part) come with all of it.
grep -v '^#' "$table" | awk '{ sub("/.*", "", $2); k = $1 " " $3; if (!index("|" all[k] "|", "|" $2 "|")) all[k] = all[k] (all[k] ? "|" : "") $2 }
	END { for (k in all) print k, all[k] }' | sort | while read -r room rounds names; do
	echo "room $room"
	go test -vet=off -run '^$' -bench "^($names)\$" -benchmem -benchtime "${rounds}x" -count "$count" -timeout 5m "$room" || echo "FAIL $room"
done >"$log"
if grep -E '^(--- )?FAIL' "$log"; then
	cat "$log"
	exit 1
fi

awk -v keep="$keep" -v new="$log.new" '
	FNR == NR && $1 == "room" { room = $2 }
	FNR == NR && /allocs\/op/ {
		sub("-[0-9]+$", "", $1)
		n = $(NF-1) + 0; k = room " " $1
		if (!(k in got) || (keep == "most" ? n > got[k] : n < got[k])) got[k] = n
	}
	FNR == NR { next }
	/^#/ { print >new; next }
	{ k = $1 " " $2 }
	!(k in got) { print "there is no benchmark " k; bad = 1; next }
	{ print $1, $2, $3, got[k] >new }
	keep == "least" && got[k] > $4 { print k ": " got[k] " allocations, " $4 " are written down"; bad = 1 }
	keep == "least" && got[k] < $4 { print k ": only " got[k] " allocations, " $4 " are written down" }
	END { exit bad }' "$log" "$table" || {
	echo "allocations grew, or a benchmark has gone: \"make allocs\" writes $table anew, if that is meant" >&2
	exit 1
}
[ "$keep" = least ] || cp "$log.new" "$table"
