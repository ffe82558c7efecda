package config

import "strings"

// SetAgent writes a setting of the agent, named by its key in the file (dots between levels), where files of this version keep it: below "agent", or at
// the top in version 2. A file without a version gets one. Errors are those of Set.
func (d *Document) SetAgent(key, value string) error {
	flat := d.isFlat()
	if err := d.ensureVersion(flat); err != nil {
		return err
	}
	return d.Set(value, agentKey(flat, key)...)
}

// Agent is a setting of the agent as written, or "".
func (d *Document) Agent(key string) string { return d.Get(agentKey(d.isFlat(), key)...) }

func agentKey(flat bool, key string) []string {
	keys := strings.Split(key, ".")
	if flat {
		return keys
	}
	return append([]string{"agent"}, keys...)
}

// isFlat says that the file has the second shape, in which the agent's settings stand at the top. Files of old programs, which
// wrote no version, have it too.
func (d *Document) isFlat() bool {
	if d.Has("version") {
		return d.Get("version") == "2"
	}
	return d.root != nil && len(d.root.Content) > 0 && !d.Has("agent") && !d.Has("endpoints")
}

func (d *Document) ensureVersion(flat bool) error {
	if d.Get("version") != "" {
		return nil
	}
	version := FileVersion
	if flat {
		version = "2"
	}
	return d.set(version, version, []string{"version"})
}
