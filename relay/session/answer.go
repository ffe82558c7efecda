package session

import "github.com/adit-tunnel/adit/wire"

// stage is how far an answer has come.
type stage uint8

const (
	atHead stage = iota // INFO, RESP or FAIL is to come; of a connection READY or FAIL
	atBody              // RESP or READY was read
	atEnd               // END was read
)

// answer checks the frames of one exchange on their way down: INFO* then RESP or FAIL, content behind RESP, seq, lengths, END. An agent is a
// stranger: nothing it sends reaches a visitor unchecked.
type answer struct {
	seq     uint32
	stage   stage
	infos   int
	conn    bool // it is a connection of a tcp or tls endpoint: READY stands in RESP's place
	upgrade bool // REQ had UPGRADE
	tunnel  bool // RESP had body 3
	pin     bool
	taken   bool // END had TAKEN
	short   bool // the last frame was not full
	aborted bool
	content wire.Content

	info  wire.Info
	resp  wire.Resp
	fail  wire.Fail
	abort wire.AbortFrame
}

func (a *answer) begin(seq uint32, kind wire.Kind, upgrade bool) {
	a.seq, a.stage, a.infos = seq, atHead, 0
	a.conn, a.upgrade, a.tunnel, a.pin, a.taken, a.aborted = kind == wire.KindTCP || kind == wire.KindTLS, upgrade, false, false, false, false
	a.content = wire.Content{}
}

// accept checks the next frame; sent says that the request's END has been sent. The error is a *wire.ProtocolError or wire.ErrAborted.
func (a *answer) accept(f wire.Frame, sent bool) error {
	if f.Flags&wire.Taken != 0 && (f.Flags&wire.End == 0 || !sent) {
		return outOfOrder("TAKEN before the request's END")
	}
	a.short = len(f.Payload) < wire.MaxData
	var err error
	switch f.Type {
	case wire.InfoType:
		err = a.onInfo(f)
	case wire.RespType:
		err = a.onResp(f)
	case wire.Ready:
		err = a.onReady(f)
	case wire.FailType:
		err = a.onFail(f)
	case wire.Abort:
		err = a.onAbort(f)
	case wire.Data, wire.Chunk, wire.Trailers:
		err = a.onContent(f)
	default:
		err = outOfOrder("a frame that does not belong into an answer")
	}
	if err == nil && f.Flags&wire.End != 0 {
		a.stage = atEnd
		a.taken = f.Flags&wire.Taken != 0
	}
	return err
}

// mayPause says that the next frame may be long in coming: the request is still coming in, or what goes both ways was all passed on, as far as is known. sent is
// as in accept.
func (a *answer) mayPause(sent bool) bool {
	if a.conn || a.tunnel {
		return a.stage == atBody && a.short
	}
	return a.stage == atHead && !sent
}

func (a *answer) onInfo(f wire.Frame) error {
	if a.stage != atHead || a.conn || f.Flags&wire.End != 0 {
		return outOfOrder("INFO behind RESP or with END")
	}
	if err := a.info.Decode(f.Payload); err != nil {
		return err
	}
	if a.infos++; a.infos > wire.MaxInfos {
		return outOfOrder("more INFO than allowed")
	}
	return a.named(a.info.Seq)
}

func (a *answer) onResp(f wire.Frame) error {
	if a.stage != atHead || a.conn {
		return outOfOrder("a second RESP, or one of a connection")
	}
	if err := a.resp.Decode(f.Payload); err != nil {
		return err
	}
	if err := a.named(a.resp.Seq); err != nil {
		return err
	}
	if a.resp.Body == wire.BodyTunnel && !a.upgrade {
		return &wire.ProtocolError{Code: wire.CodeBadFraming, Text: "a tunnel that was not asked for"}
	}
	if err := a.content.Start(a.resp.Body, a.resp.Length, f.Flags&wire.End != 0); err != nil {
		return err
	}
	a.stage = atBody
	a.tunnel = a.resp.Body == wire.BodyTunnel
	a.pin = a.resp.Flags&wire.RespPin != 0
	return nil
}

// onReady: the local connection stands. What follows are bytes, without chunks or trailers, as behind an upgrade.
func (a *answer) onReady(f wire.Frame) error {
	if a.stage != atHead || !a.conn {
		return outOfOrder("a second READY, or one of a request")
	}
	seq, err := wire.DecodeReady(f.Payload)
	if err != nil {
		return err
	}
	if err := a.named(seq); err != nil {
		return err
	}
	a.stage = atBody
	return a.content.Start(wire.BodyTunnel, 0, false)
}

func (a *answer) onFail(f wire.Frame) error {
	if a.stage != atHead || f.Flags&wire.End == 0 {
		return outOfOrder("FAIL behind RESP or without END")
	}
	if err := a.fail.Decode(f.Payload); err != nil {
		return err
	}
	return a.named(a.fail.Seq)
}

func (a *answer) onAbort(f wire.Frame) error {
	if a.stage != atBody || f.Flags&wire.End == 0 {
		return outOfOrder("ABORT outside an answer or without END")
	}
	if err := a.abort.Decode(f.Payload); err != nil {
		return err
	}
	a.aborted = true
	return a.named(a.abort.Seq)
}

func (a *answer) onContent(f wire.Frame) error {
	if a.stage != atBody {
		return outOfOrder("content before RESP or behind END")
	}
	return a.content.Accept(f)
}

func (a *answer) named(seq uint32) error {
	if seq != a.seq {
		return &wire.ProtocolError{Code: wire.CodeBadSeq, Text: "an exchange that is not under way on this stream"}
	}
	return nil
}

// over says that the answer has ended, by END or ABORT.
func (a *answer) over() bool { return a.stage == atEnd }

// clean says that the agent is through with the exchange, so that another may follow on its stream.
func (a *answer) clean() bool {
	return a.stage == atEnd && a.taken && !a.aborted && !a.upgrade && !a.conn
}

func outOfOrder(text string) error {
	return &wire.ProtocolError{Code: wire.CodeFrameOrder, Text: text}
}
