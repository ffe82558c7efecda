package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Changed names the settings of the agent, by their flags, that are not the same in c and o and count at the next start. Endpoints are compared by who runs
// them; webhook secrets count at once.
func (c *Config) Changed(o *Config) []string {
	var out []string
	for i := range Options {
		if op := &Options[i]; op.Scope == OfAgent && op.Standing == Works && !op.live {
			if !slices.EqualFunc(c.origin.of(op), o.origin.of(op), value.same) {
				out = append(out, op.Name)
			}
		}
	}
	return out
}

// Places are the paths of all that Load reads, or would read if it were there: files, every link on the way to them, and where stateDir keeps that the
// project's is trusted.
func (s Sources) Places(stateDir string) []string {
	all := s.Files
	if len(all) == 0 {
		all = []string{s.System, s.Ngrok, s.User, s.Project}
		if note, err := trustNote(stateDir, s.Project); err == nil && s.Project != "" {
			all = append(all, note)
		}
	}
	var out []string
	for _, path := range all {
		if path != "" {
			out = append(out, steps(path)...)
		}
	}
	return out
}

// steps are path and what it is once the first link in it is followed, and so on: the links themselves may be set anew, as those of mounted
// folders are.
func steps(path string) []string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return []string{path}
	}
	out := []string{abs}
	for range 40 {
		link, rest := firstLink(abs)
		to, err := os.Readlink(link)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(link), to)
		}
		abs = filepath.Join(to, rest)
		out = append(out, link, abs)
	}
	return out
}

// firstLink parts path behind the first symbolic link in it; link is "" when there is none.
func firstLink(path string) (link, rest string) {
	for at := path; at != filepath.Dir(at); at = filepath.Dir(at) {
		if info, err := os.Lstat(at); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			link = at
		}
	}
	if link != "" {
		rest = path[len(link):]
	}
	return link, rest
}
