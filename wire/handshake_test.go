package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var testAuth = &Auth{Token: "secret", Instance: "i", Version: "0.1.0", OS: "linux"}

type served struct {
	w   *Welcome
	err error
}

// serve runs ServerHandshake and closes conn after an error, as the relay does.
func serve(conn net.Conn, decide func(*Auth) (*Welcome, error)) chan served {
	c := make(chan served, 1)
	go func() {
		w, err := ServerHandshake(conn, decide, nil)
		if err != nil {
			_ = conn.Close()
		}
		c <- served{w, err}
	}()
	return c
}

func welcome(*Auth) (*Welcome, error) { return &Welcome{Account: "acme", Session: "s"}, nil }

func refuse(err error) func(*Auth) (*Welcome, error) {
	return func(*Auth) (*Welcome, error) { return nil, err }
}

func TestHandshake(t *testing.T) {
	transports(t, func(t *testing.T, r, a net.Conn) {
		defer r.Close()
		defer a.Close()
		var got *Auth
		c := serve(r, func(a *Auth) (*Welcome, error) { got = a; return welcome(a) })
		w, err := ClientHandshake(a, testAuth)
		if err != nil || w.Account != "acme" {
			t.Fatal(w, err)
		}
		if s := <-c; s.err != nil || s.w.Session != "s" {
			t.Error(s)
		}
		if d := cmp.Diff(testAuth, got); d != "" {
			t.Error(d)
		}
		// The connection is clean: what comes next is read next, without a deadline.
		go func() { _, _ = r.Write([]byte("next")) }()
		p := make([]byte, 4)
		if _, err := io.ReadFull(a, p); err != nil || string(p) != "next" {
			t.Error(string(p), err)
		}
	})
}

// TestRefusalIsAlwaysRead: 200 times over TLS and TCP, however much the agent has sent that the relay does not read.
func TestRefusalIsAlwaysRead(t *testing.T) {
	if testing.Short() {
		t.Skip("short: 200 connections")
	}
	auth := *testAuth
	auth.Features = []string{strings.Repeat("x", 50<<10)}
	for i := range 200 {
		var r, a net.Conn
		if i%2 == 0 {
			r, a = tlsPair(t)
		} else {
			r, a = tcpPair(t)
		}
		want := &FatalError{Code: CodeBadToken, Text: "no", Wait: 3 * time.Second}
		var end func() error
		if i%3 == 1 { // before anything of Auth is read
			want.Text = ""
			c := make(chan error, 1)
			go func() { c <- Refuse(r, want); _ = r.Close() }()
			end = func() error { return <-c }
		} else {
			c := serve(r, refuse(want))
			end = func() error { return (<-c).err }
		}
		_, err := ClientHandshake(a, &auth)
		var fatal *FatalError
		if !errors.As(err, &fatal) || *fatal != *want {
			t.Fatalf("round %d: %v", i, err)
		}
		_ = a.Close()
		within(t, "the relay's end", func() { err = end() })
		if i%3 != 1 && !errors.Is(err, want) {
			t.Fatalf("round %d: the relay's side returned %v", i, err)
		}
	}
}

// TestHandshakeRepeatsTheID: Welcome and Fatal have the id of the Auth that they answer.
func TestHandshakeRepeatsTheID(t *testing.T) {
	for want, decide := range map[string]func(*Auth) (*Welcome, error){MsgWelcome: welcome, MsgFatal: refuse(&FatalError{Code: CodeBadToken})} {
		r, a := memPair(64 << 10)
		c := serve(r, decide)
		hello, err := appendMessage(appendPreface(nil, Version, Version), MsgAuth, 42, testAuth)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Write(hello); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(a, make([]byte, answerSize)); err != nil {
			t.Fatal(err)
		}
		if m, err := readMessage(a); err != nil || m.Type != want || m.ID != 42 {
			t.Errorf("%+v %v", m, err)
		}
		_ = a.Close()
		within(t, "the relay's end", func() { <-c })
	}
}

func TestRefusalWaitsForTheAgent(t *testing.T) {
	r, a := memPair(64 << 10)
	c := serve(r, refuse(&FatalError{Code: CodeSessionLimit}))
	if _, err := ClientHandshake(a, testAuth); err == nil {
		t.Fatal("no refusal")
	}
	select {
	case <-c:
		t.Error("it did not wait")
	default:
	}
	_ = a.Close()
	within(t, "the relay's end", func() { <-c })
}

func TestHandshakeVersions(t *testing.T) {
	for _, tt := range []struct {
		lowest, highest uint16
		ok              bool
	}{{1, 1, true}, {0, 1, true}, {1, 9, true}, {2, 9, false}, {0, 0, false}, {9, 1, false}} {
		r, a := memPair(64 << 10)
		c := serve(r, welcome)
		auth, err := appendMessage(nil, MsgAuth, 1, testAuth)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Write(append(appendPreface(nil, tt.lowest, tt.highest), auth...)); err != nil {
			t.Fatal(err)
		}
		_, err = readWelcome(a)
		var fatal *FatalError
		if tt.ok != (err == nil) || !tt.ok && (!errors.As(err, &fatal) || fatal.Code != CodeVersion) {
			t.Errorf("%d…%d: %v", tt.lowest, tt.highest, err)
		}
		_ = a.Close()
		if s := <-c; tt.ok != (s.err == nil) {
			t.Errorf("%d…%d at the relay: %v", tt.lowest, tt.highest, s.err)
		}
	}
}

