package inspect

import (
	"strings"
	"time"
)

// NeedsBody says that Match looks at content, so that it has to be given.
func (f *Filter) NeedsBody() bool { return f != nil && needsBody(f.Root) }

func needsBody(n Node) bool {
	switch n := n.(type) {
	case And:
		return anyNeedsBody(n)
	case Or:
		return anyNeedsBody(n)
	case Not:
		return needsBody(n.Node)
	case *Term:
		return n.NeedsBody()
	}
	return false
}

func anyNeedsBody(all []Node) bool {
	for _, n := range all {
		if needsBody(n) {
			return true
		}
	}
	return false
}

// NeedsBody says that the condition is about content: a bare word, or body: with a value.
func (t *Term) NeedsBody() bool {
	return t.Field == KeyAny || t.Field == KeyBody && (t.Name != "" || !t.Exists())
}

// Match says that the filter takes the item as it is at now. text gives its content, at most once for each side and only when the filter needs it; nil:
// there is none. A bare word sees it.Label, which the caller fills in for items that have none.
func (f *Filter) Match(it Item, now time.Time, text Text) bool {
	if f == nil {
		return true
	}
	m := matching{it: &it, now: now, text: text}
	return m.node(f.Root)
}

// matching is one item while a filter looks at it.
type matching struct {
	it      *Item
	now     time.Time
	text    Text
	content [2][]byte
	have    [2]bool
	head    []byte // HeadText, once it was needed
}

func (m *matching) node(n Node) bool {
	switch n := n.(type) {
	case And:
		return m.all(n, true)
	case Or:
		return !m.all(n, false)
	case Not:
		return !m.node(n.Node)
	case *Term:
		return m.term(n)
	}
	return false
}

// all says that all nodes are what want says. Content is looked at last, since it is dear.
func (m *matching) all(nodes []Node, want bool) bool {
	for _, dear := range []bool{false, true} {
		for _, n := range nodes {
			if needsBody(n) == dear && m.node(n) != want {
				return false
			}
		}
	}
	return true
}

func (m *matching) term(t *Term) bool {
	it := m.it
	switch t.Field {
	case KeyAny:
		return m.anywhere(t)
	case KeyMethod:
		return t.like(it.Request.Method)
	case KeyPath:
		return t.like(t.pathOf(it.Request.Target))
	case KeyHost:
		return t.like(it.Request.Host)
	case KeyEndpoint:
		return t.like(it.Endpoint)
	case KeyTag:
		return t.likeAny(it.Tags)
	case KeyHeader:
		return m.header(t)
	case KeyBody:
		return m.body(t)
	case KeyStatus:
		return m.status(t)
	case KeyDuration:
		return t.within(m.it.Lasted(m.now).Microseconds())
	case KeyAge:
		return t.within(max(0, m.now.UnixMicro()-it.Start.UnixMicro()))
	case KeySize:
		return t.within(m.it.Size())
	case KeyReplay:
		return t.choice(it.ReplayOf != "") || t.Value != "" && strings.HasPrefix(string(it.ReplayOf), t.Value)
	case KeyPinned:
		return t.choice(it.Pinned)
	case KeyKind:
		return t.ofKind(it.Kind)
	case KeyIP:
		a := it.Client.Addr().Unmap().WithZone("")
		return a.IsValid() && (t.Value == "" || t.Prefix.Contains(a))
	}
	return false
}

func (t *Term) within(n int64) bool { return t.Least <= n && n <= t.Most }

func (t *Term) choice(is bool) bool { return t.Value == "" && is || t.Value == "no" && !is }

func (m *matching) status(t *Term) bool {
	if s, ok := t.State(); ok {
		return m.it.State == s
	}
	return m.it.Response != nil && t.within(int64(m.it.Response.Status))
}

// ofKind says that the kind is the one that is asked for, or that any is.
func (t *Term) ofKind(k Kind) bool {
	want, named := t.Kind()
	return !named || k == want
}

// body asks the content of either side.
func (m *matching) body(t *Term) bool {
	if !t.NeedsBody() {
		return m.it.Kind == HTTP && m.it.Size() > 0
	}
	return t.inContent(m.side(RequestSide)) || t.inContent(m.side(ResponseSide))
}

func (t *Term) inContent(text []byte) bool {
	switch {
	case len(text) == 0:
		return false
	case t.steps != nil:
		scan := jsonScan{data: text, is: t.isValue}
		return scan.anyValue(t.steps)
	case t.words != nil:
		return hasPhrase(text, t.words, t.prefix)
	}
	return hasPieces(strings.ToLower(string(text)), t.pieces)
}

// isValue compares a JSON value as it is written; without a value in the filter, any will do.
func (t *Term) isValue(written []byte) bool {
	if t.Exists() {
		return true
	}
	text, ok := scalar(written)
	return ok && hasPieces(strings.ToLower(text), t.pieces)
}

// side is the content of one side as text.
func (m *matching) side(s Side) []byte {
	if msg := m.it.Message(s); m.text == nil || msg == nil || msg.Size == 0 {
		return nil
	}
	if !m.have[s] {
		m.content[s], m.have[s] = m.text(s), true
	}
	return m.content[s]
}

// anywhere looks for words in all that is text.
func (m *matching) anywhere(t *Term) bool {
	if m.head == nil {
		m.head = m.it.HeadText()
	}
	if hasPhrase(m.head, t.words, t.prefix) || hasPhrase([]byte(m.it.Note), t.words, t.prefix) {
		return true
	}
	for _, tag := range m.it.Tags {
		if hasPhrase([]byte(tag), t.words, t.prefix) {
			return true
		}
	}
	return t.inContent(m.side(RequestSide)) || t.inContent(m.side(ResponseSide))
}
