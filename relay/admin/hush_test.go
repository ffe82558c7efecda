package admin

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestHush: the library says nothing while it is initialised, and what comes later can be heard.
func TestHush(t *testing.T) {
	c := exec.Command(os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var order []string
	for line := range strings.Lines(string(out)) { // "init PACKAGE @0.1 ms, …"
		if f := strings.Fields(line); len(f) > 1 && f[0] == "init" {
			order = append(order, f[1])
		}
	}
	const room = "github.com/adit-tunnel/adit/relay/admin"
	first, library, last := slices.Index(order, room+"/hush"), slices.Index(order, "github.com/VictoriaMetrics/metrics"), slices.Index(order, room)
	if first < 0 || library < first || last < library {
		t.Errorf("initialised as number %d, %d and %d", first, library, last)
	}
}
