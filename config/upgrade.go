package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ErrCurrent says that a file is in the shape of FileVersion already.
var ErrCurrent = errors.New("the file is of version " + FileVersion + " already")

// Upgrade brings a file of version 2 into the shape of version 3: settings below agent, tunnels as a list of endpoints. Comments and
// empty lines go with what they are about. A tunnel with a key that version 3 has no word for stays a tunnel, which
// version 3 reads, too; notices tell of those. path is only named in errors, which are ErrCurrent or all mistakes in the file.
func Upgrade(path string, text []byte) (upgraded []byte, notices []string, err error) {
	t, err := readTree(path, dated(text))
	if err != nil {
		return nil, nil, err
	}
	if t.version() == FileVersion {
		return nil, nil, ErrCurrent
	}
	if err := t.upgrade(); err != nil {
		return nil, nil, err
	}
	upgraded, err = t.bytes()
	return upgraded, t.notices, err
}

// dated is the text with the version line that the files of ngrok's first two versions need not have. It is added at the end, where it moves no other line.
func dated(text []byte) []byte {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) == 0 {
		return text
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode || root.Style&yaml.FlowStyle != 0 {
		return text
	}
	for _, key := range []string{"version", "agent", "endpoints"} {
		if k, _ := pair(root, key); k != nil {
			return text
		}
	}
	return append(bytes.Clone(text), "\nversion: 2\n"...)
}

// upgrade sorts the keys of a version 2 file into the sections of version 3.
func (t *tree) upgrade() error {
	var version, kept []*yaml.Node
	var endpoints section
	agent := section{name: "agent"}
	for i := 0; i+1 < len(t.root.Content); i += 2 {
		key, val := t.root.Content[i], t.root.Content[i+1]
		switch o := agentV2[key.Value]; {
		case o == nil && agentV2.knows(key.Value): // a section is the same in both
			agent.content = append(agent.content, key, val)
		case key.Value == "version":
			val.Value, val.Tag, val.Style = FileVersion, "!!int", 0
			version = []*yaml.Node{key, val}
		case key.Value == "tunnels":
			endpoints, kept = t.tunnels(key, val)
		case o == nil: // a merge key: what it brings cannot be sorted
			return fmt.Errorf("%s:%d: %s cannot be upgraded\n  write its keys out", t.path, key.Line, key.Value)
		default:
			key.Value = o.V3[0]
			agent.content = append(agent.content, key, val)
		}
	}
	t.root.Content = slices.Concat(version, agent.pair(yaml.MappingNode), endpoints.pair(yaml.SequenceNode), kept)
	return nil
}

// section is a key of the top level that comes into being.
type section struct {
	name    string
	head    string // comment
	line    int    // of the source, which it takes the place of
	content []*yaml.Node
}

func (s section) pair(kind yaml.Kind) []*yaml.Node {
	if len(s.content) == 0 {
		return nil
	}
	key := word(s.name, String)
	key.HeadComment, key.Line = s.head, cmp.Or(s.line, s.content[0].Line)
	return []*yaml.Node{key, {Kind: kind, Content: s.content}}
}

// tunnels makes endpoints of tunnels; kept is the key "tunnels" with those that stay, if any.
func (t *tree) tunnels(key, val *yaml.Node) (endpoints section, kept []*yaml.Node) {
	endpoints.name, endpoints.line = "endpoints", key.Line
	if val.Kind != yaml.MappingNode {
		return endpoints, []*yaml.Node{key, val}
	}
	var stay []*yaml.Node
	for i := 0; i+1 < len(val.Content); i += 2 {
		name, def := val.Content[i], val.Content[i+1]
		e, why := endpointOf(name, def)
		if why != "" {
			stay = append(stay, name, def)
			t.notices = append(t.notices, fmt.Sprintf("%q stays below \"tunnels\", because endpoints of version 3 have no %s", name.Value, why))
			continue
		}
		endpoints.content = append(endpoints.content, e)
	}
	if len(stay) > 0 {
		val.Content = stay
		return endpoints, []*yaml.Node{key, val}
	}
	endpoints.head = strings.Join(comments(&yaml.Node{HeadComment: key.HeadComment, LineComment: key.LineComment, FootComment: key.FootComment}), "\n")
	return endpoints, nil
}

