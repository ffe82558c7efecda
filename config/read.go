package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reader turns YAML nodes into values by the table of options, and gathers what is wrong.
type reader struct {
	mistakes
	file    string   // path; "" for the local API
	lenient bool     // unknown keys are noted, not wrong, dots in a key stand for levels, and secrets stand there themselves
	unknown []string // keys
	merged  int      // keys taken in with <<
	full    bool     // of those
}

// place is where a mistake is; lines of the local API's JSON tell nothing.
func (r *reader) place(line int) string {
	if r.file == "" {
		return "api"
	}
	return fmt.Sprintf("%s:%d", r.file, line)
}

// where is the origin of a value.
func (r *reader) where(line int) string {
	if r.file == "" {
		return "api"
	}
	return "file " + r.place(line)
}

// object reads a mapping whose keys s knows. prefix is the way to it, with a dot behind each level.
func (r *reader) object(n *yaml.Node, s shape, prefix string) []value {
	var out []value
	r.pairs(n, func(key, val *yaml.Node) {
		path := prefix + key.Value
		o := s.find(prefix, key.Value)
		switch {
		case o != nil && (r.lenient || !strings.Contains(key.Value, ".") || o.forEach()):
			if v, ok := r.value(o, path, key.Line, val); ok {
				if o.forEach() {
					v.each = key.Value
				}
				out = put(out, v, &r.mistakes, r.place(key.Line))
			}
		case len(s.below(path+".")) > 0 && !strings.Contains(key.Value, "."):
			for _, v := range r.section(val, s, path) {
				out = put(out, v, &r.mistakes, r.place(key.Line))
			}
		case r.lenient:
			r.tolerate(path, val, s)
		default:
			r.add(r.place(key.Line), "", "unknown key %q%s%s", key.Value, belowWhat(prefix), hint(key.Value, s.below(prefix)))
		}
	})
	return out
}

// tolerate takes note of a key that s does not know. One that was most likely meant to keep visitors out is not left out: the endpoint would be open to all.
func (r *reader) tolerate(path string, n *yaml.Node, s shape) {
	switch below := path[:strings.LastIndex(path, ".")+1]; {
	case isEmpty(n):
		r.unknown = append(r.unknown, path)
	case below != "" && len(s.below(below)) > 0:
		r.add("api", path, "is not known%s", hint(path[len(below):], s.below(below)))
	case gateLike(path) != "":
		r.add("api", path, "is not known, and too much like %q to be left out", gateLike(path))
	default:
		r.unknown = append(r.unknown, path)
	}
}

// gateLike is the key of an option that keeps visitors out, or will, and is written as key is but for case and what stands between words; "" when there is none.
func gateLike(key string) string {
	letters := func(s string) string {
		return strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "").Replace(s))
	}
	for i := range Options {
		o := &Options[i]
		if !o.gates() {
			continue
		}
		for _, spelling := range slices.Concat(o.V2, o.V3, []string{o.Name}, o.Older) {
			if section, _, _ := strings.Cut(spelling, "."); letters(spelling) == letters(key) || section == key {
				return slices.Concat(o.V2, o.V3)[0]
			}
		}
	}
	return ""
}

func belowWhat(prefix string) string {
	if prefix == "" {
		return ""
	}
	return " below " + strings.TrimSuffix(prefix, ".")
}

// section reads the mapping behind the key that path leads to.
func (r *reader) section(n *yaml.Node, s shape, path string) []value {
	if isEmpty(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		r.add(r.place(n.Line), path, "must hold keys and values%s", oneOfKeys(s.below(path+".")))
		return nil
	}
	return r.object(n, s, path+".")
}

func oneOfKeys(keys []string) string {
	if slices.Contains(keys, "*") {
		return "" // any key
	}
	return " (" + strings.Join(keys, ", ") + ")"
}

// value reads what stands for one option; ok is false when it is nothing, or wrong.
func (r *reader) value(o *Option, key string, line int, n *yaml.Node) (v value, ok bool) {
	if isEmpty(n) || r.lenient && n.Kind == yaml.ScalarNode && n.Value == "" { // programs send what nobody has set
		return v, false
	}
	v = value{option: o, key: key, where: r.where(line)}
	if o.Kind == Object {
		v.texts = []string{objectText(n)}
		return v, true
	}
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode && o.Kind == Strings {
		nodes = n.Content
	}
	ok = true
	for _, e := range nodes {
		if e = plain(e); e.Kind != yaml.ScalarNode {
			r.add(r.place(e.Line), key, "must be %s", mustBe(o.Kind))
			return v, false
		}
		if strings.HasPrefix(e.Tag, "!") && !strings.HasPrefix(e.Tag, "!!") {
			r.add(r.place(e.Line), key, "what begins with ! is a tag, which means nothing here; a text that begins so needs quotes")
			return v, false
		}
		if tag := e.ShortTag(); r.lenient && o.Name == "upstream" && (tag == "!!bool" || tag == "!!float") {
			r.add(r.place(e.Line), key, "%s is no address: give a port, HOST:PORT or http://HOST:PORT", e.Value)
			return v, false
		}
		if e != n && e.Value == "" && o.gates() {
			r.add(r.place(e.Line), key, "an element of the list is empty")
			return v, false
		}
		for _, text := range o.spelled(key, e.Value) {
			if err := o.checkText(text, r.lenient); err != nil {
				r.add(r.place(e.Line), key, "%v", err)
				ok = false
			}
			v.texts = append(v.texts, text)
		}
	}
	return v, ok
}

func mustBe(k Kind) string {
	if k == Strings {
		return "a list of texts"
	}
	return "one value"
}

// objectText stands for an object in messages; "" for one that holds nothing.
func objectText(n *yaml.Node) string {
	if len(n.Content) == 0 && n.Value == "" {
		return ""
	}
	return "…"
}

// spelled is what text, written behind key, means in the program's own spelling.
func (o *Option) spelled(key, text string) []string {
	switch {
	case key == "bind_tls": // ngrok's oldest word for the schemes
		switch plainBool(text) {
		case "true":
			return []string{"https"}
		case "false":
			return []string{"http"}
		case "both":
			return []string{"http", "https"}
		}
	case o.Kind == Bool, o.Name == "console-ui":
		return []string{plainBool(text)}
	}
	return []string{text}
}
