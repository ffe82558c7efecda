package e2e

import (
	"bytes"
	"net/http/httptest"
	"testing"
)

// The judge of the faults knows what it is to find.
func TestFaultJudge(t *testing.T) {
	q := question{id: 7, size: 32, pieces: 1}
	right, other := string(pattern(7, 32)), string(pattern(8, 32))
	for name, x := range map[string]struct {
		answer string
		want   verdict
	}{
		"whole":              {"HTTP/1.1 200 OK\r\nX-Id: 7\r\nContent-Length: 32\r\n\r\n" + right, whole},
		"cut":                {"HTTP/1.1 200 OK\r\nX-Id: 7\r\nContent-Length: 32\r\n\r\n" + right[:20], cut},
		"cut in chunks":      {"HTTP/1.1 200 OK\r\nX-Id: 7\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" + right[:16] + "\r\n", cut},
		"cut in the head":    {"HTTP/1.1 200 OK\r\nX-Id", cut},
		"cut before":         {"", cut},
		"cut, looks whole":   {"HTTP/1.1 200 OK\r\nX-Id: 7\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" + right[:16] + "\r\n0\r\n\r\n", pretends},
		"another's answer":   {"HTTP/1.1 200 OK\r\nX-Id: 8\r\nContent-Length: 32\r\n\r\n" + other, foreign},
		"another's content":  {"HTTP/1.1 200 OK\r\nX-Id: 7\r\nContent-Length: 32\r\n\r\n" + other, foreign},
		"content of another": {"HTTP/1.1 200 OK\r\nX-Id: 7\r\nContent-Length: 48\r\n\r\n" + right + other[:16], foreign},
		"a page":             {"HTTP/1.1 502 Bad Gateway\r\nAdit-Error: ADIT-3002 AGENT_GONE\r\nContent-Length: 2\r\n\r\nno", page},
	} {
		t.Run(name, func(t *testing.T) {
			port, _ := rawService(t, script{until: "\r\n\r\n", answer: x.answer, close: true})
			v := &visitor{addr: "127.0.0.1:" + port, host: "x", service: newWitness()}
			if got, what := v.ask(q); got != x.want {
				t.Errorf("%v (%s), want %v", got, what, x.want)
			}
		})
	}
}

func TestFaultWitness(t *testing.T) {
	s := newWitness()
	post := func(id string, content []byte) {
		defer func() { _ = recover() }() // it ends a connection whose upload is wrong
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/"+id+"?size=10&sent=40", bytes.NewReader(content)))
	}
	post("1", pattern(1, 40))
	if n := s.twice(); n != 0 || len(s.mistakes()) != 0 {
		t.Fatalf("twice %d, %v", n, s.mistakes())
	}
	post("1", pattern(1, 40))
	if n := s.twice(); n != 1 {
		t.Errorf("a POST that came twice counts as %d", n)
	}
	post("2", pattern(2, 20))
	post("3", pattern(2, 40))
	if n := len(s.mistakes()); n != 2 {
		t.Errorf("%d mistakes, want a cut upload that looks whole and one with another's content: %v", n, s.mistakes())
	}
}
