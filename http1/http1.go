// Package http1 reads HTTP/1.1 heads and body framing as bytes (RFC 9110, RFC 9112).
//
// A head is kept as it came, with its order, case and spacing, and is edited by leaving lines out and splicing lines in;
// it is never rebuilt. Parsing is incremental and, after warm-up, allocates nothing. It is strict wherever two parsers could
// read the same bytes differently: what it accepts has one meaning, everything else is an *Error to answer with and a
// connection to close.
//
// The package does no I/O: give it the bytes that have arrived, and it says how many it has understood.
//
//	n, err := req.Parse(buf)           // n == 0 and no error: read more behind buf and ask again
//	req.DropHopByHop(req.Upgrade)      // edits only mark lines
//	out = req.Append(out, forwarding)  // everything that is not marked, as it came
//	t, n, data, size, err := chunks.Next(buf)
package http1

// Limits of what is accepted. Beyond MaxHead or MaxFields a request is answered 431.
const (
	MaxHead       = 60 << 10       // bytes of a public head, start line and final CRLF included
	MaxWireHead   = 64 << 10       // the same after forwarding fields were spliced in: Head.Wire
	MaxFields     = 200            // lines of a public head, and of a trailer section
	MaxWireFields = MaxFields + 24 // the same after splicing: Head.Wire
	MaxOptions    = 64             // connection options in all Connection fields of a head
	MaxChunkLine  = 256            // bytes of a chunk-size line with its extensions and CRLF
	MaxChunk      = 1 << 62        // content bytes of one chunk
	MaxTrailers   = 16 << 10       // bytes of all trailer lines, without the final empty line
)

// Body says how the end of a message's content is found. The values are those of wire's REQ and RESP, but for Close.
type Body uint8

const (
	BodyNone    Body = 0 // no content, whatever the fields say
	BodyLength  Body = 1 // Content-Length
	BodyChunked Body = 2 // Transfer-Encoding: chunked
	BodyTunnel  Body = 3 // 101: bytes both ways until they end
	BodyClose   Body = 4 // a response without length: until the connection closes
)
