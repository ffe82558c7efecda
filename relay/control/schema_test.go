package control

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// versionOne is a store as the first version left it. It is not to be changed.
const versionOne = `
CREATE TABLE changes (n INTEGER NOT NULL) STRICT;
INSERT INTO changes VALUES (17);
CREATE TABLE plans (
	name TEXT PRIMARY KEY, endpoints INTEGER NOT NULL, sessions INTEGER NOT NULL, rate INTEGER NOT NULL,
	bandwidth INTEGER NOT NULL, session_seconds INTEGER NOT NULL, random_only INTEGER NOT NULL
) STRICT;
INSERT INTO plans VALUES ('free', 3, 0, 0, 0, 7200, 1);
CREATE TABLE accounts (
	name TEXT PRIMARY KEY, plan TEXT NOT NULL REFERENCES plans (name), proof TEXT NOT NULL UNIQUE, created INTEGER NOT NULL
) STRICT;
INSERT INTO accounts VALUES ('acme', 'free', 'adit-account=00ff', 1700000000000);
CREATE TABLE tokens (
	id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, account TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
	scopes TEXT NOT NULL, note TEXT NOT NULL, file TEXT NOT NULL, absent INTEGER NOT NULL, created INTEGER NOT NULL
) STRICT;
INSERT INTO tokens VALUES ('tok_old', x'%x', 'acme', '{"names":["app-*"],"from":["10.0.0.0/8"]}', 'the build', '', 0, 1700000000001);
CREATE INDEX tokens_account ON tokens (account);
CREATE TABLE adopted (hash BLOB PRIMARY KEY) STRICT;
CREATE TABLE domains (
	name TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE, created INTEGER NOT NULL
) STRICT;
INSERT INTO domains VALUES ('www.example.com', 'acme', 1700000000002);
PRAGMA user_version = 1;
`

// oldStore writes a store of the first version.
func oldStore(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "control.db")
	raw(t, path, fmt.Sprintf(versionOne, sha256.Sum256([]byte("adit_old"))))
	return path
}

// raw does statements on a file, past the store.
func raw(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statements); err != nil {
		t.Fatal(err)
	}
}

func version(t *testing.T, path string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if n, err = schemaVersion(db); err != nil {
		t.Fatal(err)
	}
	return n
}

