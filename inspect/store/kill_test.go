package store

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// Of an agent that is killed while it records a thousand exchanges a second, nothing is missing that was shown as committed, what was under way is said to be
// interrupted, and nothing of its run is left behind. Meanwhile another agent on the same store goes on.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other := run(t, Options{Dir: dir})
	committed := kill(t, dir, 2000)
	orphan := filepath.Join(dir, "bodies", "ab", "orphan.request")
	if err := errors.Join(os.MkdirAll(filepath.Dir(orphan), 0o700), os.WriteFile(orphan, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	other.Record(exchange("other", inspect.Done, 1))
	other.settled()
	other.stop()

	s := attach(t, dir)
	states := map[string]inspect.State{}
	for _, it := range list(t, s, inspect.Query{Limit: -1}) {
		states[string(it.ID)] = it.State
	}
	for id, state := range committed {
		kept, there := states[id]
		if !there || state != kept.String() && (state != "pending" || kept != inspect.Interrupted && kept != inspect.Done) {
			t.Errorf("%s was shown as committed and %s, and is %v, %v", id, state, kept, there)
		}
	}
	if len(states) < len(committed) || states["x0"] != inspect.Interrupted || states["other"] != inspect.Done {
		t.Errorf("%d kept, %d had been shown as committed; x0 is %v, other %v", len(states), len(committed), states["x0"], states["other"])
	}
	for _, pattern := range []string{"run-*", "spill-*", "bodies/*/*"} {
		if left, err := filepath.Glob(filepath.Join(dir, pattern)); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

// kill starts an agent and kills it when it has shown so many states as committed; it returns the last one of each exchange.
func kill(t *testing.T, dir string, states int) map[string]string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program)
	c.Env = append(os.Environ(), victimDir+"="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	committed := map[string]string{}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		id, state, ok := strings.Cut(lines.Text(), " ")
		if !ok || !strings.HasPrefix(id, "x") {
			t.Error("the agent said: ", lines.Text())
		}
		if committed[id] = state; n == states {
			if err := c.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	if err := c.Wait(); err == nil {
		t.Error("the agent ended by itself")
	}
	return committed
}
