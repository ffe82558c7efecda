package decode

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// taped is a connection that keeps what passes.
type taped struct {
	net.Conn
	mu        sync.Mutex
	sent, got bytes.Buffer
}

func (c *taped) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.sent.Write(p)
	c.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *taped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	c.got.Write(p[:n])
	c.mu.Unlock()
	return n, err
}

// What another program's WebSocket sends, compressed in every way there is, is read as what was meant.
func TestWebSocketOfAnother(t *testing.T) {
	for _, mode := range []websocket.CompressionMode{websocket.CompressionDisabled, websocket.CompressionContextTakeover, websocket.CompressionNoContextTakeover} {
		t.Run(fmt.Sprint(mode), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			tape := &taped{}
			answer, want := converse(t, ctx, mode, tape)
			tape.mu.Lock()
			defer tape.mu.Unlock()
			for side, recorded := range map[string][]byte{"client": tape.sent.Bytes(), "server": tape.got.Bytes()} {
				_, content, _ := bytes.Cut(recorded, []byte("\r\n\r\n"))
				var got []string
				closed := uint16(0)
				for m := range WebSocket(answer, bytes.NewReader(content)) {
					if m.Err != nil || m.Cut || m.Compressed != (m.Opcode == OpText && mode != websocket.CompressionDisabled) {
						t.Errorf("%s: a %s, compressed %v, %v", side, m.Opcode, m.Compressed, m.Err)
					}
					if closed = m.Code; m.Opcode == OpText {
						got = append(got, string(m.Payload))
					}
				}
				if !slices.Equal(got, want) || closed != uint16(websocket.StatusNormalClosure) {
					t.Errorf("%s: %d messages, closed with %d: %.200q", side, len(got), closed, got)
				}
			}
		})
	}
}

// converse has a client send messages that a server sends back, and returns the head of the 101 response and the messages.
func converse(t *testing.T, ctx context.Context, mode websocket.CompressionMode, tape *taped) (answer []byte, want []string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: mode, CompressionThreshold: 1})
		if err != nil {
			return
		}
		for {
			kind, data, err := c.Read(ctx)
			if err != nil {
				return
			}
			if err := c.Write(ctx, kind, data); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		tape.Conn = c
		return tape, err
	}}}
	c, _, err := websocket.Dial(ctx, server.URL, &websocket.DialOptions{HTTPClient: client, CompressionMode: mode, CompressionThreshold: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		text := strings.Repeat(fmt.Sprintf("order %d is paid, ", i%3), 1+i*i)
		if err := c.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Read(ctx); err != nil {
			t.Fatal(err)
		}
		want = append(want, text)
	}
	if err := c.Close(websocket.StatusNormalClosure, "done"); err != nil {
		t.Fatal(err)
	}
	tape.mu.Lock()
	defer tape.mu.Unlock()
	head, _, _ := bytes.Cut(tape.got.Bytes(), []byte("\r\n\r\n"))
	return head, want
}
