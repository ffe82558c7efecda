package config

import (
	"fmt"
	"maps"
	"slices"
)

// commandLine is where the arguments of a command stand.
const commandLine = "command line"

// CommandLine makes the endpoint that "adit http UPSTREAM" and its flags describe. flags are those that were set, by name without dashes, in
// whichever spelling; those of the agent are Load's. The notices are for the person; the error joins all mistakes.
func CommandLine(protocol, upstream string, flags map[string][]string) (Endpoint, []string, error) {
	var m mistakes
	d := draft{name: CommandLineName, where: commandLine, protocol: protocol}
	var notices []string
	d.values, notices = flagValues(OfEndpoint, flags, &m)
	if d.takeName(); d.name == "" {
		d.name = CommandLineName
	}
	d.values = append(d.values, value{option: Lookup(OfEndpoint, "upstream"), key: "address", texts: []string{upstream}, where: commandLine})
	e := d.endpoint(&m)
	if e.Protocol != protocol {
		m.add("flag --url", "", "%q is not of a %s endpoint; try \"adit %s\"", withoutPassword(e.URL), protocol, e.Protocol)
	}
	return e, notices, join(m)
}

// flagValues turns set flags into values. Lists that are given in two spellings are one list.
func flagValues(scope Scope, flags map[string][]string, m *mistakes) (out []value, notices []string) {
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		o := Lookup(scope, name)
		if o == nil {
			continue // of the command, or of the other scope
		}
		if name != o.Name {
			notices = append(notices, fmt.Sprintf("--%s is an older spelling: write --%s", name, o.Name))
		}
		v := value{option: o, key: "--" + name, texts: flags[name], where: "flag --" + name}
		if !m.checked(v) {
			continue
		}
		i := slices.IndexFunc(out, func(w value) bool { return w.option == o })
		switch {
		case i < 0:
			out = append(out, v)
		case o.Kind == Strings:
			out[i].texts = append(out[i].texts, v.texts...)
		default:
			m.add("flag --"+name, "", "says the same as %s; give one of them", out[i].key)
		}
	}
	return out, notices
}
