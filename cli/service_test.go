package cli

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// services are one of each kind; some have paths with what systemd, XML or a shell would take for something else.
var services = map[string]serviceSpec{
	"machine.service": {goos: "linux", exe: "/usr/local/bin/adit", config: "/etc/adit/adit.yml", owner: "root", home: "/root"},
	"user.service":    {goos: "linux", user: true, exe: "/home/ann/go bin/adit", config: `/home/ann/100% $HOME "x"\y.yml`, owner: "ann", home: "/home/ann"},
	"daemon.plist":    {goos: "darwin", exe: "/usr/local/bin/adit", config: "/etc/adit/adit.yml", owner: "ann", home: "/Users/ann"},
	"agent.plist":     {goos: "darwin", user: true, exe: "/opt/a<b>&c/adit", config: "/Users/ann/adit.yml", owner: "ann", home: "/Users/ann"},
	"windows.txt":     {goos: "windows", exe: `C:\Program Files\adit\adit.exe`, config: `C:\adit\adit.yml`, data: `C:\ProgramData`},
}

func TestServiceTexts(t *testing.T) {
	for name, spec := range services {
		path := filepath.Join("testdata", "service", name)
		if *update {
			if err := os.WriteFile(path, []byte(spec.text()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := spec.text(); got != string(want) {
			t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
		}
	}
}

// TestPlistsAreXML: their words are whole behind a parser.
func TestPlistsAreXML(t *testing.T) {
	for name, spec := range services {
		if spec.goos != "darwin" {
			continue
		}
		var text strings.Builder
		d := xml.NewDecoder(strings.NewReader(spec.text()))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if c, ok := token.(xml.CharData); ok {
				text.Write(c)
			}
		}
		for _, w := range append(spec.arguments(), spec.exe) {
			if !strings.Contains(text.String(), w) {
				t.Errorf("%s does not hold %q", name, w)
			}
		}
	}
}

// TestUnitsVerify asks systemd itself, with this test's program in the place of adit.
func TestUnitsVerify(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, spec := range services {
		if spec.goos != "linux" {
			continue
		}
		verify := func(text string) (string, error) {
			path := filepath.Join(t.TempDir(), "adit.service")
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			args := []string{"verify", "--man=no", path}
			if spec.user {
				args = append([]string{"--user"}, args...)
			}
			cmd := exec.Command("systemd-analyze", args...)
			cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir())
			out, err := cmd.CombinedOutput()
			return string(out), err
		}
		spec.exe = self
		if out, err := verify(spec.text()); err != nil || strings.Contains(out, "adit.service") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		// That the tool finds what is wrong is the other half of its word.
		if out, err := verify(strings.Replace(spec.text(), "Type=exec", "Type=exec\nProtectSystm=strict\nExecStart=adit", 1)); err == nil && !strings.Contains(out, "ProtectSystm") {
			t.Errorf("%s: a broken unit passes", name)
		}
	}
}
