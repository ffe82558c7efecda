package e2e

import (
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"
)

// connectionJSON is what "adit requests --json" says of a connection.
type connectionJSON struct {
	ID, Kind, State, Endpoint, Client string
	RequestSize                       int64 `json:"request_size"`
	ResponseSize                      int64 `json:"response_size"`
}

// TestConnectionsAreRecorded: a connection through a tcp endpoint is told of when it stands and when it has ended, is found in a shell with its bytes, cannot be
// sent again, and is interrupted when the agent is killed.
func TestConnectionsAreRecorded(t *testing.T) {
	port := freePort(t)
	r := relay(t, "--tcp-ports", port+"-"+port)
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = echo.Close() })
	go func() {
		for {
			c, err := echo.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	_, local, _ := net.SplitHostPort(echo.Addr().String())
	s := &shell{t: t, env: cleanEnv(t)}
	s.agent = start(t, s.env, append([]string{"tcp", local, "--web-addr", "127.0.0.1:0"}, r.agentArgs()...)...)
	at, err := url.Parse(s.agent.ready())
	if err != nil || at.Scheme != "tcp" {
		t.Fatalf("URL %v, %v", at, err)
	}
	visit := func() net.Conn {
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", at.Port()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if _, err := io.WriteString(c, "hello"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		return c
	}
	connections := func(filter string) (all []connectionJSON) {
		out, _ := s.run(0, "requests", "--json", filter)
		for line := range strings.Lines(out) {
			var x connectionJSON
			decode(t, line, &x)
			all = append(all, x)
		}
		return all
	}

	follower := start(t, s.env, "requests", "--follow", "--since", "start", "kind:tcp")
	c := visit()
	follower.waitFor(follower.stdout, ` TCP +open `)
	s.agent.waitFor(s.agent.stdout, `kind=tcp state=open .*client=127\.0\.0\.1:`)
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		t.Fatalf("behind the half-close: %q, %v", rest, err)
	}
	s.agent.waitFor(s.agent.stdout, `kind=tcp state=done .*in=5 out=5 client=127\.0\.0\.1:`)
	follower.waitFor(follower.stdout, ` TCP +closed .* 10 B .* 5 B ↑ 5 B ↓`)
	follower.signal(syscall.SIGINT)
	follower.code()
	eventually(t, "it is kept", func() bool {
		all := connections("kind:tcp status:done")
		return len(all) == 1 && all[0].RequestSize == 5 && all[0].ResponseSize == 5 && all[0].Client == c.LocalAddr().String()
	})
	if _, wrong := s.run(1, "replay", connections("kind:tcp")[0].ID, "--api", s.api()); !strings.Contains(wrong, "a tcp connection is no request") {
		t.Error(wrong)
	}

	visit()
	eventually(t, "the second is kept while it is open", func() bool { return len(connections("kind:tcp status:open size:>=10")) == 1 })
	s.agent.signal(syscall.SIGKILL)
	s.agent.code()
	eventually(t, "it is interrupted", func() bool { return len(connections("kind:tcp status:interrupted size:>=10")) == 1 })
}
