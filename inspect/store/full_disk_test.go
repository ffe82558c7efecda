//go:build linux

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/adit-tunnel/adit/inspect"
)

// smallDisk mounts a disk of 4 MiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("adit-test", dir, "tmpfs", 0, "size=4m,mode=0700"); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves no byte free on a disk; empty takes that back.
func fill(t *testing.T, dir string) (empty func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// A full disk stops what is kept, not what is recorded and shown; it is said, and when there is room everything that is still in the window is written. So it
// is when the disk was full from the beginning.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"later", "from the beginning"} {
		t.Run(when, func(t *testing.T) {
			disk := smallDisk(t)
			dir := filepath.Join(disk, "captures")
			run(t, Options{Dir: dir}).stop()
			var s *running
			var empty func()
			if when == "later" {
				s = run(t, Options{Dir: dir})
				s.Record(exchange("before", inspect.Done, 10))
				s.settled()
				empty = fill(t, disk)
			} else {
				empty = fill(t, disk)
				s = run(t, Options{Dir: dir})
			}
			for i := range 100 {
				s.Record(exchange(fmt.Sprint("x", i), inspect.Done, 20_000))
			}
			eventually(t, "people are told", func() bool { return strings.Contains(s.Keeping().Problem, "the disk is full") })
			items, err := inspect.Collect(s.List(t.Context(), inspect.Query{Limit: 100}))
			if len(items) != 100 || items[0].Committed {
				t.Errorf("%d are shown, %v", len(items), err)
			}
			if it, err := s.Get(t.Context(), "x50"); err != nil || len(it.Request.Body) != 20_000 {
				t.Errorf("%+v, %v", it, err)
			}
			empty()
			s.settled()
			eventually(t, "all is well", func() bool { return s.Keeping().Problem == "" })
			s.stop()
			if n := len(list(t, attach(t, dir), inspect.Query{Limit: -1})); n < 100 {
				t.Errorf("%d are kept", n)
			}
		})
	}
}
