package wire

// Content checks the frames of one direction of an exchange behind its REQ or RESP: order, length, open chunk, END. The zero value accepts nothing
// until Start; Start begins anew at any time. It allocates nothing but errors, and belongs to one goroutine.
type Content struct {
	state contentState
	body  Body
	left  uint64 // of the length
	chunk uint64 // of the open chunk
}

type contentState uint8

const (
	contentNone contentState = iota // before Start
	contentOpen
	contentHeld // a request to upgrade: nothing but an empty DATA with END before Tunnel
	contentDone
)

// Start begins a message; end tells that REQ or RESP itself had END. The error says what contradicts: a *ProtocolError, or ErrAborted for END before
// the length.
func (c *Content) Start(body Body, length uint64, end bool) error {
	*c = Content{state: contentOpen, body: body}
	switch {
	case body > BodyTunnel:
		return protocolError(CodeBadFraming, "body %d", body)
	case body == BodyNone && !end:
		return protocolError(CodeBadFraming, "a message without content and without END")
	case body == BodyLength && length == 0 && !end:
		return protocolError(CodeBadFraming, "content of length 0 without END")
	case body >= BodyUntil && end:
		return protocolError(CodeBadFraming, "END on a message of body %d, whose content has an end of its own", body)
	case body == BodyLength && length > 0 && end:
		return ErrAborted
	}
	if body == BodyLength {
		c.left = length
	}
	if end {
		c.state = contentDone
	}
	return nil
}

// StartUpgrade begins a REQ with UPGRADE: body 0 and no END. Until Tunnel says that RESP has body 3, only an empty DATA with END may come.
func (c *Content) StartUpgrade() { *c = Content{state: contentHeld, body: BodyTunnel} }

// Tunnel opens what StartUpgrade held back.
func (c *Content) Tunnel() {
	if c.state == contentHeld {
		c.state = contentOpen
	}
}

// Accept checks the next frame (DATA, CHUNK, TRAILERS). ErrAborted: END came before the length or inside a chunk; else a *ProtocolError.
func (c *Content) Accept(f Frame) error {
	switch {
	case c.state == contentDone:
		return protocolError(CodeFrameOrder, "%s after END", f.Type)
	case c.state == contentNone:
		return protocolError(CodeFrameOrder, "%s before its REQ or RESP", f.Type)
	case f.Type == Data:
		return c.data(len(f.Payload), f.Flags&End != 0)
	case f.Type != Chunk && f.Type != Trailers:
		return protocolError(CodeFrameOrder, "%s inside content", f.Type)
	case c.body != BodyUntil:
		return protocolError(CodeFrameOrder, "%s in content of body %d", f.Type, c.body)
	case f.Type == Chunk:
		return c.open(f)
	}
	return c.trailers(f)
}

// Done says that END has been seen.
func (c *Content) Done() bool { return c.state == contentDone }

func (c *Content) data(n int, end bool) error {
	size := uint64(n)
	switch {
	case n > MaxData:
		return protocolError(CodeFrameSize, "DATA of %d bytes", n)
	case n == 0 && !end:
		return protocolError(CodeFrameSize, "empty DATA without END")
	case c.state == contentHeld && n > 0:
		return protocolError(CodeFrameOrder, "DATA before the answer to an upgrade")
	case c.body == BodyLength && size > c.left:
		return protocolError(CodeBadFraming, "DATA beyond the length")
	case c.body == BodyLength && size == c.left && !end:
		return protocolError(CodeBadFraming, "the length is complete without END")
	case c.chunk > 0 && size > c.chunk:
		return protocolError(CodeBadFraming, "DATA beyond its chunk")
	}
	if c.body == BodyLength {
		c.left -= size
	}
	if c.chunk > 0 {
		c.chunk -= size
	}
	return c.end(end)
}

func (c *Content) open(f Frame) error {
	size, err := DecodeChunk(f.Payload)
	switch {
	case err != nil:
		return err
	case c.chunk > 0:
		return protocolError(CodeFrameOrder, "CHUNK inside a chunk")
	case f.Flags&End != 0:
		return protocolError(CodeFrameOrder, "CHUNK with END")
	}
	c.chunk = size
	return nil
}

func (c *Content) trailers(f Frame) error {
	switch {
	case f.Flags&End == 0:
		return protocolError(CodeFrameOrder, "TRAILERS without END")
	case len(f.Payload) > MaxTrailers:
		return protocolError(CodeFrameSize, "TRAILERS of %d bytes", len(f.Payload))
	}
	return c.end(true)
}

func (c *Content) end(end bool) error {
	if !end {
		return nil
	}
	c.state = contentDone
	if c.left > 0 || c.chunk > 0 {
		return ErrAborted
	}
	return nil
}

// Cost is what a frame takes from the credit: payload + FrameCost for INFO, CHUNK, DATA and TRAILERS, else 0.
func Cost(f Frame) int {
	switch f.Type {
	case InfoType, Chunk, Data, Trailers:
		return len(f.Payload) + FrameCost
	}
	return 0
}
