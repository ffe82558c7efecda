package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// pushed cuts what a connection got into smux frames.
func pushed(t *testing.T, b []byte) (ids []uint32, payloads [][]byte) {
	t.Helper()
	for len(b) > 0 {
		if b[0] != 2 || b[1] != 2 {
			t.Fatalf("a frame begins with %x", b[:2])
		}
		n := int(binary.LittleEndian.Uint16(b[2:]))
		ids = append(ids, binary.LittleEndian.Uint32(b[4:]))
		payloads = append(payloads, b[8:8+n])
		b = b[8+n:]
	}
	return ids, payloads
}

// TestPushAlone: on an idle connection a small push has left when push returns, without anybody else.
func TestPushAlone(t *testing.T) {
	r := &record{}
	g := newGather(r) // no flusher
	if err := g.push(6, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	ids, payloads := pushed(t, r.got.Bytes())
	if len(ids) != 1 || ids[0] != 6 || string(payloads[0]) != "hello" || r.writes != 1 {
		t.Errorf("%v %q in %d writes", ids, payloads, r.writes)
	}
	r.fail = errors.New("broken pipe")
	if err := g.push(6, []byte("hello")); !errors.Is(err, r.fail) {
		t.Error("a push that did not leave:", err)
	}
}

// TestPushHasLeft: what was written counts as sent, though the connection has ended before push returns: the other side may have answered.
func TestPushHasLeft(t *testing.T) {
	r := &record{hold: make(chan struct{})}
	g := newGather(r)
	pushed := make(chan error, 1)
	go func() { pushed <- g.push(4, []byte("a")) }()
	eventually(t, "the write", func() bool { return !g.stuckSince().IsZero() })
	_ = g.Close()
	close(r.hold)
	within(t, "the push", func() {
		if err := <-pushed; err != nil {
			t.Error(err)
		}
	})
	if err := g.push(4, []byte("b")); err == nil {
		t.Error("a push after the end")
	}
}

// TestPushCrowd: what is pushed while another push writes leaves together, and while that goes on nobody writes himself.
func TestPushCrowd(t *testing.T) {
	r := &record{hold: make(chan struct{})}
	g := startGather(t, r)
	first := make(chan error, 1)
	go func() { first <- g.push(4, []byte("a")) }()
	eventually(t, "the first write", func() bool { return !g.stuckSince().IsZero() })
	for range 2 {
		if err := g.push(8, []byte("b")); err != nil { // does not wait for the connection
			t.Fatal(err)
		}
	}
	close(r.hold)
	within(t, "the first push", func() {
		if err := <-first; err != nil {
			t.Error(err)
		}
	})
	drained(t, g)
	ids, _ := pushed(t, r.got.Bytes())
	if len(ids) != 3 || r.writes != 2 {
		t.Errorf("frames of %v in %d writes", ids, r.writes)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.crowd {
		t.Error("it is not busy")
	}
}

// TestPushLong: what is longer than a smux frame is cut there, in order.
func TestPushLong(t *testing.T) {
	r := &record{}
	g := startGather(t, r)
	want := bytes.Repeat([]byte("0123456789"), 10_000)
	if err := g.push(4, want); err != nil {
		t.Fatal(err)
	}
	drained(t, g)
	_, payloads := pushed(t, r.got.Bytes())
	if !bytes.Equal(bytes.Join(payloads, nil), want) || len(payloads[0]) != smuxFrame || len(payloads) != 4 {
		t.Errorf("%d frames, the first of %d", len(payloads), len(payloads[0]))
	}
}

// TestRecordsCork: what is written while corked leaves together, when it is much, or with uncork.
func TestRecordsCork(t *testing.T) {
	c := &record{}
	r := &records{Conn: c}
	write := func(n, writes, got int) {
		t.Helper()
		if k, err := r.Write(make([]byte, n)); k != n || err != nil {
			t.Fatal(k, err)
		}
		if c.writes != writes || c.got.Len() != got {
			t.Errorf("%d writes of %d bytes, want %d of %d", c.writes, c.got.Len(), writes, got)
		}
	}
	write(10, 1, 10)
	r.cork()
	write(20_000, 1, 10)
	write(recordsMax-20_000, 2, 10+recordsMax)
	write(7, 2, 10+recordsMax)
	if err := r.uncork(); err != nil || c.writes != 3 || c.got.Len() != 17+recordsMax {
		t.Errorf("%v after %d writes of %d bytes", err, c.writes, c.got.Len())
	}
	write(1, 4, 18+recordsMax)
	r.cork()
	write(5, 4, 18+recordsMax)
	c.fail = errors.New("broken pipe")
	if err := r.uncork(); !errors.Is(err, c.fail) {
		t.Error(err)
	}
	if err := (*records)(nil).uncork(); err != nil {
		t.Error(err)
	}
}
