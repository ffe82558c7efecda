package inspect

import (
	"net/netip"
	"time"
)

// Filter is a parsed filter: docs/filter.md describes the language. It is immutable. A nil *Filter matches everything.
type Filter struct{ Root Node }

// Node is And, Or, Not or *Term.
type Node interface{ node() }

// The nodes of a filter.
type (
	And []Node // all of them
	Or  []Node // at least one
	Not struct{ Node }
)

// Term is one condition: field:value, or a bare word.
type Term struct {
	Field Key
	Name  string // of the header, in lower case, or the path within a JSON body: "$.data.id"
	Op    Op
	Value string // as it was written, without quotes
	Exact bool   // it was quoted: "*" in it is a star

	// What Value says, by field.
	Number int64         // KeySize: bytes; KeyStatus: the lowest status meant
	Upto   int64         // KeyStatus: the highest status meant (5xx is 500 to 599)
	Time   time.Duration // KeyDuration, KeyAge
	Prefix netip.Prefix  // KeyIP

	At int // where it begins in the text, in bytes
}

// Key is what a Term is about.
type Key string

// The keys of the language, as they are written; KeyAny is a bare word.
const (
	KeyAny      Key = ""
	KeyMethod   Key = "method"
	KeyPath     Key = "path"
	KeyStatus   Key = "status"
	KeyHost     Key = "host"
	KeyHeader   Key = "header" // header.NAME:value, either side
	KeyBody     Key = "body"   // body:words, or body.$.path:value
	KeyDuration Key = "dur"
	KeySize     Key = "size" // content of both sides
	KeyAge      Key = "age"
	KeyReplay   Key = "replay"
	KeyPinned   Key = "pinned"
	KeyTag      Key = "tag"
	KeyEndpoint Key = "endpoint"
	KeyIP       Key = "ip"
)

// Op compares: OpIs for everything but numbers.
type Op string

// The comparisons, as they are written behind the colon.
const (
	OpIs      Op = ""
	OpEqual   Op = "="
	OpLess    Op = "<"
	OpAtMost  Op = "<="
	OpMore    Op = ">"
	OpAtLeast Op = ">="
)

func (And) node()   {}
func (Or) node()    {}
func (Not) node()   {}
func (*Term) node() {}

// Text returns the content of one side as text, without its content coding and cut at a cap; nil when there is none or it is not text.
type Text func(Side) []byte
