package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// writeFile replaces the file at path with one that holds data and that only its owner may read: whole, or not at all. What is there and no regular file
// (/dev/stderr, a pipe) is written to: a file must not take its place.
func writeFile(path string, data []byte) error {
	return writeFileWith(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// writeFileWith is writeFile of what f writes.
func writeFileWith(path string, f func(io.Writer) error) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return writeInto(path, f)
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err = closeWith(file, f(file)); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func writeInto(path string, f func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return closeWith(file, f(file))
}
