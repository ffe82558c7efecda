package config

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mask stands for a secret. It is as long as the shortest password, so that what Show writes can be read again.
const mask = "<secret>"

// Show is the configuration as a file of version 3, with masks for secrets. With origins, a comment behind each value says where it comes from.
// Endpoints that use keys which only version 2 has stand below tunnels.
func (c *Config) Show(origins bool) string {
	s := shower{origins: origins}
	root := mapping()
	child(root, "version", word(FileVersion, Integer))
	agent := mapping()
	for i := range Options {
		if Options[i].Scope != OfAgent {
			continue
		}
		for _, v := range c.origin.of(&Options[i]) {
			s.put(agent, Options[i].V3[0], v)
		}
	}
	child(root, "agent", agent)
	endpoints, tunnels := &yaml.Node{Kind: yaml.SequenceNode}, mapping()
	for _, e := range c.Endpoints {
		if e.hasV3() {
			endpoints.Content = append(endpoints.Content, s.endpoint(&e))
		} else {
			child(tunnels, e.Name, s.tunnel(&e))
		}
	}
	if len(endpoints.Content) > 0 {
		child(root, "endpoints", endpoints)
	}
	if len(tunnels.Content) > 0 {
		child(root, "tunnels", tunnels)
	}
	text, err := encode(root)
	if err != nil {
		panic("config: a tree of texts cannot be written: " + err.Error())
	}
	return string(text)
}

// hasV3 says whether version 3 has a key for everything that is set.
func (e *Endpoint) hasV3() bool {
	return !slices.ContainsFunc(e.values, func(v value) bool {
		return len(v.option.V3) == 0 && (v.option.Name != "proto" || v.texts[0] != "http")
	})
}

type shower struct{ origins bool }

func (s shower) endpoint(e *Endpoint) *yaml.Node {
	m := mapping()
	child(m, "name", word(e.Name, String))
	for _, v := range e.values {
		if len(v.option.V3) > 0 {
			s.put(m, v.option.V3[0], v)
		}
	}
	return m
}

func (s shower) tunnel(e *Endpoint) *yaml.Node {
	m := mapping()
	for _, v := range e.values {
		if len(v.option.V2) > 0 {
			s.put(m, v.option.V2[0], v)
		}
	}
	return m
}

// put adds v below m, at path, whose levels dots divide.
func (s shower) put(m *yaml.Node, path string, v value) {
	if len(v.texts) == 0 && v.each == "" {
		return
	}
	parts := strings.Split(path, ".")
	if v.each != "" {
		parts[len(parts)-1] = v.each
	}
	for _, p := range parts[:len(parts)-1] {
		m = level(m, p)
	}
	n := v.node()
	if s.origins && n.Kind == yaml.SequenceNode {
		n.HeadComment = visible(v.where)
	} else if s.origins {
		n.LineComment = visible(v.where)
	}
	child(m, parts[len(parts)-1], n)
}

func (v value) node() *yaml.Node {
	if v.option.Kind != Strings {
		return word(v.shown(v.texts[0]), v.option.Kind)
	}
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, t := range v.texts {
		list.Content = append(list.Content, word(v.shown(t), String))
	}
	return list
}

// shown is text as it may be seen.
func (v value) shown(text string) string {
	switch {
	case v.option.isAddress():
		return withoutPassword(text)
	case !v.option.Secret || text == "":
		return text
	case strings.HasPrefix(text, "cmd:"):
		return "cmd:…" // the command may hold others
	case isReference(text):
		return text
	case v.option.Name == "basic-auth":
		user, _, _ := strings.Cut(text, ":")
		return user + ":" + mask
	}
	return mask
}

// isAddress says that a value may be an URL, in which a password may stand.
func (o *Option) isAddress() bool { return o.Name == "upstream" || strings.HasSuffix(o.Name, "url") }

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

// word is a text that is read back as what it is; texts that look like something else get quotes.
func word(text string, k Kind) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: text}
	if _, err := strconv.ParseUint(text, 10, 64); err != nil && (k == String || k == Object) {
		n.Tag = "!!str"
	}
	return n
}

func child(m *yaml.Node, key string, n *yaml.Node) {
	m.Content = append(m.Content, word(key, String), n)
}

// level is the mapping behind key in m, which may be new.
func level(m *yaml.Node, key string) *yaml.Node {
	_, n := pair(m, key)
	if n == nil {
		n = mapping()
		child(m, key, n)
	}
	return n
}