func mustOpen(t *testing.T, path string) Store {
	t.Helper()
	s, notice, err := Open(path)
	if err != nil || notice != "" {
		t.Fatalf("%q %v", notice, err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestMigration: a store of the first version is brought up to date with all that is in it, and kept as it was beside it.
func TestMigration(t *testing.T) {
	path := oldStore(t)
	leftover := path + ".v1" // of a migration that did not succeed
	if err := os.WriteFile(leftover, []byte("half a copy"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, path)
	g, err := s.Authenticate("adit_old")
	if err != nil || g.Account != "acme" || g.Proof != "adit-account=00ff" || g.Limits != (Limits{Endpoints: 3, SessionFor: 7200, RandomOnly: true}) {
		t.Errorf("%+v %v", g, err)
	}
	if !slices.Equal(g.Scopes.Names, []string{"app-*"}) || len(g.Scopes.From) != 1 || g.Scopes.From[0].String() != "10.0.0.0/8" {
		t.Errorf("%+v", g.Scopes)
	}
	if who, err := s.Owner("www.example.com"); who != "acme" || err != nil {
		t.Errorf("%q %v", who, err)
	}
	if err := s.PutItem("certificates/a", []byte("new")); err != nil {
		t.Error(err)
	}
	if unused, err := s.Unused(); unused || err != nil {
		t.Errorf("unused: %v %v", unused, err)
	}
	if n := version(t, path); n != len(schema) {
		t.Errorf("version %d", n)
	}
	if n := version(t, leftover); n != 1 {
		t.Errorf("the copy has version %d", n)
	}
	fresh := filepath.Join(t.TempDir(), "control.db")
	mustOpen(t, fresh)
	for _, p := range []string{leftover, fresh, fresh + "-wal"} {
		if i, err := os.Stat(p); err != nil || runtime.GOOS != "windows" && i.Mode().Perm() != 0o600 {
			t.Errorf("%s is open to others, or missing: %v", p, err)
		}
	}
}

// TestMigrationFails: what cannot be brought up to date stays what it was.
func TestMigrationFails(t *testing.T) {
	path := oldStore(t)
	raw(t, path, "CREATE TABLE items (mine TEXT)")
	if _, _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Fatalf("opened: %v", err)
	}
	if n := version(t, path); n != 1 {
		t.Errorf("version %d", n)
	}
}

// TestMigrationAtOnce: several processes find the old store.
func TestMigrationAtOnce(t *testing.T) {
	path := oldStore(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, _, err := Open(path)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if _, err := s.Authenticate("adit_old"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// TestBegin: a store is there whole or not at all, whatever was left before; what is there without content, or a link to nothing, is none that may be begun.
func TestBegin(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "control.db")
	for _, left := range []string{".new", ".new-wal", "-wal"} {
		if err := os.WriteFile(path+left, []byte("half of something"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, _, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if all, err := filepath.Glob(path + "*"); err != nil || !slices.Equal(all, []string{path, path + ".lock"}) {
		t.Errorf("there are %v %v", all, err)
	}

	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(path); !errors.Is(err, errEmpty) {
		t.Errorf("without content: %v", err)
	}
	if i, err := os.Stat(path); err != nil || i.Size() != 0 {
		t.Errorf("it was touched: %v %v", i, err)
	}

	link := filepath.Join(dir, "link.db")
	if err := os.Symlink(filepath.Join(dir, "not mounted", "control.db"), link); err != nil {
		t.Skip(err)
	}
	if _, _, err := Open(link); err == nil || !strings.Contains(err.Error(), "it is a link to "+filepath.Join(dir, "not mounted")) {
		t.Errorf("a link to nothing: %v", err)
	}
}

// TestForeignFile: a file that is SQLite's but not ours is left as it is, with a word.
func TestForeignFile(t *testing.T) {
	for _, change := range []string{"CREATE TABLE plans (x)", "PRAGMA user_version = -1"} {
		path := filepath.Join(t.TempDir(), "control.db")
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Exec(change)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "not adit's") {
			t.Errorf("%s: %v", change, err)
		}
	}
}

// TestNewerStore: what a newer program wrote is read, and left alone.
func TestNewerStore(t *testing.T) {
	path := oldStore(t)
	mustOpen(t, path).Close()
	raw(t, path, fmt.Sprintf("ALTER TABLE tokens ADD COLUMN mood TEXT; PRAGMA user_version = %d", len(schema)+1))
	s, notice, err := Open(path)
	if err != nil || !strings.Contains(notice, path) || !strings.Contains(notice, "newer version") || !strings.Contains(notice, "\n  update") {
		t.Fatalf("%q %v", notice, err)
	}
	defer s.Close()
	g, err := s.Authenticate("adit_old")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Renew(g); err != nil {
		t.Error(err)
	}
	_, _, made := s.CreateToken(Token{Account: "acme"})
	for what, err := range map[string]error{"token": made, "revoke": s.RevokeToken("tok_old"), "plan": s.SetPlan(Plan{Name: "x"}), "item": s.PutItem("a", nil)} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: %v", what, err)
		}
	}
	tokens := filepath.Join(filepath.Dir(path), "tokens")
	mustCreate(t, tokens, "late", "free")
	var reports []string
	if _, err := Follow(s, tokens, func(Adopted) {}, func(err error) { reports = append(reports, err.Error()) }); err != nil || len(reports) != 1 || !strings.Contains(reports[0], "newer version") {
		t.Errorf("a token file: %v %q", err, reports)
	}
	if n := version(t, path); n != len(schema)+1 {
		t.Errorf("version %d", n)
	}
}

// TestTwoProcesses: what one changes, another that has the store open sees.
func TestTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	relay, cli := mustOpen(t, path), mustOpen(t, path)
	if _, err := cli.CreateAccount("acme", DefaultPlan); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 5 {
				secret, made, err := cli.CreateToken(Token{Account: "acme"})
				if err != nil {
					t.Error(err)
					return
				}
				g, err := relay.Authenticate(secret)
				if err != nil || g.Account != "acme" {
					t.Errorf("%+v %v", g, err)
				}
				if err := relay.SetPlan(Plan{Name: "p" + made.ID[4:]}); err != nil {
					t.Error(err)
				}
				if err := cli.RevokeToken(made.ID); err != nil {
					t.Error(err)
				}
				if _, err := relay.Authenticate(secret); !errors.Is(err, ErrUnknownToken) {
					t.Errorf("revoked: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func TestNamePatterns(t *testing.T) {
	const domain = "tunnel.test"
	for _, c := range []struct {
		pattern, host string
		want          bool
	}{
		{"app", "app.tunnel.test", true},
		{"app", "apps.tunnel.test", false},
		{"app", "app.other.test", false},
		{"app-*", "app-1.tunnel.test", true},
		{"app-*", "app-.tunnel.test", true},
		{"app-*", "app.tunnel.test", false},
		{"*", "anything.tunnel.test", true},
		{"*", "a.b.tunnel.test", false},
		{"*", "www.example.com", false},
		{"*.example.com", "www.example.com", true},
		{"*.example.com", "example.com", false},
		{"*.example.com", "a.b.example.com", false},
		{"*.example.com", "www.example.com.tunnel.test", false},
		{"a*b*c", "axbxc.tunnel.test", true},
		{"a*b*c", "abc.tunnel.test", true},
		{"a*b*c", "acb.tunnel.test", false},
		{"a*ba", "aba.tunnel.test", true},
		{"ab*ba", "aba.tunnel.test", false},
		{"*-*", "--.tunnel.test", true},
		{"**", "x.tunnel.test", true},
	} {
		if got := (Scopes{Names: []string{"never.example.org", c.pattern}}).AllowsName(c.host, domain); got != c.want {
			t.Errorf("%q for %s: %v", c.pattern, c.host, got)
		}
	}
	if !(Scopes{}).AllowsName("anything.test", domain) {
		t.Error("no names allow none")
	}
}
