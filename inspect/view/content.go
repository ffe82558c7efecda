package view

import (
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/decode"
)

// Kind says what content was taken for.
type Kind string

// The kinds of content.
const (
	Empty     Kind = ""          // nothing to show
	Text      Kind = "text"      // lines as they came
	JSON      Kind = "json"      // laid out anew: spaces and line ends are ours, order and spelling are not
	NDJSON    Kind = "ndjson"    // several JSON values, each laid out
	Form      Kind = "form"      // URL-encoded fields, one "name = value" a line
	Multipart Kind = "multipart" // in Parts
	GraphQL   Kind = "graphql"   // in Parts: the query laid out, and what came with it
	XML       Kind = "xml"       // laid out when it came without line ends
	HTML      Kind = "html"
	CSS       Kind = "css"
	Script    Kind = "javascript"
	Events    Kind = "events"   // server-sent events as lines; Messages has them one by one
	Token     Kind = "jwt"      // a JSON web token: its header and claims
	Protobuf  Kind = "protobuf" // field numbers and guesses: there is no schema
	GRPC      Kind = "grpc"     // messages of protobuf
	Image     Kind = "image"    // Picture says which; the lines are a hex dump
	Binary    Kind = "binary"   // a hex dump
)

// Limits bounds what is laid out. The zero value is right for a face that shows a message.
type Limits struct {
	Bytes int // of content, decoded; 0: 1 MiB
	Lines int // 0: 20,000, those of all parts together
}

func (l Limits) orDefault() Limits {
	if l.Bytes <= 0 {
		l.Bytes = defaultBytes
	}
	if l.Lines <= 0 {
		l.Lines = defaultLines
	}
	return l
}

const (
	defaultBytes = 1 << 20
	defaultLines = 20_000
	maxParts     = 64        // of multipart content
	maxNesting   = 3         // of multipart content in multipart content
	maxForm      = 256 << 10 // input that is decoded as a form
)

// Content is recorded content, ready to show. Everything in it is safe to show.
type Content struct {
	Kind    Kind
	Media   string   // media type without parameters, lower case: "application/json"; "" when none was told
	Coding  string   // the content codings it came in: "gzip"; "" for none
	Title   string   // what it says of itself: a GraphQL operation, "query Viewer"; an image's size, "png, 640 × 480"
	Notes   []string // what is to be known about it: not recorded to its end, shown in part, not valid
	Lines   []Line
	More    bool // there are lines behind these: ask again with more Lines or Bytes
	Parts   []Part
	Picture *Picture // of an Image
}

// Part is one of several contents in one: of a multipart message, or of a GraphQL request; or the end of content whose middle was not kept.
type Part struct {
	Name, Filename string
	Size           int64 // bytes
	Fields         []inspect.Field
	Content
}

// Open lays out the content of a message. body reads the Kept bytes of it (inspect.Reader.Body); nil: what is in memory is all there is. The media type
// decides, unless the bytes say otherwise: content that is declared as text and is not is dumped, content of an unknown type is text when it reads as
// text. What cannot be decoded or laid out is shown in a simpler form, with a note; memory and time are bounded by l, whatever the content is.
func Open(m *inspect.Message, body io.ReaderAt, l Limits) Content {
	l = l.orDefault()
	p := Decoded(m, body, l.Bytes)
	o := opener{painter: painter{room: l.Lines}, cut: p.More || !m.Complete(), grpcCoding: Get(Headers(m.Head), "Grpc-Encoding")}
	c := Content{Coding: p.Coding}
	if p.Note != "" {
		c.say(p.Note)
	}
	if p.Coded {
		c.Media = p.Media
		o.dump(&c, p.Data)
		o.take(&c)
	} else {
		o.lay(&c, Get(Headers(m.Head), "Content-Type"), p.Data)
	}
	switch {
	case m.Withheld:
		c.say("its " + Size(m.Size) + " were not recorded: " + Withheld)
	case m.Kept < m.Size:
		c.say(fmt.Sprintf("%s of %s were recorded", Size(m.Kept), Size(m.Size)))
	}
	if p.More {
		c.More = true
		c.say("the first " + Size(int64(len(p.Data))) + " are shown")
	}
	if m.Redacted {
		c.say("values were replaced before this was recorded")
	}
	if len(m.Tail) > 0 {
		c.Parts = append(c.Parts, o.tail(m, p.Coding != ""))
	}
	return c
}

