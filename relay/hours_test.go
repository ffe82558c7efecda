package relay

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// office is a registry with its journal: what a relay's process has of names.
type office struct {
	t    *testing.T
	reg  *registry.Registry
	file *leaseFile
	log  *bytes.Buffer
}

// openOffice is a process's start. Its end is nothing: the file is as it was left.
func openOffice(t *testing.T, dir string) *office {
	t.Helper()
	o := &office{t: t, reg: registry.New(nil), log: new(bytes.Buffer)}
	file, old, err := openLeases(dir, slog.New(slog.NewTextHandler(o.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	o.file = file
	o.reg.Keep(old, file)
	return o
}

// bind gives a name to an account; the error is nil or a *registry.Error.
func (o *office) bind(name, account string) (*registry.Endpoint, error) {
	e := &registry.Endpoint{Host: name, Account: account, Instance: "one"}
	_, err := o.reg.Bind(e, registry.Claim{})
	return e, err
}

func (o *office) gets(name, account string) *registry.Endpoint {
	o.t.Helper()
	e, err := o.bind(name, account)
	if err != nil {
		o.t.Fatalf("%s for %s: %v", name, account, err)
	}
	return e
}

// waits fails the test if name may be taken by another account than the one that has it.
func (o *office) waits(name string) {
	o.t.Helper()
	var e *registry.Error
	if _, err := o.bind(name, "stranger"); !errors.As(err, &e) || e.Code != wire.CodeNameTaken {
		o.t.Fatalf("%s: %v", name, err)
	}
}

// TestLeasesOverHours: the relay starts again and again. A name that was given back waits for 24 hours from then; one whose relay ended, from the next one's
// start, if its agent had not been lost before. Starting once more makes none of it longer.
func TestLeasesOverHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		o := openOffice(t, dir)
		given, held, lost := o.gets("given.test", "acme"), o.gets("held.test", "acme"), o.gets("lost.test", "acme")
		o.reg.Unbind(given)
		o.reg.Lose(lost)
		time.Sleep(23 * time.Hour)
		o = openOffice(t, dir)
		for _, name := range []string{"given.test", "held.test", "lost.test"} {
			o.waits(name)
		}
		time.Sleep(2 * time.Hour) // 25
		o = openOffice(t, dir)
		o.gets("given.test", "stranger")
		o.waits("held.test")
		time.Sleep(21 * time.Hour) // 46
		o = openOffice(t, dir)
		o.waits("held.test")
		if again := o.gets("held.test", "acme"); again.Epoch <= held.Epoch {
			t.Errorf("epoch %d after %d", again.Epoch, held.Epoch)
		}
		time.Sleep(2 * time.Hour) // 48
		o = openOffice(t, dir)
		o.waits("held.test")
		o.gets("lost.test", "stranger")
		if text := o.log.String(); text != "" {
			t.Errorf("logged %s", text)
		}
	})
}

// TestDamagedLeases: what can be read counts. Only a line in the middle that cannot is worth a word: the last one was being written when the process ended.
func TestDamagedLeases(t *testing.T) {
	line := func(name string, epoch int) string {
		return fmt.Sprintf(`{"name":%q,"account":"acme","instance":"one","epoch":%d}`+"\n", name, epoch)
	}
	a, b := line("a.test", 7), line("b.test", 8)
	for _, c := range []struct {
		name, text string
		lost       string // the name that is free
		warned     string
	}{
		{"whole", a + b, "", ""},
		{"empty", "", "a.test b.test", ""},
		{"a torn last line", a + b[:len(b)/2], "b.test", ""},
		{"a last line without its end", a + b[:len(b)-1], "", ""},
		{"a damaged line", a[:10] + "\n" + b, "a.test", "line=1"},
		{"a line that says nothing", "{}\n" + a + b, "", "line=1"},
		{"zeros, as after a power cut", a + strings.Repeat("\x00", 4096), "b.test", ""},
		{"zeros in the middle", a + strings.Repeat("\x00", 4096) + "\n" + b, "", "line=2"},
		{"two of them", "x\n" + a + "y\n" + b, "", "line=3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, leasesFile), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			o := openOffice(t, dir)
			for _, name := range []string{"a.test", "b.test"} {
				if _, err := o.bind(name, "stranger"); (err == nil) != strings.Contains(c.lost, name) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if n, text := strings.Count(o.log.String(), "WARN"), o.log.String(); n > 1 || (n == 1) != (c.warned != "") || !strings.Contains(text, c.warned) {
				t.Errorf("logged %s", text)
			}
			again := openOffice(t, dir) // it was mended
			if again.log.Len() > 0 {
				t.Errorf("the next start logs %s", again.log)
			}
		})
	}
}

