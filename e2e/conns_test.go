package e2e

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// daemon runs a server of the system until the test ends, and waits until it listens on port.
func daemon(t *testing.T, port string, cmd *exec.Cmd) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		_ = cmd.Wait() // how it ends is not looked at
		if t.Failed() {
			t.Logf("%s: %s", cmd.Path, out.String())
		}
	})
	listening(t, port)
}

func listening(t *testing.T, port string) {
	t.Helper()
	eventually(t, "port "+port+" is listened on", func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

// portsRelay is a relay with ports for tcp endpoints.
func portsRelay(t *testing.T) *publicRelay {
	t.Helper()
	first, err := strconv.Atoi(freePort(t))
	if err != nil {
		t.Fatal(err)
	}
	first = min(first, 65000)
	return relay(t, "--tcp-ports", fmt.Sprintf("%d-%d", first, first+99))
}

// passed starts an agent for a service on this machine and returns the public port.
func (r *publicRelay) passed(t *testing.T, service string, more ...string) (agent *process, port string) {
	t.Helper()
	p := start(t, r.env, append([]string{"tcp", service}, r.agentArgs(append(more, "--web-addr", "false")...)...)...)
	u, err := url.Parse(p.ready())
	if err != nil || u.Scheme != "tcp" || u.Hostname() != "tunnel.test" {
		t.Fatalf("URL %v %v", u, err)
	}
	return p, u.Port()
}

// sshKeys are what a server and a client of ssh need.
func sshKeys(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{"host", "client"} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, name)).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v %s", err, out)
		}
	}
	public, err := os.ReadFile(filepath.Join(dir, "client.pub"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "authorized"), public, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestSSH: a command, ten megabytes there and back, and an end that nobody could announce.
func TestSSH(t *testing.T) {
	t.Parallel()
	need(t, "sshd", "ssh", "ssh-keygen")
	dir, port := sshKeys(t), freePort(t)
	if os.Getuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // of a package that has never been started
			t.Fatal(err)
		}
	}
	config := fmt.Sprintf("ListenAddress 127.0.0.1\nPort %s\nHostKey %s/host\nAuthorizedKeysFile %s/authorized\nStrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\n", port, dir, dir)
	file := filepath.Join(dir, "sshd_config")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		sshd = "/usr/sbin/sshd"
	}
	daemon(t, port, exec.Command(sshd, "-D", "-e", "-f", file))
	agent, public := portsRelay(t).passed(t, port)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	ssh := func(command string) *exec.Cmd {
		return exec.Command("ssh", "-F", "none", "-i", filepath.Join(dir, "client"), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
			"-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-p", public, me.Username+"@127.0.0.1", command)
	}
	if out, err := ssh("echo hello").CombinedOutput(); err != nil || string(out) != "hello\n" {
		t.Fatalf("ssh: %v %s", err, out)
	}
	content := make([]byte, 10<<20)
	_, _ = rand.Read(content)
	cat := ssh("cat")
	cat.Stdin = bytes.NewReader(content)
	if out, err := cat.Output(); err != nil || sha256.Sum256(out) != sha256.Sum256(content) {
		t.Errorf("cat: %v, %d bytes", err, len(out))
	}
	sleep := ssh("echo there; exec sleep 600")
	out, err := sleep.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	agent.signal(syscall.SIGKILL)
	ended := make(chan error, 1)
	go func() { ended <- sleep.Wait() }()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("ssh ended well")
		}
	case <-time.After(patience):
		t.Error("ssh does not notice that the agent is gone")
		_ = sleep.Process.Kill()
	}
}

// TestRedis: commands, and a pipeline that is half-closed.
func TestRedis(t *testing.T) {
	t.Parallel()
	need(t, "redis-server", "redis-cli")
	port := freePort(t)
	daemon(t, port, exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir()))
	_, public := portsRelay(t).passed(t, "127.0.0.1:"+port)
	cli := func(in string, args ...string) string {
		cmd := exec.Command("redis-cli", append([]string{"-p", public}, args...)...)
		cmd.Stdin = strings.NewReader(in)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("redis-cli %v: %v %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if got := cli("", "set", "a", "b"); got != "OK" {
		t.Errorf("set: %s", got)
	}
	if got := cli("", "get", "a"); got != "b" {
		t.Errorf("get: %s", got)
	}
	var all strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&all, "SET key:%d %d\r\n", i, i)
	}
	if got := cli(all.String(), "--pipe"); !strings.Contains(got, "errors: 0, replies: 10000") {
		t.Errorf("pipe: %s", got)
	}
	if got := cli("", "dbsize"); got != "10001" {
		t.Errorf("dbsize: %s", got)
	}
}

