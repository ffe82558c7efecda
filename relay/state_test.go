package relay

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

var discard = slog.New(slog.DiscardHandler)

func mustCertificate(t *testing.T, dir string, h hosts, now time.Time) *certificate {
	t.Helper()
	c, err := loadCertificate(dir, h, func() time.Time { return now }, discard)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// verify does what an agent does: with the pin it finds the CA in the chain, and the server's certificate must be signed by it.
func verify(t *testing.T, c *certificate, name string, at time.Time) *x509.Certificate {
	t.Helper()
	got, err := c.get(nil)
	if err != nil || len(got.Certificate) != 2 {
		t.Fatalf("chain %d %v", len(got.Certificate), err)
	}
	ca, err := x509.ParseCertificate(got.Certificate[1])
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(got.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, CurrentTime: at}); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if wire.Pin(ca) != c.pin() {
		t.Fatal("the chain's CA is not the pinned one")
	}
	return leaf
}

func TestCertificateSurvivesRestarts(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	h := agentHosts("tunnel.test", "0.0.0.0:4443")
	first := mustCertificate(t, dir, h, now)
	if !strings.HasPrefix(first.pin(), "sha256:") || len(first.pin()) != len("sha256:")+64 {
		t.Fatalf("pin %q", first.pin())
	}
	leaf := verify(t, first, "tunnel.test", now)
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		verify(t, first, name, now)
	}
	second := mustCertificate(t, dir, h, now.Add(time.Hour))
	if second.pin() != first.pin() || !verify(t, second, "tunnel.test", now).Equal(leaf) {
		t.Error("a restart made another CA or certificate")
	}
	if other := mustCertificate(t, t.TempDir(), h, now); other.pin() == first.pin() {
		t.Error("two relays have one CA")
	}
	moved := mustCertificate(t, dir, agentHosts("other.test", "203.0.113.7:4443"), now)
	verify(t, moved, "other.test", now)
	verify(t, moved, "203.0.113.7", now)
	if moved.pin() != first.pin() {
		t.Error("another domain made another CA")
	}
}

func TestCertificateIsRenewed(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	h := agentHosts("tunnel.test", ":4443")
	at := now
	c, err := loadCertificate(dir, h, func() time.Time { return at }, discard)
	if err != nil {
		t.Fatal(err)
	}
	leaf := verify(t, c, "tunnel.test", at)
	pin := c.pin()
	at = c.renewAt.Add(-time.Second)
	if !verify(t, c, "tunnel.test", at).Equal(leaf) {
		t.Error("renewed too early")
	}
	for range 75 { // twelve years
		at = c.renewAt.Add(time.Second)
		renewed := verify(t, c, "tunnel.test", at)
		if renewed.Equal(leaf) {
			t.Fatal("not renewed")
		}
		leaf = renewed
	}
	if at.Before(now.AddDate(10, 0, 0)) {
		t.Fatalf("only %v have passed", at.Sub(now))
	}
	again := mustCertificate(t, dir, h, at)
	if c.pin() != pin || again.pin() != pin {
		t.Error("the pin did not outlive the CA's certificate")
	}
	verify(t, again, "tunnel.test", at)
}

func TestRenewalThatFailsKeepsTheOldOne(t *testing.T) {
	dir, at := filepath.Join(t.TempDir(), "state"), time.Now()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c, err := loadCertificate(dir, agentHosts("tunnel.test", ":4443"), func() time.Time { return at }, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	leaf := verify(t, c, "tunnel.test", at)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	at = c.renewAt
	for range 3 {
		if !verify(t, c, "tunnel.test", at).Equal(leaf) {
			t.Error("another certificate, that a restart would not know")
		}
	}
	if n := strings.Count(log.String(), "could not be renewed"); n != 1 {
		t.Errorf("logged %d times: %s", n, log.String())
	}
}

func TestStateFilesAreOurs(t *testing.T) {
	dir := t.TempDir()
	mustCertificate(t, dir, agentHosts("tunnel.test", ":1"), time.Now())
	if _, err := loadKey(dir); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{caFile: 0o600, leafFile: 0o600, keyFile: 0o600, caCertFile: 0o644} {
		i, err := os.Stat(filepath.Join(dir, name))
		if err != nil || runtime.GOOS != "windows" && i.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", name, i, err)
		}
	}
	cert, err := os.ReadFile(filepath.Join(dir, caCertFile))
	if err != nil || bytes.Contains(cert, []byte("PRIVATE")) || !x509.NewCertPool().AppendCertsFromPEM(cert) {
		t.Errorf("%s: %v\n%s", caCertFile, err, cert)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestDamagedStateIsAClearError(t *testing.T) {
	load := func(dir string) error {
		_, err := loadCertificate(dir, agentHosts("tunnel.test", ":1"), time.Now, discard)
		if err == nil {
			_, err = loadKey(dir)
		}
		return err
	}
	fresh := func() string {
		dir := t.TempDir()
		if err := load(dir); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	read := func(dir, name string) []byte {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	other := fresh()
	for _, name := range []string{caFile, leafFile, keyFile} {
		whole := read(fresh(), name)
		strange := bytes.Split(read(other, name), []byte("-----BEGIN PRIVATE"))
		mixed := append(bytes.Split(whole, []byte("-----BEGIN PRIVATE"))[0], []byte("-----BEGIN PRIVATE")...)
		for _, text := range [][]byte{nil, []byte("junk"), whole[:len(whole)/2], whole[len(whole)/2:], append(mixed, strange[len(strange)-1]...)} {
			dir := fresh()
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			err := load(dir)
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "damaged") {
				t.Errorf("%s with %q: %v", name, text, err)
			}
			if now := read(dir, name); !bytes.Equal(now, text) {
				t.Errorf("%s was written over", name)
			}
		}
	}
}

func TestKeySurvivesRestarts(t *testing.T) {
	dir := t.TempDir()
	first, err := loadKey(dir)
	if err != nil || len(first) != keySize {
		t.Fatal(err)
	}
	second, err := loadKey(dir)
	if err != nil || !bytes.Equal(first, second) {
		t.Fatalf("another key after a restart: %v", err)
	}
}

func TestWriteFileLeavesTheOldOneWhenItFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := os.Mkdir(path, 0o700); err != nil { // nothing can be renamed over a directory
		t.Fatal(err)
	}
	if err := writeFile(path, []byte("x"), 0o600); err == nil {
		t.Fatal("no error")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if err := writeFile(filepath.Join(dir, "none", "a"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestTLSConfig(t *testing.T) {
	c := mustCertificate(t, t.TempDir(), agentHosts("tunnel.test", ":1"), time.Now()).tlsConfig()
	if c.MinVersion != tls.VersionTLS13 || len(c.NextProtos) != 1 || c.NextProtos[0] != wire.ALPN || c.SessionTicketsDisabled || !c.DynamicRecordSizingDisabled {
		t.Errorf("%+v", c)
	}
}
