package edge

import (
	"bytes"
	"net/netip"
	"strconv"
)

// role is what a field tells about the way a request has come.
type role uint8

const (
	roleNone role = iota
	roleFor
	roleProto
	roleHost
	rolePort
	roleOther // Forwarded, X-Real-IP
)

// forwardingNames are what servers behind a proxy believe. Names are compared with underscores read as hyphens: CGI, WSGI and PHP see no
// difference, so X_Forwarded_For would pass for ours.
var forwardingNames = [...]struct {
	name string
	role role
}{
	{"x-forwarded-for", roleFor},
	{"x-forwarded-proto", roleProto},
	{"x-forwarded-host", roleHost},
	{"x-forwarded-port", rolePort},
	{"x-real-ip", roleOther},
	{"forwarded", roleOther},
}

// roleOf says what a field name means here, and whether it is spelt with underscores.
func roleOf(name []byte) (r role, alias bool) {
	if len(name) < len("x-real-ip") || len(name) > len("x-forwarded-proto") {
		return roleNone, false
	}
next:
	for i := range forwardingNames {
		want := forwardingNames[i].name
		if len(want) != len(name) {
			continue
		}
		alias = false
		for j, c := range name {
			switch {
			case c == '_':
				c, alias = '-', true
			case c >= 'A' && c <= 'Z':
				c += 'a' - 'A'
			}
			if c != want[j] {
				continue next
			}
		}
		return forwardingNames[i].role, alias
	}
	return roleNone, false
}

// forwardingFields drops what the visitor claims about its way here and puts what we know into t.extra. A trusted peer is believed: its X-Forwarded-For is
// continued, its other fields stay, and the client is who it says.
func (o *origin) forwardingFields(t *turn) {
	b := append(t.extra[:0], "X-Forwarded-For: "...)
	begin := len(b)
	proto, host, port := false, false, false
	for i := range t.req.Fields {
		f := &t.req.Fields[i]
		r, alias := roleOf(f.Name)
		if r == roleNone || f.Gone {
			continue
		}
		if alias || !o.trusted {
			f.Gone = true
			continue
		}
		switch r {
		case roleFor:
			f.Gone = true
			if len(f.Value) > 0 {
				b = append(append(b, f.Value...), ", "...)
			}
		case roleProto:
			proto = true
		case roleHost:
			host = true
		case rolePort:
			port = true
		}
	}
	if len(b) > begin {
		t.q.Client = o.client(b[begin:])
		t.q.Many = o.s.trusts(t.q.Client.Addr())
	}
	b = append(o.peer.Addr().AppendTo(b), "\r\n"...)
	switch {
	case proto:
	case o.secured == nil:
		b = append(b, "X-Forwarded-Proto: http\r\n"...)
	default:
		b = append(b, "X-Forwarded-Proto: https\r\n"...)
	}
	if !port && o.secured != nil {
		b = append(strconv.AppendUint(append(b, "X-Forwarded-Port: "...), uint64(o.port), 10), "\r\n"...)
	}
	if !host {
		b = append(append(append(b, "X-Forwarded-Host: "...), t.req.Host...), "\r\n"...)
	}
	t.extra = b
}

// client finds who really asks: the last address of the chain that is not a trusted peer's. An entry that is no address ends the search, because all
// before it may be invented.
func (o *origin) client(chain []byte) netip.AddrPort {
	best := o.peer
	for len(chain) > 0 {
		i := bytes.LastIndexByte(chain, ',')
		entry := bytes.TrimSpace(chain[i+1:])
		chain = chain[:max(i, 0)]
		if len(entry) == 0 {
			continue
		}
		ap, err := netip.ParseAddrPort(string(entry))
		if err != nil {
			a, err := netip.ParseAddr(string(bytes.Trim(entry, "[]")))
			if err != nil {
				break
			}
			ap = netip.AddrPortFrom(a, 0)
		}
		best = netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
		if !o.s.trusts(best.Addr()) {
			break
		}
	}
	return best
}
