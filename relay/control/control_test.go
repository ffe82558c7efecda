package control

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func mustCreate(t *testing.T, path, account, plan string) string {
	t.Helper()
	token, err := AppendToken(path, account, plan)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// followed is a store that follows the token file at path.
func followed(t *testing.T, path string, tell func(Adopted), report func(error)) Lookup {
	t.Helper()
	s, _, err := Open(filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if tell == nil {
		tell = func(Adopted) {}
	}
	if report == nil {
		report = func(err error) { t.Errorf("reported: %v", err) }
	}
	l, err := Follow(s, path, tell, report)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func gives(t *testing.T, l Lookup, token, account, plan string) {
	t.Helper()
	g, err := l.Authenticate(token)
	if err != nil || g.Account != account || g.Plan != plan {
		t.Fatalf("got %+v %v, want %s on %s", g, err, account, plan)
	}
	if _, err := l.Renew(g); err != nil {
		t.Fatalf("%+v is not renewed: %v", g, err)
	}
}

func unknown(t *testing.T, l Lookup, token string) {
	t.Helper()
	if g, err := l.Authenticate(token); !errors.Is(err, ErrUnknownToken) || g.Account != "" {
		t.Fatalf("got %+v %v, want an unknown token", g, err)
	}
}

// touch writes the file with a time stamp of its own, so that the test does not depend on how fine the file system's clock is.
func touch(t *testing.T, path, text string, age time.Duration) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-age)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
}

func TestCreatedTokensAreKnown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	one := mustCreate(t, path, "acme", "free")
	two := mustCreate(t, path, "jo@example.com", "pro-2")
	s := followed(t, path, nil, nil)
	gives(t, s, one, "acme", "free")
	gives(t, s, two, "jo@example.com", "pro-2")
	unknown(t, s, "")
	unknown(t, s, one[:len(one)-1])
	unknown(t, s, one+" ")

	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), one) || strings.Contains(string(text), strings.TrimPrefix(one, TokenPrefix)) {
		t.Error("the file holds a token")
	}
	if !strings.HasPrefix(string(text), "# ") || !strings.Contains(strings.SplitN(string(text), "\n", 2)[0], "sha256:HEX account plan created") {
		t.Errorf("the first line does not say what the file is:\n%s", text)
	}
	if i, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && i.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", i.Mode(), err)
	}
}

func TestTokenShape(t *testing.T) {
	token, err := newToken(strings.NewReader(strings.Repeat("\x00", tokenBytes)))
	if err != nil || token != TokenPrefix+strings.Repeat("0", tokenChars) {
		t.Errorf("%q %v", token, err)
	}
	token, err = newToken(strings.NewReader(strings.Repeat("\xff", tokenBytes)))
	if err != nil || len(token) != len(TokenPrefix)+tokenChars {
		t.Errorf("%q %v", token, err)
	}
	if _, err = newToken(strings.NewReader("short")); err == nil {
		t.Error("a token of too few random bytes")
	}
}

func TestRevokedWhileRunning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	one := mustCreate(t, path, "acme", "free")
	var reports []error
	s := followed(t, path, nil, func(err error) { reports = append(reports, err) })
	gives(t, s, one, "acme", "free")
	two := mustCreate(t, path, "other", "free")
	gives(t, s, two, "other", "free")
	withdrawn, err := s.Authenticate(one)
	if err != nil {
		t.Fatal(err)
	}

	touch(t, path, tokenLine(two, "other", "pro", time.Now()), time.Hour)
	if _, err := s.Renew(withdrawn); !errors.Is(err, ErrUnknownToken) {
		t.Errorf("what a withdrawn token gave still stands: %v", err)
	}
	touch(t, path, "", 2*time.Hour)
	if _, err := s.Authenticate(two); err != nil || len(reports) != 1 {
		t.Errorf("an empty file withdraws tokens: %v, reports %v", err, reports)
	}
	reports = nil
	touch(t, path, tokenLine(two, "other", "pro", time.Now()), 3*time.Hour)
	unknown(t, s, one)
	gives(t, s, two, "other", "free") // the plan is the store's to change, not the line's
	if len(reports) != 0 {
		t.Errorf("reports: %v", reports)
	}
}

