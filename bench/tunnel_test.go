//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/cli"
)

// The test binary is also the origin, and adit: the bench starts itself for the one and a binary for the other.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case beOrigin:
			fail(runOrigin())
		case "relay", "http":
			os.Exit(cli.Main(os.Args, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Environ()))
		}
	}
	os.Exit(m.Run())
}

// Rows without wrk are measured through a real relay and a real agent, and nothing of them is left.
func TestRows(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBench(t.Context(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	chosen, err := choose(rows(), "idle,start,rtt80")
	if err != nil {
		t.Fatal(err)
	}
	all := b.rounds(chosen, []side{{name: "direct"}, {name: "adit", binary: self}}, 1)
	if len(all) != len(chosen) { // none of them has a direct side
		t.Errorf("%d outcomes", len(all))
	}
	for _, o := range all {
		if len(o.Trouble) > 0 || len(o.Figures) == 0 {
			t.Errorf("%s on %s: %v", o.Row, o.Side, o)
		}
		for key, v := range o.Figures {
			if v <= 0 {
				t.Errorf("%s on %s: %s is %v", o.Row, o.Side, key, v)
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(b.dir, "tunnel-*")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// An interrupted bench ends what it has started, and waits for it.
func TestInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	b, err := newBench(ctx, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.start(false, "sleep", "1000")
	if err != nil {
		t.Fatal(err)
	}
	interrupt()
	b.close()
	select {
	case <-c.ended:
	default:
		t.Error("a process outlives the bench")
	}
	if _, err := os.Stat(b.dir); !os.IsNotExist(err) {
		t.Errorf("the directory is left: %v", err)
	}
}