// TestPostgres: a query, and a table that goes in and out by COPY.
func TestPostgres(t *testing.T) {
	t.Parallel()
	need(t, "psql")
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(bins) == 0 {
		t.Skip("PostgreSQL's server is not installed")
	}
	bin := bins[len(bins)-1]
	dir, err := os.MkdirTemp("", "adit-pg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	as := func(cmd *exec.Cmd) *exec.Cmd { // it refuses to be root
		cmd.Dir = dir
		if os.Getuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		return cmd
	}
	if os.Getuid() == 0 {
		if err := os.Chown(dir, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	data, port := filepath.Join(dir, "data"), freePort(t)
	if out, err := as(exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "adit", "-A", "trust", "-N", "--locale=C")).CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v %s", err, out)
	}
	daemon(t, port, as(exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-p", port, "-h", "127.0.0.1", "-k", dir, "-F")))
	_, public := portsRelay(t).passed(t, port)
	query := func(in, sql string) (string, error) {
		cmd := exec.Command("psql", "-X", "-A", "-t", "-h", "127.0.0.1", "-p", public, "-U", "adit", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-c", sql)
		cmd.Stdin = strings.NewReader(in)
		out, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	eventually(t, "the database is up", func() bool { out, err := query("", "select 1"); return err == nil && out == "1" })
	var rows strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&rows, "%d\tline %d\n", i, i)
	}
	if out, err := query("", "create table a (n int, t text)"); err != nil {
		t.Fatal(out)
	}
	if out, err := query(rows.String(), "copy a from stdin"); err != nil || out != "COPY 100000" {
		t.Fatalf("copy in: %v %s", err, out)
	}
	if out, err := query("", "copy (select * from a order by n) to stdout"); err != nil || out+"\n" != rows.String() {
		t.Errorf("copy out: %v, %d bytes of %d", err, len(out), rows.Len())
	}
}

// TestAskedForPort: --url asks for a port; what the relay does not have it refuses with what it has.
func TestAskedForPort(t *testing.T) {
	t.Parallel()
	r := portsRelay(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, service, _ := net.SplitHostPort(ln.Addr().String())
	first, port := r.passed(t, service)
	first.signal(syscall.SIGTERM)
	if c := first.code(); c != 0 {
		t.Errorf("exit code %d", c)
	}
	if _, again := r.passed(t, service, "--url", "tcp://tunnel.test:"+port); again != port {
		t.Errorf("asked for %s, got %s", port, again)
	}
	p := start(t, r.env, append([]string{"tcp", service, "--remote-addr", "80"}, r.agentArgs()...)...)
	if c := p.code(); c != 3 || !strings.Contains(p.stderr.text(), "the port 80 is none of this relay's, which go from ") {
		t.Errorf("exit code %d, %s", c, p.stderr.text())
	}
}

// TestConnKilled: whoever is killed, agent or relay, visitor and service meet an RST, not an end that looks whole.
func TestConnKilled(t *testing.T) {
	for _, who := range []string{"agent", "relay"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			r := portsRelay(t)
			agent, public := r.passed(t, ln.Addr().String())
			var ends []net.Conn
			for range 20 {
				v, err := net.Dial("tcp", "127.0.0.1:"+public)
				if err != nil {
					t.Fatal(err)
				}
				defer v.Close()
				s, err := ln.Accept()
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				for _, c := range []net.Conn{s, v} {
					_ = c.SetDeadline(time.Now().Add(patience))
				}
				if _, err := s.Write([]byte("hello")); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(v, make([]byte, 5)); err != nil {
					t.Fatal(err)
				}
				ends = append(ends, s, v)
			}
			killed := map[string]*process{"agent": agent, "relay": r.process}[who]
			killed.signal(syscall.SIGKILL)
			for i, c := range ends {
				if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
					t.Fatalf("a %s met %v", []string{"service", "visitor"}[i%2], err)
				}
			}
		})
	}
}
