package edge

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// answer passes frames to the visitor until the exchange's END. Nothing waits for a next frame.
func (st *stream) answer(t *turn) ending {
	for {
		if st.pending && !t.x.Buffered() && st.flush() != nil {
			return st.gone(t)
		}
		f, err := t.x.Next()
		if err == nil && f.Type == wire.FailType {
			return st.failed(t, f.Payload)
		}
		if err == nil {
			err = st.take(t, f)
		}
		switch {
		case err != nil:
			return st.broken(t, err)
		case f.Flags&wire.End != 0:
			if !st.delivered(t) {
				return st.gone(t)
			}
			return endWhole
		}
	}
}

// take handles one frame that is neither FAIL nor an error. An error is about the frame; a visitor that takes nothing is errGone.
func (st *stream) take(t *turn, f wire.Frame) error {
	switch f.Type {
	case wire.Data:
		err := st.write(f.Payload)
		t.sent += int64(len(f.Payload))
		t.count.bytes[wire.KindHTTP].out.Add(uint64(len(f.Payload)))
		t.x.Took(wire.Cost(f))
		return err
	case wire.RespType:
		return st.head(t, f.Payload)
	case wire.InfoType:
		t.x.Took(wire.Cost(f))
		return st.interim(t, f.Payload)
	case wire.Chunk: // borders are HTTP/1.1's
		t.x.Took(wire.Cost(f))
		_, err := wire.DecodeChunk(f.Payload)
		return err
	case wire.Trailers:
		t.x.Took(wire.Cost(f))
		return st.trailers(f.Payload)
	}
	return otherFrame(f)
}

// write passes content on, as far as the visitor takes it.
func (st *stream) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	st.pending = true
	st.writing.Store(st.m.s.clock.Load())
	_, err := st.w.Write(p)
	st.writing.Store(0)
	if err != nil {
		return errGone
	}
	return nil
}

// flush sends what net/http keeps back.
func (st *stream) flush() error {
	st.pending = false
	st.writing.Store(st.m.s.clock.Load())
	err := st.ctl.Flush()
	st.writing.Store(0)
	return err
}

// delivered sends the rest of the content: what net/http sends for us after the request's end might wait forever for a visitor who takes none. A head waits for
// nobody, and goes with the end of the stream.
func (st *stream) delivered(t *turn) bool { return t.sent == 0 || st.flush() == nil }

// interim passes a 1xx head on. 100 is net/http's to send.
func (st *stream) interim(t *turn, payload []byte) error {
	err := t.readInterim(payload)
	if err != nil || t.res.Status == http.StatusContinue {
		return err
	}
	h := st.w.Header()
	t.header(h)
	st.w.WriteHeader(t.res.Status)
	clear(h)
	return nil
}

// head takes the final answer's head.
func (st *stream) head(t *turn, payload []byte) error {
	if err := t.readHead(payload); err != nil {
		return err
	}
	t.res.DropHopByHop(false)
	st.writeHead(t)
	if h := st.w.Header(); t.resp.Body == wire.BodyLength && h["Content-Length"] == nil {
		h["Content-Length"] = []string{strconv.FormatUint(t.resp.Length, 10)}
	}
	st.answered.Store(true)
	st.w.WriteHeader(t.status)
	clear(st.w.Header()) // or a field whose name Trailer has would be sent again behind the content
	st.pending = true
	return nil
}

// writeHead makes the header of what is in t.res. What net/http would add of its own is kept away.
func (st *stream) writeHead(t *turn) {
	h := st.w.Header()
	t.header(h)
	for _, name := range [...]string{"Date", "Content-Type"} {
		if _, there := h[name]; !there {
			h[name] = nil
		}
	}
	if line := st.m.promise(t); line != "" {
		name, value, _ := bytes.Cut([]byte(line), []byte(": "))
		h[string(name)] = []string{string(bytes.TrimSpace(value))}
	}
	if st.m.leaves() {
		h["Connection"] = []string{"close"} // makes net/http send GOAWAY
	}
}

