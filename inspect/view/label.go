package view

import (
	"bytes"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
)

const (
	maxLabelBody = 64 << 10 // bytes of content that are looked at
	maxLabel     = 80       // bytes of an event's name
)

// Label names an exchange by who sent it and what it says: "stripe · invoice.paid", "github · pull_request.opened", "graphql · query Viewer",
// "grpc · pkg.Service/Method"; "" when nothing is known. It is safe to show, a name and not a proof. It reads the beginning of the content at most,
// and allocates only for what it recognises.
func Label(x *inspect.Exchange) string {
	head := x.Request.Head
	if i := providerOf(head); i >= 0 {
		return label(strings.ToLower(providers[i].name), providerEvent(i, &x.Request))
	}
	media := HeadValue(head, "content-type")
	switch {
	case hasPrefixFold(media, "application/grpc"):
		return label("grpc", strings.TrimPrefix(x.Request.Target, "/"))
	case containsFold(x.Request.Target, "graphql") || hasPrefixFold(media, "application/graphql"):
		if name := graphQLOf(&x.Request, media); name != "" {
			return label("graphql", name)
		}
	case hasPrefixFold(media, "application/json"):
		return rpcLabel(labelBody(&x.Request.Message))
	}
	return ""
}

// label joins both parts; an event that is too long is cut.
func label(who, event string) string {
	if event == "" {
		return who
	}
	if len(event) > maxLabel {
		end := maxLabel
		for end > 0 && !utf8.RuneStart(event[end]) {
			end--
		}
		event = event[:end] + "…"
	}
	return who + " · " + Sanitize(event)
}

// providerEvent is the event that a provider's field or content names. It is raw.
func providerEvent(i int, r *inspect.Request) string {
	p, body := providers[i], labelBody(&r.Message)
	event := ""
	if p.event != "" {
		event = Get(Headers(r.Head), p.event)
	}
	for member := range strings.FieldsSeq(p.members) {
		first, second, _ := strings.Cut(member, "+")
		name := event
		switch first {
		case "":
		case "*":
			name = telegramEvent(body)
		default:
			name = memberText(body, first)
		}
		if more := memberText(body, second); more != "" && name != "" {
			name += "." + more
		}
		if name != "" {
			return name
		}
	}
	return event
}

// labelBody is the beginning of the content; nothing when it is in a content coding.
func labelBody(m *inspect.Message) []byte {
	if len(m.Body) == 0 || len(HeadValue(m.Head, "content-encoding")) > 0 {
		return nil
	}
	return m.Body[:min(len(m.Body), maxLabelBody)]
}

// memberText is the text of a member of JSON content, by a path like "event.type", or of a form's field. Of arrays the first object counts.
func memberText(body []byte, path string) string {
	if path == "" || len(body) == 0 {
		return ""
	}
	body = bytes.TrimLeft(body, " \t\r\n[")
	if len(body) == 0 || body[0] != '{' {
		return formText(body, path)
	}
	value := body
	for name := range strings.SplitSeq(path, ".") {
		if value = jsonMember(bytes.TrimLeft(value, " \t\r\n["), name); value == nil {
			return ""
		}
	}
	return jsonText(value)
}

// formText is a field of a form; Slack puts JSON into one that is named payload.
func formText(body []byte, path string) string {
	for pair := range bytes.SplitSeq(body, []byte("&")) {
		name, value, _ := bytes.Cut(pair, []byte("="))
		switch string(name) {
		case path:
			return unescape(string(value))
		case "payload":
			if text := unescape(string(value)); strings.HasPrefix(text, "{") {
				return memberText([]byte(text), path)
			}
		}
	}
	return ""
}

// telegramEvent is the one member besides update_id.
func telegramEvent(body []byte) (event string) {
	eachMember(body, func(key, _ []byte) bool {
		if string(key) != "update_id" {
			event = string(key)
		}
		return event == ""
	})
	return event
}

// rpcLabel names a call of JSON-RPC.
func rpcLabel(body []byte) string {
	if !bytes.Contains(body[:min(len(body), 256)], []byte(`"jsonrpc"`)) {
		return ""
	}
	method := memberText(body, "method")
	if method == "" {
		return ""
	}
	return label("json-rpc", method)
}

// graphQLOf is the operation of a GraphQL request: "query Viewer". The request may be a GET, and the query may be known to the server by its hash.
func graphQLOf(r *inspect.Request, media []byte) string {
	body := labelBody(&r.Message)
	if hasPrefixFold(media, "application/graphql") && len(body) > 0 && body[0] != '{' {
		return operation(string(body), "")
	}
	if r.Method == "GET" {
		_, query, _ := strings.Cut(r.Target, "?")
		body = []byte(query)
	}
	return operation(memberText(body, "query"), memberText(body, "operationName"))
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// HeadValue is the value of the first field of that name in a recorded head, raw and without allocating, nil if there is none; name is in lower case. The
// value stays the head's.
func HeadValue(head []byte, name string) []byte {
	for line := range bytes.SplitSeq(head, []byte("\n")) {
		if len(line) > len(name) && line[len(name)] == ':' && hasPrefixFold(line, name) {
			return bytes.Trim(line[len(name)+1:], " \t\r")
		}
	}
	return nil
}

// hasPrefixFold compares ASCII without case; prefix is in lower case.
func hasPrefixFold(b []byte, prefix string) bool {
	if len(b) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if c := b[i]; c != prefix[i] && (c < 'A' || c > 'Z' || c+'a'-'A' != prefix[i]) {
			return false
		}
	}
	return true
}

func containsFold(s, word string) bool {
	for i := range len(s) - len(word) + 1 {
		if strings.EqualFold(s[i:i+len(word)], word) {
			return true
		}
	}
	return false
}
