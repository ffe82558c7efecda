package config

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// FileVersion is the version of the file's shape that adit writes: ngrok's third. Version 2 is read, too.
const FileVersion = "3"

// maxFile is how many bytes a configuration file may have.
const maxFile = 1 << 20

// readFile reads one YAML file. It is read as a node tree, so that every mistake can name its line.
func readFile(path string, data []byte) (layer, mistakes) {
	r := &reader{file: path}
	l := layer{file: path, data: data}
	if root := r.root(data); root != nil {
		l.agent, l.endpoints = r.document(root)
	}
	return l, r.mistakes
}

func tooLarge(path string) error {
	return &KeyError{path, "", fmt.Sprintf("has more than %d bytes, and is no configuration file", maxFile)}
}

// root parses data, which must be one mapping; nil when it is none, or empty.
func (r *reader) root(data []byte) *yaml.Node {
	if len(data) > maxFile {
		r.mistakes = append(r.mistakes, tooLarge(r.file))
		return nil
	}
	doc, err := oneDocument(data)
	if err != nil {
		line, text := yamlMistake(data, err)
		r.add(r.place(line), "", "%s", text)
		return nil
	}
	if doc == nil {
		return nil // nothing but comments
	}
	root := plain(doc.Content[0])
	if root.Kind != yaml.MappingNode {
		r.add(r.place(root.Line), "", "the file must hold keys and values, such as \"version: 3\"")
		return nil
	}
	return root
}

func (r *reader) document(root *yaml.Node) ([]value, []draft) {
	switch v := r.version(root); v {
	case "2":
		return r.versionTwo(root)
	case FileVersion:
		return r.versionThree(root)
	default:
		return nil, nil // which was said
	}
}

// version finds what the file says of itself: a number or a text. "" when it is missing or not read here.
func (r *reader) version(root *yaml.Node) string {
	has := func(key string) bool { k, _ := pair(root, key); return k != nil }
	_, v := pair(root, "version")
	if v != nil {
		v = plain(v)
	}
	switch {
	case v == nil && !has("agent") && (has("tunnels") || has("authtoken") || has("region")):
		r.add(r.file, "", "the line \"version: 2\" is missing; the keys are those of a file of version 2")
	case v == nil:
		r.add(r.file, "", "the line \"version: 3\" is missing")
	case v.Value == "2" || v.Value == FileVersion:
		return v.Value
	case v.Value == "1":
		r.add(r.place(v.Line), "", "version %q is not read here; write \"version: 2\" when the keys are those of ngrok's version 2", v.Value)
	default:
		r.add(r.place(v.Line), "", "version %q is not read here; write \"version: 3\"", v.Value)
	}
	return ""
}

// versionTwo reads the flat shape: settings at the top, and tunnels by name.
func (r *reader) versionTwo(root *yaml.Node) (agent []value, endpoints []draft) {
	top := []string{"version", "tunnels"}
	r.pairs(root, func(key, val *yaml.Node) {
		switch {
		case key.Value == "version":
		case key.Value == "tunnels":
			endpoints = append(endpoints, r.tunnels(val)...)
		case agentV2.knows(key.Value):
			agent = r.setting(agent, agentV2, key, val)
		case key.Value == "agent" || key.Value == "endpoints":
			r.add(r.place(key.Line), "", "%s is a key of version 3, and the file says \"version: 2\"", key.Value)
		default:
			r.add(r.place(key.Line), "", "unknown key %q%s", key.Value, hint(key.Value, append(agentV2.below(""), top...)))
		}
	})
	return agent, endpoints
}

