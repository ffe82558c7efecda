package config

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what is made into the goldens, to be read before it is kept")

// TestFiles loads what testdata/files describe: configuration files in the order of --config ("system/…", "ngrok/…", "user/…" and "project/…" stand
// for these places), "env" and "flags" with a setting a line. "want" is what comes of it: the configuration with origins and its endpoints, or all mistakes.
func TestFiles(t *testing.T) {
	paths, err := filepath.Glob("testdata/files/*.txtar")
	if err != nil || len(paths) < 40 {
		t.Fatalf("%d goldens, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			g := newGolden(t, a)
			got := g.load(t)
			if *update {
				g.write(t, path, got)
			} else if diff := cmp.Diff(g.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

type golden struct {
	archive *txtar.Archive
	dir     string
	sources Sources
	want    string
}

func newGolden(t *testing.T, a *txtar.Archive) *golden {
	g := &golden{archive: a, dir: t.TempDir()}
	g.sources.Flags = map[string][]string{}
	g.sources.StateDir = filepath.Join(g.dir, "state")
	g.sources.CheckKeys = func(_ string, keys map[string][]string, wrong func(id, text string)) { // a dashboard that cannot dance
		if _, ok := keys["dance"]; ok {
			wrong("dance", "there is no such action")
		}
	}
	for _, f := range a.Files {
		text := strings.TrimRight(string(f.Data), "\n")
		switch f.Name {
		case "want":
			g.want = string(f.Data)
		case "env":
			g.sources.Environ = strings.Split(text, "\n")
		case "flags":
			for _, line := range strings.Split(text, "\n") {
				name, value, _ := strings.Cut(line, "=")
				g.sources.Flags[name] = append(g.sources.Flags[name], value)
			}
		default:
			g.file(t, f.Name, f.Data)
		}
	}
	return g
}

func (g *golden) file(t *testing.T, name string, data []byte) {
	path := filepath.Join(g.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	switch filepath.Dir(name) {
	case "system":
		g.sources.System = path
	case "ngrok":
		g.sources.Ngrok = path
	case "user":
		g.sources.User = path
	case "project":
		g.sources.Project = path
	case ".":
		g.sources.Files = append(g.sources.Files, path)
	}
}

// load says what comes of the sources, without the paths of this run.
func (g *golden) load(t *testing.T) string {
	c, err := Load(g.sources)
	var out strings.Builder
	if err != nil {
		fmt.Fprintln(&out, err)
	} else {
		describe(&out, c)
		g.again(t, c)
	}
	return filepath.ToSlash(strings.ReplaceAll(out.String(), g.dir+string(filepath.Separator), ""))
}

// again reads what Show writes: it is a configuration like any other, and says the same.
func (g *golden) again(t *testing.T, c *Config) {
	text := c.Show(false)
	path := filepath.Join(g.dir, "shown.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	second, err := Load(Sources{Files: []string{path}})
	if err != nil {
		t.Fatalf("what is shown is not read: %v\n%s", err, text)
	}
	if diff := cmp.Diff(text, second.Show(false)); diff != "" {
		t.Errorf("what is shown is read differently; shown -, read +:\n%s", diff)
	}
	for _, secret := range []string{"tok-1234", "tok-5678", "key-1234", "2Xy_", "correct-horse", "battery-staple", "bobpassword", "shh"} {
		if strings.Contains(text, secret) {
			t.Errorf("the secret %s is shown", secret)
		}
	}
}

func describe(out *strings.Builder, c *Config) {
	section := "" // a key that has keys below it is shown with the first of them
	for _, line := range strings.SplitAfter(c.Show(true), "\n") {
		switch {
		case strings.HasSuffix(line, "# default\n"):
		case strings.HasPrefix(line, "  ") && line[2] != ' ' && strings.HasSuffix(line, ":\n"):
			section = line
		default:
			if strings.HasPrefix(line, "    ") {
				out.WriteString(section)
			}
			section = ""
			out.WriteString(line)
		}
	}
	for _, n := range c.Notices {
		fmt.Fprintln(out, "notice:", n)
	}
	for _, n := range c.NotYet {
		fmt.Fprintf(out, "not yet: %s (%s)\n", n.Key, n.Where)
	}
	for _, e := range c.Endpoints {
		fmt.Fprintf(out, "%s (%s): %s", e.Name, e.Where, e.Protocol)
		for _, part := range [][2]string{{"to", e.Address}, {"host", e.Host}, {"schemes", strings.Join(e.Schemes, ",")}, {"policy", e.Policy()}, {"metadata", e.Metadata}, {"speaking", strings.TrimPrefix(e.UpstreamProtocol, "http1")},
			{"proxy", strings.Trim(strconv.Itoa(e.ProxyProtocol), "0")}, {"verified", strings.TrimPrefix(strconv.FormatBool(e.VerifyUpstream), "false")},
			{"cas", e.UpstreamCAs}, {"crt", e.UpstreamCert}, {"key", e.UpstreamKey}} {
			if part[1] != "" {
				fmt.Fprintf(out, " %s %s", part[0], part[1])
			}
		}
		if !e.Inspect {
			out.WriteString(" not inspected")
		}
		out.WriteString("\n")
		for _, n := range e.NotYet {
			fmt.Fprintf(out, "  not yet: %s (%s)\n", n.Key, n.Where)
		}
	}
}

func (g *golden) write(t *testing.T, path, got string) {
	files := g.archive.Files[:0]
	for _, f := range g.archive.Files {
		if f.Name != "want" {
			files = append(files, f)
		}
	}
	g.archive.Files = append(files, txtar.File{Name: "want", Data: []byte(got)})
	if err := os.WriteFile(path, txtar.Format(g.archive), 0o600); err != nil {
		t.Fatal(err)
	}
}