func TestBrokenEditKeepsWhatWasKnown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	one := mustCreate(t, path, "acme", "free")
	var reports []string
	s := followed(t, path, nil, func(err error) { reports = append(reports, err.Error()) })
	reported := func(n int, part string) {
		t.Helper()
		gives(t, s, one, "acme", "free")
		unknown(t, s, "")
		unknown(t, s, "adit_x")
		if len(reports) != n || !strings.Contains(reports[n-1], part) {
			t.Fatalf("reports: %q, want %d, the last one with %q", reports, n, part)
		}
	}
	touch(t, path, "# edited\nsha256:12 acme free\n", time.Hour)
	reported(1, path+":2: ")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	reported(2, path)
	touch(t, path, tokenLine(one, "acme", "pro", time.Now()), 2*time.Hour)
	gives(t, s, one, "acme", "free")
	if len(reports) != 2 {
		t.Fatalf("reports: %q", reports)
	}
	touch(t, path, "# nobody\n", 3*time.Hour)
	unknown(t, s, one)
}

func TestLines(t *testing.T) {
	hash := "sha256:" + strings.Repeat("0a", 32)
	for line, want := range map[string]string{
		hash + " acme free 2026-01-31":     "",
		hash + " acme free":                "",
		"\ufeff" + hash + " acme free\r\n": "",
		"  " + hash + "\tacme  free ":      "",
		"# " + hash:                        "",
		"":                                 "",
		hash + " acme":                     "this one has 2",
		hash + " acme free 2026-01-31 x":   "this one has 5",
		hash + " acme free yesterday":      "day of creation is not",
		"adit_secret acme free":            "not sha256:HEX",
		"sha256:0a acme free":              "64 hex digits, this one 2",
		"sha256:" + strings.Repeat("0a", 31) + "0 a b":  "this one 63",
		"sha256:" + strings.Repeat("0g", 32) + " a b":   "hex",
		hash + " ac/me free":                            "ac/me",
		hash + " acme -free":                            "-free",
		hash + " acme " + strings.Repeat("x", 65):       "longer than 64",
		hash + " a b\n" + hash + " c d":                 "tokens:2: the same token as in line 1",
		"#\n\n" + hash + " a\n":                         "tokens:3: ",
		hash + " acme \x1b[2J":                          `\x1b`,
		hash[:len(hash)-2] + "0A c d\n" + hash + " a b": "line 1",
	} {
		_, err := parse("tokens", []byte(line))
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", line, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %q in it", line, err, want)
		case err != nil && strings.Contains(err.Error(), "secret"):
			t.Errorf("%q: the error repeats what may be a token: %v", line, err)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "tokens")
	for _, c := range [][2]string{{"", "free"}, {"acme", ""}, {"a b", "free"}, {"acme\n", "free"}, {"#acme", "free"}, {"acme", "fr\x00ee"}} {
		if token, err := AppendToken(path, c[0], c[1]); err == nil || token != "" {
			t.Errorf("%q: %q %v", c, token, err)
		}
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a refused token left a file behind")
	}
	const broken = "no token file\n"
	touch(t, path, broken, 0)
	if _, err := AppendToken(path, "acme", "free"); err == nil || !strings.Contains(err.Error(), path+":1: ") {
		t.Errorf("a broken file: %v", err)
	}
	if text, err := os.ReadFile(path); string(text) != broken {
		t.Errorf("the broken file is now %q %v", text, err)
	}
	if _, err := AppendToken(filepath.Join(dir, "none", "tokens"), "acme", "free"); err == nil {
		t.Error("a token in a directory that does not exist")
	}
}

func TestCreateAfterAnUnfinishedLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	touch(t, path, strings.TrimSuffix(tokenLine("adit_x", "acme", "free", time.Now()), "\n"), 0)
	two := mustCreate(t, path, "other", "free")
	s := followed(t, path, nil, nil)
	gives(t, s, "adit_x", "acme", "free")
	gives(t, s, two, "other", "free")
}

func TestCreateAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	tokens := make([]string, 8)
	var wg sync.WaitGroup
	for i := range tokens {
		wg.Go(func() {
			token, err := AppendToken(path, "acme", "free")
			if err != nil {
				t.Error(err)
			}
			tokens[i] = token
		})
	}
	wg.Wait()
	s := followed(t, path, nil, nil)
	for _, token := range tokens {
		gives(t, s, token, "acme", "free")
	}
	text, _ := os.ReadFile(path)
	if n := strings.Count(string(text), "# adit tokens"); n != 1 {
		t.Errorf("%d headers", n)
	}
}

// full is a store that takes no token file over while it is sick.
type full struct {
	Store
	sick error
}

func (f *full) Adopt(file string, lines []Line) (Adopted, error) {
	if f.sick != nil {
		return Adopted{}, f.sick
	}
	return f.Store.Adopt(file, lines)
}

// TestRevokedOnAFullDisk: a line that is gone while the store can write nothing is told of once a minute, and revokes its token as soon as the store can.
func TestRevokedOnAFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	one, two := mustCreate(t, path, "acme", "free"), mustCreate(t, path, "acme", "free")
	own, _, err := Open(filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	store, reports := &full{Store: own}, 0
	l, err := Follow(store, path, func(Adopted) {}, func(error) { reports++ })
	if err != nil {
		t.Fatal(err)
	}
	f := l.(*follower)
	store.sick = errors.New("no space left on device")
	touch(t, path, tokenLine(two, "acme", "free", time.Now()), time.Hour)
	gives(t, l, one, "acme", "free")
	for i, minutes := range []int{0, 1, 0} {
		f.failed, f.said = f.failed.Add(-adoptAgain), f.said.Add(-time.Duration(minutes)*sayAgain)
		gives(t, l, one, "acme", "free")
		if want := []int{1, 2, 2}[i]; reports != want {
			t.Errorf("%d reports, want %d", reports, want)
		}
	}
	store.sick = nil
	f.failed = f.failed.Add(-adoptAgain)
	unknown(t, l, one)
	gives(t, l, two, "acme", "free")
	if reports != 2 {
		t.Errorf("%d reports", reports)
	}
}

func TestMissingFileSaysHowToMakeOne(t *testing.T) {
	_, err := Follow(nil, filepath.Join(t.TempDir(), "tokens"), nil, nil)
	if err == nil || !strings.Contains(err.Error(), "adit relay token create") {
		t.Fatal(err)
	}
}

func TestAuthenticateWhileItChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	token := mustCreate(t, path, "acme", "free")
	s := followed(t, path, nil, nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				if g, err := s.Authenticate(token); err != nil || g.Account != "acme" {
					t.Errorf("%+v %v", g, err)
				}
			}
		})
	}
	for range 10 {
		mustCreate(t, path, "other", "free")
	}
	wg.Wait()
}

// Whatever is accepted can be written again and means the same; errors name the place and never hold control characters.
func FuzzParse(f *testing.F) {
	hash := "sha256:" + strings.Repeat("0a", 32)
	for _, s := range []string{header, hash + " acme free 2026-01-31\n", hash + " a b", "#\r\n\r\n" + hash + " a b\r\n" + hash + " a b", "sha256: a b", "\ufeff", "adit_x a b\n", hash + " \x1b a"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		tab, err := parse("tokens", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "tokens:") || strings.ContainsAny(err.Error(), "\x1b\x00\n\r") {
				t.Fatalf("%q: %q", text, err)
			}
			return
		}
		for _, e := range tab {
			if checkName("account", e.Account) != nil || checkName("plan", e.Plan) != nil || e.Number == 0 {
				t.Fatalf("%q: %+v", text, e)
			}
		}
		again, err := parse("tokens", append(text, "\n# more\n"...))
		if err != nil || !slices.Equal(again, tab) {
			t.Fatalf("%q: %v, then %v %v", text, tab, again, err)
		}
	})
}
