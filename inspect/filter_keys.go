package inspect

import (
	"slices"
	"strings"
)

// KeyHelp explains a key of the filter language to the person who types.
type KeyHelp struct {
	Key     string // as it is written: "status:", "header.NAME:"
	Help    string // a line
	Example string
}

// FilterKeys lists the keys, the most used ones first. Do not change it.
func FilterKeys() []KeyHelp { return filterKeys }

var filterKeys = []KeyHelp{
	{"status:", "the response's status, or how far the exchange is: pending, open, done, failed, interrupted", "status:>=500"},
	{"method:", "the request's method", "method:post"},
	{"path:", "the path, or a part of it; with ? the query, too", "path:/hook/*"},
	{"body:", "words of the content of either side; *part* for any part of it", `body:"payment failed"`},
	{"body.$.PATH:", "a value within JSON content of either side", "body.$.data.object.id:ch_123"},
	{"header.NAME:", "a header field of either side", "header.x-github-event:push"},
	{"host:", "the host that was asked for, or a part of it", "host:shop.example.com"},
	{"dur:", "how long it took, until now when it has not ended", "dur:>1s"},
	{"size:", "bytes of content, both sides together", "size:>1mb"},
	{"age:", "how long ago it began", "age:<10m"},
	{"endpoint:", "the endpoint's name", "endpoint:api"},
	{"ip:", "the client's address, or its network", "ip:10.0.0.0/8"},
	{"kind:", "what was carried: http (a request), tcp or tls (a connection)", "kind:tcp"},
	{"replay:", "a replay, of any exchange or of that ID", "replay:"},
	{"pinned:", "pinned, so that it is never removed", "pinned:"},
	{"tag:", "a tag, or any", "tag:bug-42"},
}

// otherNames are what people may call a key.
var otherNames = map[string]Key{
	"code": KeyStatus, "state": KeyStatus, "response": KeyStatus,
	"url": KeyPath, "uri": KeyPath, "target": KeyPath, "query": KeyPath,
	"verb": KeyMethod, "domain": KeyHost, "hostname": KeyHost,
	"duration": KeyDuration, "time": KeyDuration, "took": KeyDuration, "latency": KeyDuration,
	"bytes": KeySize, "length": KeySize, "since": KeyAge, "after": KeyAge, "before": KeyAge,
	"content": KeyBody, "text": KeyBody, "json": KeyBody,
	"client": KeyIP, "addr": KeyIP, "address": KeyIP, "remote": KeyIP,
	"tunnel": KeyEndpoint, "name": KeyEndpoint, "label": KeyTag, "pin": KeyPinned, "marked": KeyPinned,
	"protocol": KeyKind, "proto": KeyKind, "type": KeyKind, "scheme": KeyKind,
}

// key is the key that the help is about.
func (h KeyHelp) key() Key {
	return Key(strings.FieldsFunc(h.Key, func(r rune) bool { return r == ':' || r == '.' })[0])
}

// isKey says that the language has the key.
func isKey(k Key) bool {
	return slices.ContainsFunc(filterKeys, func(h KeyHelp) bool { return h.key() == k })
}

// nearest returns the key that was probably meant, as it is written, or "".
func nearest(word string) string {
	if k, ok := otherNames[word]; ok {
		return string(k) + ":"
	}
	best, least := "", 3
	for _, h := range filterKeys {
		name := string(h.key())
		if d := distance(word, name); d < least && 2*d <= len(name) {
			best, least = h.Key, d
		}
	}
	if best == "" && strings.Contains(word, "-") {
		return "header." + word + ":"
	}
	return best
}

// distance is how many letters must be added, removed or changed to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
