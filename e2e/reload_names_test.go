package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// says is a service that answers with one word.
func says(t *testing.T, word string) (port string) {
	return service(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, word) }))
}

// serves waits until a name is answered by the service that says word.
func (f *reloading) serves(name, word string) {
	f.t.Helper()
	eventually(f.t, name+" is served by "+word, func() bool {
		answer, err := http.DefaultTransport.RoundTrip(f.r.request(f.t, "http://"+name+".tunnel.test", "/"))
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		return answer.StatusCode == 200 && string(body) == word
	})
}

// putConfig writes a configuration file of these endpoints into a folder, which it makes.
func putConfig(t *testing.T, folder, endpoints string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "adit.yml"), []byte("version: 3\nendpoints:\n"+endpoints), 0o600); err != nil {
		t.Fatal(err)
	}
}

func at(name, url, port string) string {
	return fmt.Sprintf("  - {name: %s, url: %s.tunnel.test, upstream: {url: %s}}\n", name, url, port)
}

// TestReloadMovesNames: endpoints may change their names, trade their URLs, and take one that another leaves.
func TestReloadMovesNames(t *testing.T) {
	one, two := says(t, "one"), says(t, "two")
	f := follow(t, at("a", "left", one)+at("b", "right", two))
	f.waitFor(f.stdout, `^ready name=b `)
	f.serves("left", "one")
	f.serves("right", "two")

	f.write(at("a", "right", one) + at("b", "left", two))
	f.serves("right", "one")
	f.serves("left", "two")

	f.write(at("a", "left", one) + at("b", "third", two))
	f.serves("left", "one")
	f.serves("third", "two")

	f.write(at("c", "left", one) + at("b", "third", two))
	f.serves("left", "one")
	f.waitFor(f.stderr, `configuration was read again.*added=\[c\].*removed=\[a\]`)
}

// TestReloadThroughLinks: a file is followed that is reached through a link in its folder's place, and one whose folder comes later.
func TestReloadThroughLinks(t *testing.T) {
	port := says(t, "one")
	dir := t.TempDir()
	put := func(release, endpoints string) {
		t.Helper()
		putConfig(t, filepath.Join(dir, "releases", release), endpoints)
		next := filepath.Join(dir, "next")
		if err := os.Symlink(filepath.Join("releases", release), next); err != nil {
			t.Skip("no symbolic links here:", err)
		}
		if err := os.Rename(next, filepath.Join(dir, "current")); err != nil {
			t.Fatal(err)
		}
	}
	put("1", at("a", "a", port))
	f := newReloading(t, filepath.Join(dir, "current", "adit.yml"))
	f.start(cleanEnv(t), self(t), "start", "--all", "--config", f.file)
	f.waitFor(f.stdout, `^ready name=a `)
	put("2", at("a", "a", port)+at("b", "b", port))
	f.serves("b", "one")
	put("3", at("a", "a", port)+at("c", "c", port))
	f.serves("c", "one")
}

// TestReloadTellsOfSettings: a setting that counts at the next start is told as long as it is so, and no longer.
func TestReloadTellsOfSettings(t *testing.T) {
	port := says(t, "one")
	f := follow(t, at("a", "a", port))
	f.waitFor(f.stdout, `^ready name=a `)
	f.write(at("a", "a", port) + "agent: {give_up: 1h}\n")
	f.waitFor(f.stderr, `count at the next start.*err=give-up`)
	f.write(at("b", "b", port))
	f.waitFor(f.stderr, `added=\[b\]`)
	f.write(at("c", "c", port))
	f.waitFor(f.stderr, `added=\[c\]`)
	if n := strings.Count(f.stderr.text(), "count at the next start"); n != 1 {
		t.Errorf("it is told %d times:\n%s", n, f.stderr.text())
	}
}

// TestReloadOfProject: what comes into a project's file while adit runs needs trust like all else in it, and counts once it has it. A file of the person's own
// counts when it comes, though its folder was not there.
func TestReloadOfProject(t *testing.T) {
	port, env, home := says(t, "one"), cleanEnv(t), ""
	for _, kv := range env {
		if dir, ok := strings.CutPrefix(kv, "HOME="); ok {
			home = dir
		}
	}
	src, own := filepath.Join(home, "src"), filepath.Join(home, ".config", "adit")
	putConfig(t, src, at("a", "a", port))
	f := newReloading(t, "")
	f.start(env, "sh", "-c", `cd "$0" && exec "$@"`, src, self(t), "start", "--all")
	f.answers("a", 200)

	putConfig(t, src, endpointLines("a", port, "    basic_auth: [\"cmd:touch ran; echo ann:correct-horse\"]\n"))
	f.waitFor(f.stderr, `is not trusted.*cmd:touch ran`)
	f.answers("a", 200)
	if _, err := os.Stat(filepath.Join(src, "ran")); err == nil {
		t.Error("a command ran that nobody trusts")
	}
	if c := start(t, env, "trust", filepath.Join(src, "adit.yml")).code(); c != 0 {
		t.Fatalf("trust: exit code %d", c)
	}
	f.answers("a", 401)

	putConfig(t, own, at("mine", "mine", port))
	f.serves("mine", "one")
}
