package http1

import (
	"bytes"
	"strings"
)

// Get returns the value of the first field of that name that is not Gone, compared without case; nil if there is none.
func (h *Head) Get(name string) []byte {
	for i := range h.Fields {
		if f := &h.Fields[i]; !f.Gone && equalFold(f.Name, name) {
			return f.Value
		}
	}
	return nil
}

// Drop leaves out all fields of that name, compared without case, and a line of it that DropHopByHop would have Append write.
func (h *Head) Drop(name string) {
	for i := range h.Fields {
		if f := &h.Fields[i]; equalFold(f.Name, name) {
			f.Gone = true
		}
	}
	if h.addUpgrade && strings.EqualFold(name, "connection") {
		h.addUpgrade = false
	}
}

// DropHopByHop leaves out what belongs to one connection (RFC 9110, 7.6.1): Connection and the fields it names, Proxy-Connection,
// Keep-Alive, Upgrade, TE but "trailers". Content-Length, Transfer-Encoding, Host and Trailer stay even when Connection names them:
// without them the message would have another meaning.
// With upgrade, Upgrade fields stay, and so does a Connection line that says nothing but upgrade and keep-alive; if there is no such
// line, Append writes "Connection: Upgrade". Without upgrade no Connection line is left: what one has to say to the next
// connection goes into Append's extra lines. Call it before adding lines that Connection might name.
func (h *Head) DropHopByHop(upgrade bool) {
	kept := false
	for i := range h.Fields {
		f := &h.Fields[i]
		switch len(f.Name) {
		case len("TE"):
			if equalFold(f.Name, "te") && !equalFold(f.Value, "trailers") {
				f.Gone = true
			}
		case len("Upgrade"):
			if equalFold(f.Name, "upgrade") && !upgrade {
				f.Gone = true
			}
		case len("Connection"): // and of Keep-Alive
			if equalFold(f.Name, "connection") {
				names := h.dropNamed(f.Value)
				f.Gone = f.Gone || names || !upgrade
				kept = kept || !f.Gone && asksUpgrade(f.Value)
			} else if equalFold(f.Name, "keep-alive") {
				f.Gone = true
			}
		case len("Proxy-Connection"):
			if equalFold(f.Name, "proxy-connection") {
				f.Gone = true
			}
		}
	}
	h.addUpgrade = upgrade && !kept
}

// dropNamed leaves out the fields a Connection value names. It says whether there is anything but upgrade and keep-alive in it.
func (h *Head) dropNamed(list []byte) (names bool) {
	for more := true; more; {
		var option []byte
		option, list, more = cutElement(list)
		if equalFold(option, "upgrade") || equalFold(option, "keep-alive") {
			continue
		}
		names = true
		if !stays(option) {
			h.dropBytes(option)
		}
	}
	return names
}

// stays says that a Connection field cannot take this name's fields away. Connection, TE and the options without a field of their own
// are dealt with elsewhere.
func stays(name []byte) bool {
	switch len(name) {
	case 0:
		return true
	case 2:
		return equalFold(name, "te")
	case 4:
		return equalFold(name, "host")
	case 5:
		return equalFold(name, "close")
	case 7:
		return equalFold(name, "trailer")
	case 10:
		return equalFold(name, "connection")
	case 14:
		return equalFold(name, "content-length")
	case 17:
		return equalFold(name, "transfer-encoding")
	}
	return false
}

func (h *Head) dropBytes(name []byte) {
	for i := range h.Fields {
		if f := &h.Fields[i]; equalFold(f.Name, name) {
			f.Gone = true
		}
	}
}

func asksUpgrade(list []byte) bool {
	for more := true; more; {
		var option []byte
		if option, list, more = cutElement(list); equalFold(option, "upgrade") {
			return true
		}
	}
	return false
}

// DropUnderscores leaves out every field whose name, with underscores read as hyphens, is one of names (lower case) but is not
// spelt so: aliases that some servers (CGI, WSGI, PHP) read as the same field. A relay names what it sets itself, and the framing fields.
func (h *Head) DropUnderscores(names ...string) {
	for i := range h.Fields {
		f := &h.Fields[i]
		if bytes.IndexByte(f.Name, '_') < 0 {
			continue
		}
		for _, name := range names {
			if equalAlias(f.Name, name) && !equalFold(f.Name, name) {
				f.Gone = true
				break
			}
		}
	}
}