// TestLinesOfTheOldProcess: a line of the process before, behind one of the next, does not bring back what it had.
func TestLinesOfTheOldProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		text := `{"name":"a.test","account":"acme","instance":"two","epoch":9}
{"name":"a.test","account":"emca","instance":"one","epoch":8,"until":"1999-12-31T00:00:00Z"}
`
		if err := os.WriteFile(filepath.Join(dir, leasesFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o := openOffice(t, dir)
		o.waits("a.test")
		if e := o.gets("a.test", "acme"); e.Epoch <= 9 {
			t.Errorf("epoch %d", e.Epoch)
		}
	})
}

// TestOldProcessWritesAnew: a process that still runs beside the next one, and has so much to write that it would make the file anew, does not take the next
// one's file away.
func TestOldProcessWritesAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		old := openOffice(t, dir)
		old.gets("old.test", "acme")
		next := openOffice(t, dir)
		next.gets("before.test", "acme")
		old.writesMuch()
		next.gets("behind.test", "acme")
		third := openOffice(t, dir)
		for _, name := range []string{"old.test", "before.test", "behind.test"} {
			third.waits(name)
		}
	})
}

// writesMuch makes the journal longer than it may be.
func (o *office) writesMuch() {
	o.t.Helper()
	for i := range rewriteAfter/2 + 1 {
		o.reg.Unbind(o.gets(fmt.Sprintf("n%d.test", i%100), "acme"))
	}
}

// TestLongLeaseFile: a journal that has grown long is made anew, without what is over.
func TestLongLeaseFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		o := openOffice(t, dir)
		o.gets("held.test", "acme")
		o.reg.Unbind(o.gets("over.test", "acme"))
		time.Sleep(25 * time.Hour)
		o.writesMuch()
		text, err := os.ReadFile(filepath.Join(dir, leasesFile))
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte("\n")); n > 200 || !bytes.Contains(text, []byte("held.test")) || bytes.Contains(text, []byte("over.test")) {
			t.Errorf("%d lines:\n%.300s", n, text)
		}
		o.gets("later.test", "acme")
		o = openOffice(t, dir)
		o.waits("held.test")
		o.waits("later.test")
		o.waits("n7.test")
	})
}

// TestFullDisk: when nothing can be written, names are given all the same, and the log says so once. What was given meanwhile is in the file as soon as there
// is room again, whatever became of the lines that were being written.
func TestFullDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	o := openOffice(t, dir)
	o.gets("before.test", "acme")
	for round := range 2 {
		if _, err := o.file.f.WriteString(`{"name":"torn`); err != nil { // what a full disk had room for
			t.Fatal(err)
		}
		o.file.f.Close() // it takes no more
		if err := os.Rename(dir, dir+".away"); err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			o.gets(fmt.Sprintf("n%d.round%d.test", i, round), "acme")
		}
		if n := strings.Count(o.log.String(), "ERROR"); n != 1 {
			t.Errorf("round %d: %d errors in the log\n%s", round, n, o.log)
		}
		if err := os.Rename(dir+".away", dir); err != nil {
			t.Fatal(err)
		}
		o.gets(fmt.Sprintf("after.round%d.test", round), "acme")
		next := openOffice(t, dir)
		next.waits("before.test")
		next.waits(fmt.Sprintf("n7.round%d.test", round))
		next.waits(fmt.Sprintf("after.round%d.test", round))
		o = next
	}
}

// TestStartOnAFullDisk: a relay starts all the same, says so, and has its leases in the file as soon as there is room.
func TestStartOnAFullDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	o := openOffice(t, dir) // nothing can be made in it: it is not there
	o.gets("a.test", "acme")
	o.gets("b.test", "acme")
	if n := strings.Count(o.log.String(), "ERROR"); n != 1 {
		t.Errorf("%d errors in the log\n%s", n, o.log)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	o.gets("c.test", "acme")
	next := openOffice(t, dir)
	for _, name := range []string{"a.test", "b.test", "c.test"} {
		next.waits(name)
	}
}

// TestLeaseFileThatCannotBeMadeAnew: what is added is in the file nevertheless.
func TestLeaseFileThatCannotBeMadeAnew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	o := openOffice(t, dir)
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Skipf("an open file's directory cannot be renamed here: %v", err)
	}
	o.writesMuch()
	o.gets("held.test", "acme")
	if n := strings.Count(o.log.String(), "ERROR"); n != 1 {
		t.Errorf("%d errors in the log\n%.1000s", n, o.log)
	}
	openOffice(t, dir+".away").waits("held.test")
}
