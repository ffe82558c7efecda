package control

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Follow makes the lines of a token file tokens of s: a line is "sha256:HEX account plan created" (the day of creation may be missing), lines that begin with #
// are comments. A line that it cannot read is an error with file and line; so is a file without a byte, which editors and full disks leave. The file is left
// as it is. Accounts and plans that s does not know are made; what it knows stays.
//
// The lookup that it returns asks s, and looks at the file again each time: new lines come in, and a token whose line is gone does not stand any more. tell is
// called with what was taken over, also before Follow returns, and report with why a changed file was not taken over, once for each state of the file; then
// what was known before stays valid, and where it was s that failed it is tried again, and said once a minute. Both are called on the goroutine that asks. Closing it closes s.
func Follow(s Store, path string, tell func(Adopted), report func(error)) (Lookup, error) {
	name, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("token file: %w", err)
	}
	f := &follower{Store: s, path: path, name: name, tell: tell, report: report}
	err = f.take()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no token file %s: make one with \"adit relay token create --account NAME --token-file %s\"", path, path)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Adopted is what came of a token file.
type Adopted struct {
	File     string
	Lines    []int    // that became tokens
	Accounts []string // that were made for them
	Absent   []Token  // that have no line any more
	Returned []Token  // that have one again
}

// any says that there is something to tell.
func (a Adopted) any() bool { return len(a.Lines)+len(a.Absent)+len(a.Returned) > 0 }

type follower struct {
	Store
	path, name string
	tell       func(Adopted)
	report     func(error)

	mu     sync.Mutex
	stamp  stamp     // of the state that the store, or the last report, is about
	failed time.Time // when the store did not take that state; zero: it did
	said   time.Time // when the last report was
}

// adoptAgain is how long a store that did not take a file over, as on a full disk, is left alone.
const adoptAgain = 5 * time.Second

// sayAgain is how long after a report there is another one, if nothing has changed.
const sayAgain = time.Minute

// Authenticate implements Lookup.
func (f *follower) Authenticate(token string) (Grant, error) {
	f.look()
	return f.Store.Authenticate(token)
}

// Renew implements Lookup.
func (f *follower) Renew(g Grant) (Grant, error) {
	f.look()
	return f.Store.Renew(g)
}

// look takes over what has changed.
func (f *follower) look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := look(f.path)
	news := now != f.stamp
	if !news && (f.failed.IsZero() || time.Since(f.failed) < adoptAgain) {
		return
	}
	if err := f.take(); err != nil {
		f.stamp = now
		if news || time.Since(f.said) >= sayAgain {
			f.said = time.Now()
			f.report(fmt.Errorf("token file not read again, what was known before stays valid: %w", err))
		}
	}
}

// take reads the file into the store.
func (f *follower) take() error {
	f.failed = time.Time{}
	lines, s, err := read(f.path)
	if err != nil {
		return err
	}
	adopted, err := f.Adopt(f.name, lines)
	if errors.Is(err, ErrReadOnly) {
		f.report(fmt.Errorf("token file %s has news that cannot be taken over: %w", f.path, err))
	} else if err != nil {
		f.failed = time.Now()
		return fmt.Errorf("token file %s: %w", f.path, err)
	}
	f.stamp = s
	if adopted.any() {
		f.tell(adopted)
	}
	return nil
}

// stamp tells one state of a file from another.
type stamp struct {
	mtime time.Time
	size  int64
	err   string // when it could not be looked at
}

func stampOf(i fs.FileInfo) stamp { return stamp{mtime: i.ModTime(), size: i.Size()} }

func look(path string) stamp {
	i, err := os.Stat(path)
	if err != nil {
		return stamp{err: err.Error()}
	}
	return stampOf(i)
}

// read takes the stamp before the content: a change in between is then seen the next time.
func read(path string) ([]Line, stamp, error) {
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
