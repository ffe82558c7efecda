package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

const (
	handshakeTime = 10 * time.Second
	// lingerTime is how long the side that refuses waits for the other to close: a close right behind a message can overtake it.
	lingerTime  = 5 * time.Second
	lingerBytes = 1 << 20
)

// ClientHandshake sends preface and Auth over an established TLS connection and reads the answer: 10 s for all of it (a deadline on conn, cleared
// on return). A refusal is a *FatalError. The connection stays the caller's, who closes it at once after any error.
func ClientHandshake(conn net.Conn, a *Auth) (*Welcome, error) { return shake(conn, MsgAuth, a) }

// ClientJoin is ClientHandshake with Leg instead of Auth: conn becomes a further leg of a session. A refusal ends that connection only.
func ClientJoin(conn net.Conn, j *Join) (*Welcome, error) { return shake(conn, MsgLeg, j) }

func shake(conn net.Conn, typ string, body any) (*Welcome, error) {
	hello, err := appendMessage(appendPreface(nil, Version, Version), typ, 1, body)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(handshakeTime)); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	// A relay that refuses may have stopped reading: what it said counts, not the failed write.
	_, writeErr := conn.Write(hello)
	w, err := readWelcome(conn)
	var fatal *FatalError
	if err != nil && writeErr != nil && !errors.As(err, &fatal) {
		err = fmt.Errorf("handshake: %w", writeErr)
	}
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return w, nil
}

func readWelcome(conn net.Conn) (*Welcome, error) {
	var answer [answerSize]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	if err := readAnswer(answer); err != nil {
		return nil, err
	}
	m, err := readMessage(conn)
	if err != nil {
		return nil, err
	}
	switch body := m.Body.(type) {
	case *Welcome:
		return body, nil
	case *Fatal:
		return nil, body.err()
	}
	return nil, protocolError(CodeFrameOrder, "%s where Welcome should be", m.Type)
}

// ServerHandshake reads preface and Auth or Leg, asks decide or join, and answers. Both return Welcome, or a *FatalError to tell the agent; any other error is
// told as CodeInternal. Without join there are no further legs. It is safe with strangers that say anything: it reads at most 64 KiB from them within 10 s,
// and answers nobody who does not begin with the preface. On an error it has waited until the agent closed, at most 5 s, so that the refusal is read; the
// caller closes conn at once.
func ServerHandshake(conn net.Conn, decide func(*Auth) (*Welcome, error), join func(*Join) (*Welcome, error)) (*Welcome, error) {
	if err := conn.SetDeadline(time.Now().Add(handshakeTime)); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	if err := acceptPreface(conn); err != nil {
		return nil, err
	}
	m, err := readMessage(conn)
	var bad *ProtocolError
	if err != nil && !errors.As(err, &bad) {
		return nil, err
	}
	var w *Welcome
	var id int64
	if bad != nil {
		err = &FatalError{Code: CodeBadAuth, Text: bad.Text}
	} else {
		id = m.ID
		w, err = judge(m, decide, join)
	}
	return answerAuth(conn, id, w, err)
}

// judge asks who is to decide on m.
func judge(m *Message, decide func(*Auth) (*Welcome, error), join func(*Join) (*Welcome, error)) (*Welcome, error) {
	switch body := m.Body.(type) {
	case *Auth:
		return decide(body)
	case *Join:
		if join != nil {
			return join(body)
		}
		return nil, &FatalError{Code: CodeUnsupported, Text: "this relay takes one connection for a session"}
	}
	return nil, &FatalError{Code: CodeBadAuth, Text: cutText(m.Type) + " where Auth should be"}
}

// answerAuth tells the agent what was decided.
func answerAuth(conn net.Conn, id int64, w *Welcome, refusal error) (*Welcome, error) {
	answer, refusal := appendVerdict(id, w, refusal)
	err := conn.SetWriteDeadline(time.Now().Add(lingerTime))
	if err == nil {
		_, err = conn.Write(answer)
	}
	if err == nil && refusal == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		return nil, fmt.Errorf("handshake: %w", errors.Join(refusal, err))
	}
	if refusal != nil {
		linger(conn)
		return nil, refusal
	}
	return w, nil
}

// Refuse answers an agent before it has said anything: reason's code and wait stand in the answer to the preface. It waits as ServerHandshake does
// until the agent has closed; the caller closes conn. For a relay that stops, is busy, or had too many tries from an address.
func Refuse(conn net.Conn, reason *FatalError) error {
	if err := conn.SetDeadline(time.Now().Add(handshakeTime)); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	var p [prefaceSize]byte
	if _, err := io.ReadFull(conn, p[:]); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	var older *FatalError
	if _, err := readPreface(p); errors.As(err, &older) {
		reason = older
	} else if err != nil {
		return err
	}
	return refusePreface(conn, reason)
}

func acceptPreface(conn net.Conn) error {
	var p [prefaceSize]byte
	if _, err := io.ReadFull(conn, p[:]); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	version, err := readPreface(p)
	var fatal *FatalError
	if errors.As(err, &fatal) {
		return errors.Join(refusePreface(conn, fatal), err)
	}
	if err != nil {
		return err
	}
	if _, err := conn.Write(appendAnswer(nil, version, CodeNone, 0)); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	return nil
}

func refusePreface(conn net.Conn, reason *FatalError) error {
	if _, err := conn.Write(appendAnswer(nil, 0, reason.Code, reason.Wait)); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	linger(conn)
	return nil
}

// appendVerdict is the message to answer Auth with, and why it is a refusal. What is wrong inside the relay is not told to strangers.
func appendVerdict(id int64, w *Welcome, refusal error) ([]byte, error) {
	if refusal == nil {
		answer, err := appendMessage(nil, MsgWelcome, id, w)
		if err == nil {
			return answer, nil
		}
		refusal = err
	}
	var fatal *FatalError
	if !errors.As(refusal, &fatal) {
		fatal = &FatalError{Code: CodeInternal}
	}
	body := fatal.message()
	body.Text = cutText(body.Text)
	answer, err := appendMessage(nil, MsgFatal, id, body)
	return answer, errors.Join(refusal, err)
}

// readMessage reads one MSG frame and not a byte more: what follows is smux's. Its buffer grows with what has come, not with what was announced.
func readMessage(r io.Reader) (*Message, error) {
	var head [HeaderSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	h := unpackHeader(head[:])
	if h.t != Msg || h.f != 0 || h.n > MaxMessage {
		return nil, protocolError(CodeFrameOrder, "%s of %d bytes where a message should be", h.t, h.n)
	}
	p := make([]byte, min(h.n, smallBuffer))
	for have := 0; ; {
		n, err := io.ReadFull(r, p[have:])
		if err != nil {
			return nil, fmt.Errorf("handshake: %w", err)
		}
		if have += n; have == h.n {
			return decodeMessage(p)
		}
		p = append(p, make([]byte, min(len(p), h.n-have))...)
	}
}

// linger half-closes and reads until the other side has closed. Bytes that lie unread when a connection is closed make the kernel reset it, and a reset
// takes with it what the other side has not read yet.
func linger(conn net.Conn) {
	if c, ok := conn.(interface{ CloseWrite() error }); ok && c.CloseWrite() != nil {
		return
	}
	if conn.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, conn, lingerBytes)
}
