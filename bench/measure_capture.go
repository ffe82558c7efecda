//go:build linux

package main

import (
	"fmt"
	"path/filepath"
	"time"
)

// locker holds SQLite databases locked for as long as it lives: no other process can write to them.
const locker = `
import glob, signal, sqlite3, sys
held = [sqlite3.connect(f, timeout=10, isolation_level=None) for f in glob.glob(sys.argv[1])]
for db in held:
    db.execute("BEGIN IMMEDIATE")
print(len(held), flush=True)
signal.pause()
`

// turns is how often the three loads of captureCost take turns, so that a machine whose speed changes is the same to all.
const turns = 3

// captureCost is small requests on 50 connections in turns: through an agent that captures, through one that does not, and through the first while its
// store is held locked.
func captureCost(t *target) (figures, error) {
	off, err := t.b.target(row{agentArgs: []string{"--inspect=false"}}, side{binary: t.binary})
	if err != nil {
		return nil, fmt.Errorf("without capture: %w", err)
	}
	defer off.close()
	sums := map[string]smallLoad{}
	for range turns {
		for _, load := range []struct {
			name string
			run  func(time.Duration) (smallLoad, error)
		}{{"on", t.fifty}, {"off", off.fifty}, {"locked", t.fiftyLocked}} {
			l, err := load.run(t.b.dur)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", load.name, err)
			}
			sums[load.name] = sums[load.name].plus(l)
		}
	}
	f := figures{}
	for name, l := range sums {
		t.note(f, name+" ", smallLoad{l.n, l.rate / turns, l.p50 / turns, l.p99 / turns, l.errors, l.errorsInWords})
	}
	f["cost"] = 100 * (1 - f["on rate"]/f["off rate"])
	f["locked cost"] = 100 * (1 - f["locked rate"]/f["on rate"])
	return f, nil
}

func (t *target) fifty(d time.Duration) (smallLoad, error) { return t.wrk(50, d, false) }

func (t *target) fiftyLocked(d time.Duration) (smallLoad, error) {
	lock, err := t.b.start(true, "python3", "-c", locker, filepath.Join(t.dir, "agent", "captures", "*.db"))
	if err != nil {
		return smallLoad{}, err
	}
	defer lock.kill()
	if lock.first == "0\n" {
		return smallLoad{}, fmt.Errorf("there is no store in %s", t.dir)
	}
	return t.fifty(d)
}

func (l smallLoad) plus(m smallLoad) smallLoad {
	l.n, l.rate, l.p50, l.p99, l.errors = l.n+m.n, l.rate+m.rate, l.p50+m.p50, l.p99+m.p99, l.errors+m.errors
	l.errorsInWords += m.errorsInWords
	return l
}
