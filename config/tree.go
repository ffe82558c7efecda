package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// tree is a configuration file that is to be rebuilt. Comments hang on its nodes.
type tree struct {
	path    string
	source  []byte
	doc     *yaml.Node
	root    *yaml.Node
	notices []string
}

// readTree reads a file that has no mistakes; the error joins those it has.
func readTree(path string, text []byte) (*tree, error) {
	if wrong := mistakesIn(path, text); len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: there is nothing in the file but comments", path)
	}
	return &tree{path: path, source: text, doc: &doc, root: doc.Content[0]}, nil
}

// mistakesIn are all mistakes of one file by itself.
func mistakesIn(path string, text []byte) mistakes {
	l, wrong := readFile(path, text)
	for _, d := range l.endpoints {
		_ = d.endpoint(&wrong)
	}
	return wrong
}

func (t *tree) version() string {
	if _, v := pair(t.root, "version"); v != nil {
		return plain(v).Value
	}
	return ""
}

// bytes writes the tree as text, with the line ends of the file. What it gives is read without a mistake.
func (t *tree) bytes() ([]byte, error) {
	text, err := t.encode()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.path, err)
	}
	if bytes.Contains(t.source, []byte("\r\n")) {
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	}
	if wrong := mistakesIn(t.path, text); len(wrong) > 0 {
		return nil, fmt.Errorf("%s: the file cannot be rebuilt, most likely because of anchors and aliases (& and *)\n  write out what they stand for", t.path)
	}
	return text, nil
}

// encode writes the tree with the empty lines of the source, unless they would change what is said: below a text that keeps its line ends, say.
func (t *tree) encode() ([]byte, error) {
	plain, err := encode(t.doc)
	if err != nil || bytes.Contains(t.source, []byte(emptyLine)) {
		return plain, err
	}
	markEmptyLines(t.doc, strings.Split(string(t.source), "\n"))
	marked, err := encode(t.doc)
	if err != nil {
		return plain, nil
	}
	text := emptyMarked(marked)
	var before, after any
	if yaml.Unmarshal(plain, &before) != nil || yaml.Unmarshal(text, &after) != nil || !reflect.DeepEqual(before, after) {
		return plain, nil
	}
	return text, nil
}

func encode(n *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	err := errors.Join(e.Encode(n), e.Close())
	return b.Bytes(), err
}

// comments are all comments of a node and of what is below it, a line each.
func comments(n *yaml.Node) []string {
	var out []string
	for _, c := range []string{n.HeadComment, n.LineComment, n.FootComment} {
		for line := range strings.Lines(c) {
			out = append(out, strings.TrimSpace(line))
		}
	}
	for _, c := range n.Content {
		out = append(out, comments(c)...)
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// tied says that a node, or something below it, is an alias, a merge, or has an anchor.
func tied(n *yaml.Node) bool {
	return n.Kind == yaml.AliasNode || n.Anchor != "" || n.Tag == "!!merge" || slices.ContainsFunc(n.Content, tied)
}

// WithoutSecrets is a file's text as it may be shown: masks stand for the secrets in it; references to secrets stay.
func WithoutSecrets(path string, text []byte) ([]byte, error) {
	t, err := readTree(path, text)
	if err != nil {
		return nil, err
	}
	secret := map[string]*Option{"credentials": Lookup(OfEndpoint, "basic-auth"), webhookKey: Lookup(OfAgent, webhookName(OwnWebhook))} // the first as a traffic policy has it
	for _, s := range []shape{agentV2, agentV3, endpointV2, endpointV3} {
		for key, o := range s {
			if o.provider == "" && (o.Secret || o.isAddress()) { // a provider's name may be anything's
				secret[key[strings.LastIndex(key, ".")+1:]] = o
			}
		}
	}
	hide(t.root, nil, secret)
	return t.encode()
}

// hide masks what n holds of o, which is nil as long as no secret option's key has been met.
func hide(n *yaml.Node, o *Option, secret map[string]*Option) {
	if o != nil && n.Kind == yaml.ScalarNode && !isEmpty(n) {
		if shown := (value{option: o}).shown(n.Value); shown != n.Value {
			n.Value, n.Tag, n.Style = shown, "!!str", 0
		}
	}
	for i, c := range n.Content {
		below := o
		if n.Kind == yaml.MappingNode {
			if i%2 == 0 {
				continue // a key
			}
			below = secretBelow(o, n.Content[i-1].Value, secret)
		}
		hide(c, below, secret)
	}
}

// secretBelow is the secret option that stands behind key; o is that of what key stands in, or nil.
func secretBelow(o *Option, key string, secret map[string]*Option) *Option {
	switch {
	case o == nil:
		return secret[key]
	case o.provider != "" && key != "secret" && agentV3[webhookKey+"."+OwnWebhook+"."+key] != nil:
		return nil // it says how is signed
	}
	return o
}
