package inspect

import "net/netip"

// Filter is what ParseFilter makes of a text: docs/filter.md describes the language. It is immutable. A nil *Filter matches everything.
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
	Name  string // of the header, in lower case, or the path within a JSON body: "$.data.id"; else ""
	Op    Op
	Value string // as it was written, without quotes
	Exact bool   // it was quoted: "*" in it is a star

	// What Value says, by field.
	Least, Most int64        // the range meant, both included: KeyStatus statuses (0, 0: Value is a state), KeySize bytes, KeyDuration and KeyAge microseconds
	Prefix      netip.Prefix // KeyIP; the zero prefix with an empty Value

	At int // where it begins in the text, in bytes

	pieces []string // see Pieces
	words  []string // see Words
	prefix bool     // see Words
	steps  []step   // of Name, within a JSON body
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
	KeyKind     Key = "kind"
)

// Op compares. Numbers other than statuses always have one, texts OpIs or OpEqual; Least and Most say the same.
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
