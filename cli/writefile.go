package cli

import (
	"errors"
	"os"
	"path/filepath"
)

// writeFile replaces the file at path with one that holds data and that only its owner may read: whole, or not at all. What is there and no regular file (/dev/stderr, a pipe) is written
// to: a file must not take its place.
func writeFile(path string, data []byte) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return writeInto(path, data)
	}
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

func writeInto(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return closeWith(f, err)
}
