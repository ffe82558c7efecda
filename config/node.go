package config

import (
	"go.yaml.in/yaml/v3"
)

// maxMerged is how many keys a file may take in with <<, all in all: a few lines could make millions of them.
const maxMerged = 10_000

// plain follows an alias to what it stands for.
func plain(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias // an anchor is never at an alias
	}
	return n
}

// isEmpty says that nothing stands behind a key, or null.
func isEmpty(n *yaml.Node) bool { return n.Tag == "!!null" }

// pairs gives the keys and values of a mapping, those that it merges in (<<) last; what the mapping has itself stands before what is merged.
func (r *reader) pairs(m *yaml.Node, f func(key, value *yaml.Node)) {
	seen := map[string]int{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, val := m.Content[i], plain(m.Content[i+1])
		switch {
		case key.Kind != yaml.ScalarNode:
			r.add(r.place(key.Line), "", "a key must be one word")
		case key.Tag == "!!merge":
			merged = append(merged, r.merges(val)...)
		case seen[key.Value] > 0:
			r.add(r.place(key.Line), "", "%s stands already in line %d", visible(key.Value), seen[key.Value])
		default:
			seen[key.Value] = key.Line
			f(key, val)
		}
	}
	for _, from := range merged {
		r.mergePairs(from, seen, f)
	}
}

func (r *reader) mergePairs(from *yaml.Node, seen map[string]int, f func(key, value *yaml.Node)) {
	if r.merged += len(from.Content) / 2; r.merged > maxMerged {
		if !r.full {
			r.add(r.place(from.Line), "<<", "more than %d keys are merged in this file", maxMerged)
		}
		r.full = true
		return
	}
	for i := 0; i+1 < len(from.Content); i += 2 {
		key := from.Content[i]
		switch {
		case key.Tag == "!!merge":
			r.add(r.place(key.Line), "", "what is merged with << may not merge others itself; write the keys out")
		case key.Kind == yaml.ScalarNode && seen[key.Value] == 0:
			seen[key.Value] = key.Line
			f(key, plain(from.Content[i+1]))
		}
	}
}

// merges lists the mappings behind a <<.
func (r *reader) merges(n *yaml.Node) []*yaml.Node {
	all := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		all = n.Content
	}
	var out []*yaml.Node
	for _, m := range all {
		if m = plain(m); m.Kind != yaml.MappingNode {
			r.add(r.place(n.Line), "<<", "what is merged must be keys and values")
			continue
		}
		out = append(out, m)
	}
	return out
}

// eachPair gives the keys and values of a mapping as they stand there.
func eachPair(m *yaml.Node, f func(key, value *yaml.Node)) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		f(m.Content[i], m.Content[i+1])
	}
}