// trailers are the end of content, with trailer lines.
func (st *stream) trailers(lines []byte) error {
	if err := http1.CheckTrailers(lines); err != nil {
		return badFraming(err.Error())
	}
	h := st.w.Header()
	for line := range bytes.Lines(lines) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		key := http.TrailerPrefix + http.CanonicalHeaderKey(string(name))
		h[key] = append(h[key], string(bytes.TrimSpace(value)))
	}
	return nil
}

// failed is FAIL: the agent says why there is no answer.
func (st *stream) failed(t *turn, payload []byte) ending {
	var f wire.Fail
	if err := f.Decode(payload); err != nil {
		return st.broken(t, err)
	}
	code, text := shown(&f)
	if st.answered.Load() {
		return st.broken(t, failure(f.Code))
	}
	return st.page(t, code, text)
}

// broken ends an exchange that is not whole. Before the answer has begun there is a page; after it, what came is delivered and the cut is made visible.
func (st *stream) broken(t *turn, err error) ending {
	if err == errGone {
		return st.gone(t)
	}
	code, text := st.reason(err)
	st.stop(code, true)
	if st.answered.Load() {
		t.code = code
		if st.flush() != nil {
			return endGone
		}
		return endReset
	}
	st.join()
	if code == wire.CodeVisitorGone || code == wire.CodeReaderTimeout {
		t.code = code
		return endGone
	}
	if code == wire.CodeBadRequest && st.upErr != nil {
		text = st.upErr.Error()
	}
	return st.page(t, code, text)
}

// gone ends an exchange whose visitor takes nothing any more.
func (st *stream) gone(t *turn) ending {
	st.stop(wire.CodeVisitorGone, true)
	t.code, _ = st.reason(failure(wire.CodeVisitorGone))
	return endGone
}

// answerError answers a request that was not sent on.
func (st *stream) answerError(t *turn, err error) ending {
	if l, ok := err.(*local); ok {
		head, content := l.response()
		return st.own(t, l.status, head, content)
	}
	code, text := st.reason(err)
	if code == wire.CodeVisitorGone {
		t.code = code
		return endGone
	}
	return st.page(t, code, text)
}

// answerBusy answers when there is no memory. It keeps none for what may have to wait for a visitor who takes it: there is no page, nothing is left of the request, and
// where the link still has much to carry the request is reset, whose end waits for nothing.
func (st *stream) answerBusy(t *turn) ending {
	full := unsent(st.m.sock) >= slowUnsent
	if t.code = wire.CodeRelayBusy; !full {
		t.status = t.code.Info().Status
	}
	o := &st.m.origin
	o.s.count.requests.Add(1)
	o.describe(t)
	t.q.Version = 0x20
	t.line = append(append(t.line[:0], st.r.Method...), pathOf([]byte(st.r.RequestURI))...)
	t.mlen, t.plen = len(st.r.Method), len(t.line)-len(st.r.Method)
	t.host, _, _ = registry.CanonicalHost(t.host[:0], []byte(st.r.Host))
	o.record(t)
	t.line, t.host = kept(t.line), kept(t.host)
	st.r.RequestURI, st.r.Host, st.r.URL, st.r.Header = "", "", nil, nil
	if full {
		return endReset
	}
	l := local{status: t.status, lines: "Adit-Error: " + t.code.String() + "\r\nRetry-After: 1\r\n"}
	head, _ := l.response()
	return st.own(t, l.status, head, nil)
}

// page answers with the page for a code.
func (st *stream) page(t *turn, code wire.Code, text string) ending {
	status, head, content := t.pageAnswer(code, text)
	return st.own(t, status, head, content)
}

// own writes an answer of ours; its head lacks only the empty line.
func (st *stream) own(t *turn, status int, head, content []byte) ending {
	t.status = status
	if n, err := t.res.Parse(append(head, "\r\n"...), t.isHead, false); n == 0 || err != nil {
		return endReset
	}
	st.answered.Store(true)
	st.writeHead(t)
	st.w.WriteHeader(status)
	if !t.isHead {
		t.sent = int64(len(content))
		if st.write(content) != nil || !st.delivered(t) {
			return endGone
		}
	}
	return endPage
}
