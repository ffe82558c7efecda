package store

import "path/filepath"

// bodies is the directory of content that is too large for the database.
func (s *Store) bodies() string { return filepath.Join(s.o.Dir, "bodies") }
