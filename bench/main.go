//go:build linux

// Bench measures adit as a visitor meets it: the same load on an origin directly and through a relay and an agent, row after row, in interleaved rounds.
// It prints one table; docs/performance.md says how to read it. It uses loopback only, and leaves nothing behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == beOrigin {
		fail(runOrigin())
		return
	}
	var o options
	flag.StringVar(&o.rows, "rows", "", "`LIST` of rows to measure, separated by commas (default: all): "+strings.Join(rowIDs(rows()), ","))
	flag.IntVar(&o.rounds, "rounds", 3, "`N` times each row on each side; the table has the medians")
	flag.DurationVar(&o.dur, "dur", 4*time.Second, "`DURATION` of one load, in whole seconds")
	flag.StringVar(&o.adit, "adit", "bin/adit", "`BINARY` to measure; several, as NAME=BINARY,NAME=BINARY, are measured side by side")
	flag.StringVar(&o.json, "json", "", "`FILE` for every single figure, besides the table")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fail(run(ctx, o))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	rows, adit, json string
	rounds           int
	dur              time.Duration
}

// run measures and prints. When it is interrupted it prints what it has.
func run(ctx context.Context, o options) error {
	if _, err := exec.LookPath("wrk"); err != nil {
		return fmt.Errorf("wrk makes the load of small requests: %w (apt-get install wrk)", err)
	}
	if _, err := exec.LookPath("h2load"); err != nil {
		return fmt.Errorf("h2load makes the load over TLS: %w (apt-get install nghttp2-client)", err)
	}
	sides, err := sidesOf(o.adit)
	if err != nil {
		return err
	}
	chosen, err := choose(rows(), o.rows)
	if err != nil {
		return err
	}
	if o.dur < time.Second || o.rounds < 1 {
		return fmt.Errorf("-dur is at least 1s, -rounds at least 1")
	}
	raiseFileLimit()
	b, err := newBench(ctx, o.dur.Truncate(time.Second))
	if err != nil {
		return err
	}
	defer b.close()
	all := b.rounds(chosen, sides, o.rounds)
	printTable(os.Stdout, chosen, sides, all)
	if o.json != "" {
		err = writeJSON(o.json, all)
	}
	return errors.Join(err, ctx.Err())
}

// rounds measures each row on each side before the next row, and all rows before the next round: what the machine does meanwhile meets all sides.
func (b *bench) rounds(chosen []row, sides []side, n int) (all []outcome) {
	for round := range n {
		for _, r := range chosen {
			for _, s := range sides {
				if r.tunnelOnly && s.binary == "" {
					continue
				}
				began := time.Now()
				x := b.measure(r, s, round)
				if b.ctx.Err() != nil {
					return all
				}
				all = append(all, x)
				fmt.Fprintf(os.Stderr, "round %d/%d  %-10s %-8s %5.1fs  %v\n", round+1, n, r.id, s.name, time.Since(began).Seconds(), x)
			}
		}
	}
	return all
}

// side is a column of the table: the origin itself, or a build of adit in front of it.
type side struct{ name, binary string }

func sidesOf(adit string) ([]side, error) {
	sides := []side{{name: "direct"}}
	for _, one := range strings.Split(adit, ",") {
		name, binary, named := strings.Cut(one, "=")
		if !named {
			name, binary = filepath.Base(one), one
		}
		path, err := filepath.Abs(binary)
		if err == nil {
			_, err = exec.LookPath(path)
		}
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(sides, func(s side) bool { return s.name == name }) {
			return nil, fmt.Errorf("two sides are called %s: -adit NAME=BINARY,NAME=BINARY", name)
		}
		sides = append(sides, side{name, path})
	}
	return sides, nil
}

// raiseFileLimit makes room for 5,000 connections here, and, because it is set, in the processes started from here.
func raiseFileLimit() {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) == nil {
		l.Cur = l.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l)
	}
}
