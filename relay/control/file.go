package control

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// OpenFile reads a token file: a token's line is "sha256:HEX account plan created" (the day of creation may be missing), lines that begin with #
// are comments. A line that it cannot read is an error with file and line; so is a file without a byte, which editors and full disks leave.
//
// The file is looked at again with every Authenticate and Stands and read again when it has changed. If it cannot be read then (a slip of the editor, a
// file that is gone), what was known before stays valid and report (nil: nobody) is called with the reason, once for each state of the file, on
// the goroutine that asks.
func OpenFile(path string, report func(error)) (Store, error) {
	if report == nil {
		report = func(error) {}
	}
	f := &file{path: path, report: report}
	t, s, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no token file %s: make one with \"adit relay token create --account NAME --token-file %s\"", path, path)
	}
	if err != nil {
		return nil, err
	}
	f.table, f.stamp = t, s
	return f, nil
}

type file struct {
	path   string
	report func(error)

	mu    sync.Mutex
	table table
	stamp stamp // of the state that table, or the last report, is about
}

// stamp tells one state of a file from another.
type stamp struct {
	mtime time.Time
	size  int64
	err   string // when it could not be looked at
}

func stampOf(i fs.FileInfo) stamp { return stamp{mtime: i.ModTime(), size: i.Size()} }

// Authenticate implements Store.
func (f *file) Authenticate(token string) (Grant, error) { return f.current().find(token) }

// Stands implements Store.
func (f *file) Stands(g Grant) bool { return f.current().holds(g) }

// Close implements Store; the file is not kept open.
func (f *file) Close() error { return nil }

func (f *file) current() table {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := look(f.path)
	if now == f.stamp {
		return f.table
	}
	t, s, err := read(f.path)
	if err != nil {
		f.stamp = now
		f.report(fmt.Errorf("token file not read again, what was known before stays valid: %w", err))
		return f.table
	}
	f.table, f.stamp = t, s
	return t
}

func look(path string) stamp {
	i, err := os.Stat(path)
	if err != nil {
		return stamp{err: err.Error()}
	}
	return stampOf(i)
}

// read takes the stamp before the content: a change in between is then seen the next time.
func read(path string) (table, stamp, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, stamp{}, fmt.Errorf("token file: %w", err)
	}
	defer f.Close()
	i, err := f.Stat()
	if err != nil {
		return nil, stamp{}, fmt.Errorf("token file: %w", err)
	}
	text, err := readAll(f)
	if err != nil {
		return nil, stamp{}, fmt.Errorf("token file %s: %w", path, err)
	}
	if len(text) == 0 {
		return nil, stamp{}, fmt.Errorf("token file %s: it is empty, as a file is that is just being saved", path)
	}
	t, err := parse(path, text)
	return t, stampOf(i), err
}

func readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("it is larger than %d MiB", maxFile>>20)
	}
	return text, err
}
