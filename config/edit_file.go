package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// EditFile lets change work on the file at path and writes the result back as WriteFile does. A file that is not there counts as
// empty. An error, which names the file, leaves it as it was.
func EditFile(path string, change func(*Document) error) error {
	text, err := ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("configuration file: %w", err)
	}
	d, err := ParseDocument(path, text)
	if err != nil {
		return fmt.Errorf("%w\n  the file is as it was; mend it with: adit config edit", err)
	}
	if err := change(d); err != nil {
		return err
	}
	return WriteFile(path, d.Bytes())
}

// WriteFile puts text in place of the file at path in one step: whoever reads it sees the old text or the new one, also after a
// crash. The file may then be read and written by its owner alone, and so may the folders that had to be made. A symbolic link
// stays one; what it points to is written.
func WriteFile(path string, text []byte) error {
	if err := replaceFile(path, text); err != nil {
		return fmt.Errorf("configuration file: %w", err)
	}
	return nil
}

// replaceFile is WriteFile for any file.
func replaceFile(path string, text []byte) error {
	target, err := throughLinks(path)
	if err != nil {
		return err
	}
	if info, err := os.Stat(target); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no plain file", path) // a device, say, whose place a file must not take
	}
	dir := filepath.Dir(target)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, "."+filepath.Base(target)+".*") // mode 0600
	if err != nil {
		return err
	}
	if err = fillFile(temp, text); err == nil {
		err = os.Rename(temp.Name(), target)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
		return err
	}
	syncDir(dir)
	return nil
}

func fillFile(f *os.File, text []byte) error {
	_, err := f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// syncDir makes a rename outlive a crash, where the system can; where it cannot, the old file is left, which is whole too.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// throughLinks is what path means in the end; the last step need not be there.
func throughLinks(path string) (string, error) {
	for range 40 {
		to, err := os.Readlink(path)
		if err != nil {
			return path, nil // no link, or nothing there
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", fmt.Errorf("%s: the symbolic links go in a circle", path)
}
