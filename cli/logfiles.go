package cli

import (
	"errors"
	"io"
	"io/fs"
	"sync"
)

// logFiles are the files that a long-running process logs to, to be opened anew when others have set them aside.
type logFiles struct {
	mu  sync.Mutex
	all []*logFile
}

// logFile is one of them.
type logFile struct {
	again func() (io.WriteCloser, error)

	mu   sync.Mutex
	file io.WriteCloser
}

// open is openLog for a file that is opened anew with the others; nil *logFiles keep none.
func (l *logFiles) open(path string, mode fs.FileMode, maxSize int) (io.WriteCloser, error) {
	again := func() (io.WriteCloser, error) { return openLog(path, mode, maxSize) }
	file, err := again()
	if err != nil || l == nil {
		return file, err
	}
	f := &logFile{again: again, file: file}
	l.mu.Lock()
	l.all = append(l.all, f)
	l.mu.Unlock()
	return f, nil
}

// reopen opens what is at the files' paths now. Where that fails the file stays that there was.
func (l *logFiles) reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, f := range l.all {
		errs = append(errs, f.reopen())
	}
	return errors.Join(errs...)
}

func (f *logFile) reopen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	fresh, err := f.again()
	if err != nil {
		return err
	}
	old := f.file
	f.file = fresh
	return old.Close()
}

// Write implements io.Writer.
func (f *logFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.file.Write(p)
}

// Close implements io.Closer.
func (f *logFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.file.Close()
}