// endpointOf makes an item of the list of endpoints of a tunnel; why is the key that stands against it.
func endpointOf(name, def *yaml.Node) (item *yaml.Node, why string) {
	if name.Kind != yaml.ScalarNode || def.Kind != yaml.MappingNode || tied(def) {
		return nil, "anchors and aliases"
	}
	for i := 0; i+1 < len(def.Content); i += 2 {
		if key := def.Content[i].Value; !hasWord(key, def.Content[i+1]) {
			return nil, key
		}
	}
	b := endpointBuilder{item: &yaml.Node{Kind: yaml.MappingNode, Line: name.Line, HeadComment: name.HeadComment, FootComment: name.FootComment, LineComment: def.LineComment}}
	title := word(name.Value, String)
	title.Tag, title.Style, title.LineComment = name.Tag, name.Style, name.LineComment
	b.item.Content = []*yaml.Node{word("name", String), title}
	for i := 0; i+1 < len(def.Content); i += 2 {
		b.take(def.Content[i], def.Content[i+1])
	}
	return b.done(), ""
}

// hasWord says that version 3 has a word for a key of a tunnel, and what it holds.
func hasWord(key string, val *yaml.Node) bool {
	o := endpointV2[key]
	switch {
	case o == nil:
		return inBoth(key, val)
	case o.Name == "proto":
		return true
	case o.Name == "scheme":
		return onlyHTTP(o, key, val)
	}
	return o.Name == "url" || endpointV3[key] == o || len(o.V3) > 0 && (strings.HasPrefix(o.V3[0], inUpstream) || !strings.Contains(o.V3[0], "."))
}

// inUpstream is how the keys of an endpoint begin that tell of the service.
const inUpstream = "upstream."

// endpointBuilder makes one endpoint of the keys of a tunnel.
type endpointBuilder struct {
	item     *yaml.Node
	scheme   string // "http://" and the like, when the tunnel asks for one
	url      []*yaml.Node
	upstream []*yaml.Node
	rest     []*yaml.Node
	loose    []string // comments of keys that are gone
}

// take sorts one key of a tunnel, for which there is a word.
func (b *endpointBuilder) take(key, val *yaml.Node) {
	o := endpointV2[key.Value]
	switch {
	case o == nil:
		b.rest = append(b.rest, key, val)
	case o.Name == "proto":
		if val.Value != "http" && !isEmpty(val) {
			b.scheme = val.Value + "://"
		}
		b.drop(key, val)
	case o.Name == "scheme":
		b.scheme = "http://"
		b.drop(key, val)
	case o.Name == "url" && isEmpty(val):
		b.drop(key, val)
	case o.Name == "url":
		key.Value = "url"
		b.url = []*yaml.Node{key, val}
	case endpointV3[key.Value] != o && !strings.HasPrefix(o.V3[0], inUpstream): // an older word
		key.Value = o.V3[0]
		b.rest = append(b.rest, key, val)
	case endpointV3[key.Value] != o:
		key.Value = strings.TrimPrefix(o.V3[0], inUpstream)
		b.upstream = append(b.upstream, key, val)
	default:
		b.rest = append(b.rest, key, val)
	}
}

func (b *endpointBuilder) drop(key, val *yaml.Node) {
	b.loose = append(b.loose, append(comments(key), comments(val)...)...)
}

func (b *endpointBuilder) done() *yaml.Node {
	if b.scheme != "" {
		if b.url == nil {
			b.url = []*yaml.Node{word("url", String), word("", String)}
		}
		if v := b.url[1]; !strings.Contains(v.Value, "://") {
			v.Value, v.Tag, v.Style = b.scheme+v.Value, "!!str", 0
		}
	}
	upstream := section{name: "upstream", content: b.upstream}
	b.item.Content = slices.Concat(b.item.Content, b.url, upstream.pair(yaml.MappingNode), b.rest)
	if b.item.HeadComment != "" {
		b.loose = append([]string{b.item.HeadComment}, b.loose...)
	}
	b.item.HeadComment = strings.Join(b.loose, "\n")
	return b.item
}

// inBoth says that all below a key of a tunnel is spelled the same in an endpoint, as ip_restriction is.
func inBoth(key string, val *yaml.Node) bool {
	if val.Kind != yaml.MappingNode {
		return isEmpty(val)
	}
	for i := 0; i+1 < len(val.Content); i += 2 {
		if path := key + "." + val.Content[i].Value; endpointV2[path] == nil || endpointV2[path] != endpointV3[path] {
			return false
		}
	}
	return true
}

// onlyHTTP says that schemes, or bind_tls, ask for http and nothing else; version 3 says that in the URL.
func onlyHTTP(o *Option, key string, val *yaml.Node) bool {
	texts := []string{val.Value}
	if val.Kind == yaml.SequenceNode {
		texts = nil
		for _, e := range val.Content {
			texts = append(texts, e.Value)
		}
	}
	return len(texts) == 1 && slices.Equal(o.spelled(key, texts[0]), []string{"http"})
}
