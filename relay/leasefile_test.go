package relay

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// TestLeasesThatCannotBeWritten: it is said once a minute, tried again though nothing changes, and nothing is missing when it works again.
func TestLeasesThatCannotBeWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		var log wiretest.Log
		l, _, err := openLeases(dir, slog.New(slog.NewTextHandler(&log, nil))) // there is no such directory
		if err != nil {
			t.Fatal(err)
		}
		for i := range 24 {
			l.Note([]registry.Lease{{Name: fmt.Sprint("n", i), Account: "acme", Epoch: 1}})
			time.Sleep(5*time.Second + time.Millisecond)
		}
		if n := strings.Count(log.String(), "not written down"); n < 2 || n > 3 {
			t.Errorf("said %d times in two minutes:\n%s", n, log.String())
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * leasesAgain)
		synctest.Wait()
		if !strings.Contains(log.String(), "written down again") {
			t.Errorf("not said that it works again:\n%s", log.String())
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	again, old, err := openLeases(dir, discard)
	if err != nil || len(old) != 24 {
		t.Errorf("%d leases %v", len(old), err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestLeaseIsReadBack: all of it that counts for the next process.
func TestLeaseIsReadBack(t *testing.T) {
	dir := t.TempDir()
	l, _, err := openLeases(dir, discard)
	if err != nil {
		t.Fatal(err)
	}
	want := registry.Lease{Name: ":20000", Account: "acme", Instance: "one", Endpoint: "ssh", Epoch: 7}
	l.Note([]registry.Lease{want})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again, old, err := openLeases(dir, discard)
	if err != nil || len(old) != 1 || old[0] != want {
		t.Errorf("%+v %v", old, err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestHalfALease: what a full disk has left of a line is no lease, and does not spoil the next one, though the file cannot be made anew.
func TestHalfALease(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l, _, err := openLeases(dir, discard)
	if err != nil {
		t.Fatal(err)
	}
	l.Note([]registry.Lease{{Name: "one", Account: "acme", Epoch: 1}})
	if _, err := l.f.WriteString(`{"name":"two","account":"ac`); err != nil {
		t.Fatal(err)
	}
	l.failed = true // as with that write
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Skipf("an open file's directory cannot be renamed here: %v", err)
	}
	l.Note([]registry.Lease{{Name: "three", Account: "acme", Epoch: 3}})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again, old, err := openLeases(dir+".away", discard)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, e := range old {
		names[e.Name] = true
	}
	if !names["one"] || names["two"] || !names["three"] {
		t.Errorf("read back: %v", names)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
