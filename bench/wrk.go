//go:build linux

package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// smallLoad is what a load of small requests has shown.
type smallLoad struct {
	n             int     // whole answers
	rate          float64 // a second
	p50, p99      float64 // ms
	errors        int
	errorsInWords string
}

// wrk asks for the small answer on conns connections for a while, in whole seconds; newEach: on a new one for each request.
func (t *target) wrk(conns int, dur time.Duration, newEach bool) (l smallLoad, err error) {
	args := []string{"-t1", fmt.Sprintf("-c%d", conns), fmt.Sprintf("-d%ds", max(1, int(dur.Seconds()))), "--latency", "--timeout", "5s", "-H", "Host: " + host}
	if newEach {
		args = append(args, "-H", "Connection: close")
	}
	out, err := t.b.command("wrk", append(args, "http://"+t.addr+"/small")...).Output()
	if err != nil {
		return l, fmt.Errorf("wrk: %w", err)
	}
	return readWrk(string(out)), nil
}

var (
	requestsOf = regexp.MustCompile(`(\d+) requests in `)
	rateOf     = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	p50Of      = regexp.MustCompile(`\s50%\s+([\d.]+)(us|ms|s|m)\b`)
	p99Of      = regexp.MustCompile(`\s99%\s+([\d.]+)(us|ms|s|m)\b`)
	socketsOf  = regexp.MustCompile(`Socket errors: (connect (\d+), read (\d+), write (\d+), timeout (\d+))`)
	statusOf   = regexp.MustCompile(`(Non-2xx or 3xx responses: (\d+))`)
)

// readWrk reads what wrk says of a load.
func readWrk(out string) (l smallLoad) {
	l.n = whole(requestsOf.FindStringSubmatch(out), 1)
	if m := rateOf.FindStringSubmatch(out); m != nil {
		l.rate, _ = strconv.ParseFloat(m[1], 64)
	}
	l.p50, l.p99 = millis(p50Of.FindStringSubmatch(out)), millis(p99Of.FindStringSubmatch(out))
	var words []string
	for _, m := range [][]string{socketsOf.FindStringSubmatch(out), statusOf.FindStringSubmatch(out)} {
		if m == nil {
			continue
		}
		words = append(words, m[1])
		for i := range m[2:] {
			l.errors += whole(m, i+2)
		}
	}
	l.errorsInWords = strings.Join(words, ", ")
	return l
}

func whole(m []string, i int) int {
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[i])
	return n
}

// millis is a number and its unit.
func millis(m []string) float64 {
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseFloat(m[1], 64)
	return n * map[string]float64{"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[m[2]]
}