// Lay lays out data that has no content coding, for what its type says or for what it looks like.
func Lay(contentType string, data []byte, l Limits) Content {
	l = l.orDefault()
	o := opener{painter: painter{room: l.Lines}, cut: len(data) > l.Bytes}
	c := Content{}
	o.lay(&c, contentType, data[:min(len(data), l.Bytes)])
	c.More = c.More || o.cut
	return c
}

// mostTail is how many lines of the end are laid out: they have room of their own, since the beginning often takes all there is.
const mostTail = 100

// tail lays out the end of content whose middle was not kept. It begins anywhere, so that it is what it reads as.
func (o *opener) tail(m *inspect.Message, coded bool) Part {
	o.painter = painter{room: mostTail}
	p := Part{Name: "the end", Size: int64(len(m.Tail))}
	if coded {
		o.dump(&p.Content, m.Tail)
	} else {
		o.bytes(&p.Content, m.Tail)
	}
	o.take(&p.Content)
	return p
}

// Withheld says why content was not recorded.
const Withheld = "what is to be redacted in it could not be looked for"

// opener lays out one message: all its parts share the room for lines.
type opener struct {
	painter
	cut        bool   // the end of the content is missing
	nesting    int    // of parts in parts
	grpcCoding string // how messages of gRPC are compressed
}

// lay takes data for what its type says, or for what it looks like.
func (o *opener) lay(c *Content, contentType string, data []byte) {
	var params map[string]string
	c.Media, params = mediaType(contentType)
	if len(data) == 0 {
		return
	}
	if !o.special(c, params, data) {
		o.bytes(c, decode.ToUTF8(data, params["charset"]))
	}
	o.take(c)
}

// bytes takes data for text when it reads as text.
func (o *opener) bytes(c *Content, data []byte) {
	if decode.IsText(data) {
		o.text(c, data)
		return
	}
	o.dump(c, data)
}

// take gives c the lines that were made.
func (o *opener) take(c *Content) {
	o.finish()
	c.Lines, o.lines = o.lines, nil
	c.More = o.more
}

// special lays out what is not just text; false: it is nothing special.
func (o *opener) special(c *Content, params map[string]string, data []byte) bool {
	if p := pictureOf(data); p != nil {
		c.Kind, c.Picture, c.Title = Image, p, p.String()
		o.dump(c, data)
		return true
	}
	switch {
	case isGRPC(c.Media):
		o.grpc(c, o.grpcCoding, data)
	case isProtobuf(c.Media) && isProto(data):
		c.Kind = Protobuf
		o.protobuf(data, 0)
	case c.Media == "application/x-www-form-urlencoded" && len(data) <= maxForm && decode.IsText(data):
		o.form(c, data)
	case strings.HasPrefix(c.Media, "multipart/") && params["boundary"] != "" && o.nesting < maxNesting:
		o.multipart(c, params["boundary"], data)
	default:
		return false
	}
	return true
}

// part lays out one of several contents in one.
func (o *opener) part(name, contentType string, data []byte) Part {
	p := Part{Name: Sanitize(name), Size: int64(len(data))}
	o.nesting++
	o.lay(&p.Content, contentType, data)
	o.nesting--
	return p
}

// say adds a note.
func (c *Content) say(note string) { c.Notes = append(c.Notes, Sanitize(note)) }

// mediaType is the type without parameters, in lower case, and the parameters; of a malformed one as far as it goes.
func mediaType(v string) (media string, params map[string]string) {
	media, params, err := mime.ParseMediaType(v)
	if err != nil && media == "" {
		media, _, _ = strings.Cut(v, ";")
		media = strings.ToLower(strings.TrimSpace(media))
	}
	return Sanitize(media), params
}
