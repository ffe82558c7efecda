package config

import (
	"os"
	"path/filepath"
)

// ProjectFile is the name of a project's file.
const ProjectFile = "adit.yml"

// FindProject looks for the project's file in dir and the folders above it, and returns its path, or "". The search ends in the folder that
// holds .git, and below home and the root: what stands there is no project's. home may be "".
func FindProject(dir, home string) string {
	for home = filepath.Clean(home); ; dir = filepath.Dir(dir) {
		if dir == home || dir == filepath.Dir(dir) {
			return ""
		}
		path := filepath.Join(dir, ProjectFile)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return ""
		}
	}
}
