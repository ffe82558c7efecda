package config

import (
	"path/filepath"
	"slices"
)

// Changed names the settings of the agent, by their flags, that are not the same in c and o. Endpoints are compared by who runs them.
func (c *Config) Changed(o *Config) []string {
	var out []string
	for i := range Options {
		if name := Options[i].Name; Options[i].Scope == OfAgent && Options[i].Standing == Works {
			if !slices.Equal(c.origin[settingKey(name)].texts, o.origin[settingKey(name)].texts) {
				out = append(out, name)
			}
		}
	}
	return out
}

// Places are the paths of all files that Load reads, or would read if they were there, links followed and as they stand.
func (s Sources) Places() []string {
	all := s.Files
	if len(all) == 0 {
		all = []string{s.System, s.Ngrok, s.User, s.Project}
	}
	var out []string
	for _, path := range all {
		if path == "" {
			continue
		}
		out = append(out, path)
		if real, err := filepath.EvalSymlinks(path); err == nil && real != path {
			out = append(out, real)
		}
	}
	return out
}
