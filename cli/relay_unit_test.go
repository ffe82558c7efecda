package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// mostExposed is what "systemd-analyze security" may give the relay's unit, of 10. The rest is what a server needs: sockets, a port below 1024.
const mostExposed = 2.0

// TestRelayUnit asks systemd what it thinks of the relay's unit.
func TestRelayUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "adit-relay.service")
	if err := os.WriteFile(path, []byte(unitOfRelay(self, `/etc/adit/100% "$HOME".yml`)), 0o644); err != nil {
		t.Fatal(err)
	}
	analyze := func(args ...string) string {
		out, err := exec.Command("systemd-analyze", append(args, path)...).CombinedOutput()
		if err != nil {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out := analyze("verify", "--man=no"); strings.Contains(out, "adit-relay.service") {
		t.Error(out)
	}
	out := analyze("security", "--offline=true", "--no-pager")
	m := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no level in\n%s", out)
	}
	if level, err := strconv.ParseFloat(m[1], 64); err != nil || level > mostExposed {
		t.Errorf("exposure %s is more than %.1f\n%s", m[1], mostExposed, out)
	} else {
		t.Logf("exposure %.1f of 10", level)
	}
}