// versionThree reads the shape with agent and endpoints; tunnels may stand in it as in version 2.
func (r *reader) versionThree(root *yaml.Node) (agent []value, endpoints []draft) {
	r.pairs(root, func(key, val *yaml.Node) {
		switch key.Value {
		case "version":
		case "agent":
			if !isEmpty(val) && val.Kind != yaml.MappingNode {
				r.add(r.place(val.Line), "", "agent must hold keys and values")
			} else if !isEmpty(val) {
				r.pairs(val, func(key, val *yaml.Node) { agent = r.setting(agent, agentV3, key, val) })
			}
		case "endpoints":
			endpoints = append(endpoints, r.endpoints(val)...)
		case "tunnels":
			endpoints = append(endpoints, r.tunnels(val)...)
		default:
			if agentV3.knows(key.Value) {
				r.add(r.place(key.Line), "", "%s stands below \"agent:\" in version 3", key.Value)
				return
			}
			r.add(r.place(key.Line), "", "unknown key %q%s", key.Value, hint(key.Value, []string{"version", "agent", "endpoints", "tunnels"}))
		}
	})
	return agent, r.distinct(endpoints)
}

// setting reads one setting of the agent's.
func (r *reader) setting(agent []value, s shape, key, val *yaml.Node) []value {
	o := s[key.Value]
	switch {
	case !s.knows(key.Value):
		r.add(r.place(key.Line), "", "unknown key %q below agent%s", key.Value, hint(key.Value, s.below("")))
	case o == nil:
		agent = append(agent, r.section(val, s, key.Value)...)
	default:
		if v, ok := r.value(o, key.Value, key.Line, val); ok {
			agent = put(agent, v, &r.mistakes, r.place(key.Line))
		}
	}
	return agent
}

// tunnels reads version 2's mapping of names to definitions.
func (r *reader) tunnels(n *yaml.Node) []draft {
	if isEmpty(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		r.add(r.place(n.Line), "", "tunnels must hold names, and a definition below each")
		return nil
	}
	var out []draft
	r.pairs(n, func(key, val *yaml.Node) {
		d := draft{name: key.Value, where: r.where(key.Line), tunnel: true}
		if err := checkName(d.name); err != nil || d.name == "" {
			r.add(r.place(key.Line), "", "a tunnel needs a name that can be shown")
			return
		}
		if val.Kind != yaml.MappingNode && !isEmpty(val) {
			r.add(r.place(val.Line), "", "tunnel %q must hold keys and values, such as \"addr: 8080\"", d.name)
			return
		}
		d.values = r.object(val, endpointV2, "")
		out = append(out, d)
	})
	return out
}

// endpoints reads version 3's list.
func (r *reader) endpoints(n *yaml.Node) []draft {
	if isEmpty(n) {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		r.add(r.place(n.Line), "", "endpoints must be a list: a dash, then \"name: …\" and the other keys")
		return nil
	}
	var out []draft
	for _, e := range n.Content {
		if e = plain(e); e.Kind != yaml.MappingNode {
			r.add(r.place(e.Line), "", "an endpoint must hold keys and values, such as \"name: web\"")
			continue
		}
		d := draft{where: r.where(e.Line), values: r.object(e, endpointV3, "")}
		if d.takeName(); d.name == "" {
			r.add(r.place(e.Line), "", "an endpoint needs a name: add \"name: …\"")
			continue
		}
		out = append(out, d)
	}
	return out
}

// takeName moves the name from the values to where it belongs.
func (d *draft) takeName() {
	i := slices.IndexFunc(d.values, func(v value) bool { return v.option.Name == "name" })
	if i >= 0 {
		d.name = d.values[i].texts[0]
		d.values = slices.Delete(d.values, i, i+1)
	}
}

// distinct refuses a name that stands twice in one file.
func (r *reader) distinct(drafts []draft) []draft {
	var out []draft
	first := map[string]string{}
	for _, d := range drafts {
		if at := first[d.name]; at != "" {
			r.add(d.at(), "", "the endpoint %q stands already at %s", d.name, visible(at))
			_ = d.endpoint(&r.mistakes) // what else is wrong with it is said at once, too
			continue
		}
		first[d.name] = d.at()
		out = append(out, d)
	}
	return out
}