// TestHandshakeStrangers: who says something else gets no answer, or a Fatal if it began well; nothing hangs.
func TestHandshakeStrangers(t *testing.T) {
	preface := string(appendPreface(nil, 1, 1))
	message := func(s string) string { return string(AppendHeader(nil, Msg, 0, len(s))) + s }
	leg, _ := appendMessage(nil, MsgLeg, 1, &Join{Session: "s"})
	for _, tt := range []struct {
		name, say string
		answer    int // bytes of answer to the preface
		fatal     Code
	}{
		{"nothing", "", 0, 0},
		{"half a preface", preface[:9], 0, 0},
		{"http", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0, 0},
		{"preface alone", preface, answerSize, 0},
		{"half a header", preface + "\x10\x00", answerSize, 0},
		{"half a message", preface + message("{}")[:5], answerSize, 0},
		{"no JSON", preface + message("hello"), answerSize, CodeBadAuth},
		{"another message", preface + message(`{"type":"Bind"}`), answerSize, CodeBadAuth},
		{"an unknown message", preface + message(`{"type":"Hello"}`), answerSize, CodeBadAuth},
		{"another frame", preface + string(dataFrame(3, 0)), answerSize, CodeBadAuth},
		{"a message with END", preface + string(AppendHeader(nil, Msg, End, 2)) + "{}", answerSize, CodeBadAuth},
		{"too long a message", preface + string(AppendHeader(nil, Msg, 0, MaxMessage+1)), answerSize, CodeBadAuth},
		{"a further leg", preface + string(leg), answerSize, CodeUnsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, a := memPair(1 << 20)
			c := serve(r, func(*Auth) (*Welcome, error) { t.Error("it was asked"); return nil, nil })
			if _, err := a.Write([]byte(tt.say)); err != nil {
				t.Fatal(err)
			}
			_ = a.CloseWrite()
			got, err := io.ReadAll(a)
			if err != nil {
				t.Fatal(err)
			}
			if s := <-c; s.err == nil {
				t.Error("no error")
			}
			if tt.fatal == 0 && len(got) != tt.answer {
				t.Errorf("answer %x", got)
			}
			if tt.fatal != 0 {
				m, err := readMessage(bytes.NewReader(got[answerSize:]))
				if err != nil || m.Body.(*Fatal).Code != tt.fatal {
					t.Errorf("%+v, %v", m, err)
				}
			}
		})
	}
}

// TestHandshakeKeepsSecrets: what went wrong inside the relay is not told.
func TestHandshakeKeepsSecrets(t *testing.T) {
	r, a := memPair(64 << 10)
	c := serve(r, refuse(errors.New("database at 10.0.0.7 is down")))
	_, err := ClientHandshake(a, testAuth)
	var fatal *FatalError
	if !errors.As(err, &fatal) || fatal.Code != CodeInternal || fatal.Text != "" {
		t.Error(err)
	}
	_ = a.Close()
	if s := <-c; s.err == nil || !strings.Contains(s.err.Error(), "10.0.0.7") {
		t.Error("the relay's side does not know why:", s.err)
	}
}

func TestClientHandshakeStrangers(t *testing.T) {
	ok := string(appendAnswer(nil, 1, 0, 0))
	for _, say := range []string{
		"", ok[:5], ok, "HTTP/1.1 400 Bad Request\r\n\r\n", ok + string(dataFrame(1, 0)), ok + string(AppendHeader(nil, Msg, 0, 2)) + "{}",
		string(appendAnswer(nil, 2, 0, 0)), string(appendAnswer(nil, 0, 0, 0)), ok + string(AppendHeader(nil, Msg, 0, 16)) + `{"type":"Drain"}`,
	} {
		r, a := memPair(1 << 20)
		_, _ = r.Write([]byte(say))
		_ = r.CloseWrite()
		if w, err := ClientHandshake(a, testAuth); err == nil {
			t.Errorf("%q: %+v", say, w)
		}
	}
	// A relay that is gone before Auth is written, but has said why.
	r, a := memPair(1 << 20)
	_, _ = r.Write(appendAnswer(nil, 0, CodeRelayBusy, time.Minute))
	_ = r.Close()
	_, err := ClientHandshake(a, testAuth)
	var fatal *FatalError
	if !errors.As(err, &fatal) || fatal.Code != CodeRelayBusy || fatal.Wait != time.Minute {
		t.Error(err)
	}
}

// TestJoin: a further leg is asked for in the same way, and answered by who knows the sessions.
func TestJoin(t *testing.T) {
	for _, refusal := range []error{nil, &FatalError{Code: CodeBadAuth, Text: "no"}} {
		r, a := memPair(64 << 10)
		told := make(chan Join, 1)
		go func() {
			defer r.Close()
			_, _ = ServerHandshake(r, nil, func(j *Join) (*Welcome, error) {
				told <- *j
				return &Welcome{Session: j.Session}, refusal
			})
		}()
		want := Join{Session: "s", Secret: "shh", Version: "1", Spare: true}
		w, err := ClientJoin(a, &want)
		_ = a.Close()
		if got := <-told; got != want {
			t.Errorf("the relay heard %+v", got)
		}
		if refusal == nil && (err != nil || w.Session != "s") || refusal != nil && !reflect.DeepEqual(err, refusal) {
			t.Errorf("%v: %+v, %v", refusal, w, err)
		}
	}
}
