package agent

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func take(t *testing.T, dir string) *Slot {
	t.Helper()
	s, err := TakeSlot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestSlots: two at once are two instances; one that comes again takes up the same place.
func TestSlots(t *testing.T) {
	dir := t.TempDir()
	a, b := take(t, dir), take(t, dir)
	if a.Instance() == b.Instance() || a.Dir() == b.Dir() || a.Warning() != nil {
		t.Fatalf("%s %s, %v", a.Dir(), b.Dir(), a.Warning())
	}
	if err := a.SetPort("web", 8123); err != nil {
		t.Fatal(err)
	}
	a.Close()
	c := take(t, dir)
	if c.Dir() != a.Dir() || c.Instance() != a.Instance() || c.Port("web") != 8123 || c.Port("other") != 0 {
		t.Errorf("%s %s, port %d", c.Dir(), c.Instance(), c.Port("web"))
	}
	for path, want := range map[string]os.FileMode{c.Dir(): 0o700, filepath.Join(c.Dir(), "agent.json"): 0o600, filepath.Join(c.Dir(), "lock"): 0o600} {
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, fi.Mode(), err)
		}
	}
}

// TestDemandedPort: a port that an endpoint demands is not remembered for another one of its name, which may serve what does not belong there.
func TestDemandedPort(t *testing.T) {
	a, ep := &Agent{o: Options{Slot: take(t, t.TempDir())}}, &endpoint{Endpoint: Endpoint{Name: "x", Protocol: "tcp", Port: 40022}}
	if err := a.remember(ep, 40022, ""); err != nil || a.o.Slot.Port("x") != 0 {
		t.Errorf("demanded: %d, %v", a.o.Slot.Port("x"), err)
	}
	ep.Port = 0
	if err := a.remember(ep, 40023, ""); err != nil || a.o.Slot.Port("x") != 40023 {
		t.Errorf("given: %d, %v", a.o.Slot.Port("x"), err)
	}
}

// TestCorruptSlot: a file that cannot be understood is set aside, and told of.
func TestCorruptSlot(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"instance":""}`, `{"instance":"x"}`, `{"instance":"b6b2d1c8-6a39-4b0c-9f5e-0a4a4d2d2c11","ports":{"a":70000}}`} {
		dir := t.TempDir()
		path := filepath.Join(take(t, dir).Dir(), "agent.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s := &Slot{dir: filepath.Dir(path)}
		if err := s.load(); err != nil {
			t.Fatal(err)
		}
		if s.Warning() == nil || s.Instance() == "" {
			t.Errorf("%q: warning %v", text, s.Warning())
		}
		if b, err := os.ReadFile(path + ".corrupt"); err != nil || string(b) != text {
			t.Errorf("%q: set aside %q, %v", text, b, err)
		}
	}
}

func FuzzSlotFile(f *testing.F) {
	f.Add([]byte(`{"instance":"b6b2d1c8-6a39-4b0c-9f5e-0a4a4d2d2c11","ports":{"web":8000}}`))
	f.Add([]byte(`{"instance":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseSlotFile(b)
		if err == nil && s.Instance == "" {
			t.Errorf("%q has no instance", b)
		}
		for _, p := range s.Ports {
			if err == nil && (p < 1 || p > 65535) {
				t.Errorf("port %d", p)
			}
		}
	})
}

// TestSlotThatCannotBeWritten: it is written when it can be, though nothing new comes.
func TestSlotThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	s := take(t, dir)
	synctest.Test(t, func(t *testing.T) {
		away := s.Dir() + ".away"
		if err := os.Rename(s.Dir(), away); err != nil {
			t.Fatal(err)
		}
		if err := s.SetTicket("relay:4443", "web", "ticket"); err == nil {
			t.Fatal("written to nowhere")
		}
		time.Sleep(3 * saveAgain)
		if err := os.Rename(away, s.Dir()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * saveAgain)
		synctest.Wait()
		s.Close()
	})
	if got := take(t, dir).Ticket("relay:4443", "web"); got != "ticket" {
		t.Errorf("the ticket is %q", got)
	}
}
