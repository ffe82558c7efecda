package http1

import "bytes"

// Field is one line of a head. The slices point into the head's buffer.
type Field struct {
	Line  []byte // the line with its CRLF
	Name  []byte // as it came: compare without case
	Value []byte // without surrounding spaces and tabs; never nil
	Gone  bool   // left out by Append
}

// Head is what requests and responses share. It borrows the buffer it was parsed from until the next Parse or Reset, and means
// something only after a Parse that returned a length.
type Head struct {
	Raw    []byte  // as it came, final CRLF included
	Fields []Field // in order; the backing array is kept between messages

	// Wire says that the head comes from the other side of the wire, with lines already spliced in: MaxWireHead and MaxWireFields
	// count instead of MaxHead and MaxFields. Set it before Parse; Parse and Reset leave it as it is.
	Wire bool

	line       int  // where the start line ends, once that has been seen; while a head is incomplete
	scan       int  // how far the end of the head has been looked for; while a head is incomplete
	high       int  // most fields since Reset: how much of the array may point into buffers
	addUpgrade bool // Append writes a Connection line of its own
}

func (h *Head) limit() int {
	if h.Wire {
		return MaxWireHead
	}
	return MaxHead
}

// begin prepares for one call of Parse. Less than what had been looked at means another message.
func (h *Head) begin(b []byte) {
	h.Raw, h.Fields, h.addUpgrade = nil, h.Fields[:0], false
	if len(b) < h.scan {
		h.line, h.scan = 0, 0
	}
}

// reset forgets the message and every pointer into its buffer.
func (h *Head) reset() {
	clear(h.Fields[:min(max(h.high, len(h.Fields)), cap(h.Fields))])
	*h = Head{Fields: h.Fields[:0], Wire: h.Wire}
}

// startLine looks for the end of the start line and sets h.line to the index behind its CRLF; it stays 0 while that has not come. lead is
// where the head begins.
func (h *Head) startLine(b []byte, lead int) *Error {
	w := b[:min(len(b), lead+h.limit())]
	from := max(h.scan, lead)
	i := bytes.IndexByte(w[from:], '\n')
	if i < 0 {
		return h.unfinished(w, lead)
	}
	end := from + i + 1
	if end-2 < lead || w[end-2] != '\r' {
		return ErrBareLF
	}
	h.line, h.scan = end, end
	return nil
}

// end looks for the empty line behind the start line, and returns the index behind it, or 0. What was looked at in earlier calls is not
// looked at again, so a head that trickles in costs no more than one that comes at once.
func (h *Head) end(b []byte, lead int) (int, *Error) {
	w := b[:min(len(b), lead+h.limit())]
	at := h.scan
	for {
		i := bytes.IndexByte(w[at:], '\n')
		if i < 0 {
			return 0, h.unfinished(w, lead)
		}
		at += i + 1
		if w[at-2] != '\r' {
			return 0, ErrBareLF
		}
		if w[at-3] == '\n' {
			return at, nil
		}
	}
}

// unfinished notes that all of w has been looked at, which is an error when the head had no more room than that.
func (h *Head) unfinished(w []byte, lead int) *Error {
	h.scan = len(w)
	if len(w) == lead+h.limit() {
		return ErrTooLarge
	}
	return nil
}

// fields reads the field lines: b begins behind the start line and ends with the empty line. Every LF in it has its CR (end has seen
// to that), so a line ends at the first CR or is wrong.
func (h *Head) fields(b []byte, m *meaning) *Error {
	most := MaxFields
	if h.Wire {
		most = MaxWireFields
	}
	for b[0] != '\r' || b[1] != '\n' {
		if len(h.Fields) == most {
			return ErrManyFields
		}
		f := h.grow()
		if e := readField(f, b); e != nil {
			return e
		}
		if e := m.note(f.Name, f.Value); e != nil {
			return e
		}
		b = b[len(f.Line):]
	}
	return nil
}

// grow adds a field, which holds anything, in place: they are large.
func (h *Head) grow() *Field {
	n := len(h.Fields)
	if n < cap(h.Fields) {
		h.Fields = h.Fields[:n+1]
	} else {
		h.Fields = append(h.Fields, Field{})
	}
	h.high = max(h.high, n+1)
	return &h.Fields[n]
}

// readField reads the field line at the front of b, which holds at least one CRLF.
func readField(f *Field, b []byte) *Error {
	i := run(b, isToken)
	if b[i] != ':' || i == 0 {
		return nameError(b, i)
	}
	end := i + 1 + textRun(b[i+1:])
	switch {
	case b[end] != '\r':
		return ErrValue
	case b[end+1] != '\n':
		return ErrBareCR
	}
	// Three-index slices, so that appending to one cannot write over the next.
	v := trim(b[i+1 : end])
	f.Line, f.Name, f.Value, f.Gone = b[:end+2:end+2], b[:i:i], v[:len(v):len(v)], false
	return nil
}

// nameError says what is wrong with the byte behind a field name of length i.
func nameError(b []byte, i int) *Error {
	switch c := b[i]; {
	case c == '\r' && b[i+1] == '\n':
		return ErrNoColon
	case c == '\r':
		return ErrBareCR
	case c == ' ' || c == '\t':
		if i == 0 {
			return ErrFold
		}
		return ErrNameSpace
	case c == ':':
		return ErrNameEmpty
	}
	return ErrName
}

// version reads "HTTP/1.0" or "HTTP/1.1". Another version is ErrVersion, anything else is malformed.
func version(b []byte, malformed *Error) (minor int, e *Error) {
	if len(b) != 8 || string(b[:5]) != "HTTP/" || b[6] != '.' || b[5]-'0' > 9 || b[7]-'0' > 9 {
		return 0, malformed
	}
	if b[5] != '1' || b[7] > '1' {
		return 0, ErrVersion
	}
	return int(b[7] - '0'), nil
}

// appendFields writes the lines that stay, the extra lines and the empty line.
func (h *Head) appendFields(dst, extra []byte) []byte {
	for i := range h.Fields {
		if f := &h.Fields[i]; !f.Gone {
			dst = append(dst, f.Line...)
		}
	}
	if h.addUpgrade {
		dst = append(dst, "Connection: Upgrade\r\n"...)
	}
	dst = append(dst, extra...)
	return append(dst, '\r', '\n')
}
