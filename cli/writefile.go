package cli

import (
	"errors"
	"os"
	"path/filepath"
)

// writeFile replaces the file at path with one that holds data and that only its owner may read: whole, or not at all.
func writeFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err = closeWith(f, err); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
