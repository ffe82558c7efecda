package config

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Imported is what Import makes of a file.
type Imported struct {
	Text      []byte   // a whole configuration file of version 3
	Endpoints int      // how many are in it
	LeftOut   []string // the settings that are not in it, by key, because they mean nothing to adit
	Token     bool     // the file had an authtoken, and Text does not
	Notices   []string // those of Upgrade
}

// Import makes adit's configuration of ngrok's file, of either version: its endpoints and those settings that mean something here.
// Its authtoken is for ngrok's servers, and comes along only withToken. path is only named in errors, which join all mistakes in
// the file.
func Import(path string, text []byte, withToken bool) (Imported, error) {
	t, err := readTree(path, dated(text))
	if err != nil {
		return Imported{}, err
	}
	if t.version() != FileVersion {
		if err := t.upgrade(); err != nil {
			return Imported{}, err
		}
	}
	in := Imported{Notices: t.notices}
	t.leaveOut(&in, withToken)
	if in.Text, err = t.bytes(); err != nil {
		return Imported{}, err
	}
	l, _ := readFile(path, in.Text)
	in.Endpoints = len(l.endpoints)
	return in, nil
}

// leaveOut takes the settings out that are ngrok's alone.
func (t *tree) leaveOut(in *Imported, withToken bool) {
	_, agent := pair(t.root, "agent")
	if agent == nil || agent.Kind != yaml.MappingNode {
		return
	}
	var stay []*yaml.Node
	for i := 0; i+1 < len(agent.Content); i += 2 {
		key := agent.Content[i]
		switch o := agentV3[key.Value]; {
		case o != nil && o.Name == "authtoken" && !withToken:
			in.Token = true
		case o != nil && o.Standing == Ignored:
			in.LeftOut = append(in.LeftOut, key.Value)
		default:
			stay = append(stay, key, agent.Content[i+1])
		}
	}
	if agent.Content = stay; len(stay) == 0 {
		agent.Style = yaml.FlowStyle // {}
	}
}

// AddEndpoints puts the endpoints of imported, which Import made, at the end of a document that has none. The error says why that
// is not possible; the document is then as it was.
func (d *Document) AddEndpoints(imported []byte) error {
	for _, key := range []string{"endpoints", "tunnels"} {
		if n := d.find(key); n != nil {
			return fmt.Errorf("%s:%d: the file has %s already\n  import into another one with --config FILE, and move over what you want", d.path, n.Line, key)
		}
	}
	if d.root != nil && d.Get("version") != FileVersion {
		return fmt.Errorf("%s: the file must be of version %s\n  bring it there with: adit config upgrade", d.path, FileVersion)
	}
	from, err := ParseDocument("", imported)
	if err != nil {
		return err
	}
	part := &yaml.Node{Kind: yaml.MappingNode}
	for _, key := range []string{"endpoints", "tunnels"} {
		if k, v := pair(from.root, key); k != nil {
			part.Content = append(part.Content, k, v)
		}
	}
	text, err := encode(part)
	if err != nil {
		return err
	}
	return d.appendText(text)
}

// appendText puts whole lines at the end.
func (d *Document) appendText(text []byte) error {
	if err := d.ensureVersion(false); err != nil {
		return err
	}
	s := d.atEnd("\n" + string(text))
	changed, err := ParseDocument(d.path, s.apply(d.text))
	if err == nil {
		if wrong := mistakesIn(d.path, changed.text); len(wrong) > 0 {
			err = wrong[0]
		}
	}
	if err != nil {
		return d.byHand(s.line, "nothing can be added at the end here: "+strings.TrimPrefix(err.Error(), d.path+":"))
	}
	*d = *changed
	return nil
}
