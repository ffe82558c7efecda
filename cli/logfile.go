package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"gopkg.in/natefinch/lumberjack.v2"
)

const (
	// logMaxSize is how many MiB a log file may have before it is set aside, unless the person says otherwise.
	logMaxSize = 10

	// logKept is how many files that were set aside are kept: log-2026-01-02T15-04-05.000.txt beside log.txt.
	logKept = 3
)

// openLog opens a file to append lines to, with mode when it is new. When it has more than maxSize MiB it is renamed and a new one begun; 0: it is not. Whatever
// is no regular file (/dev/stderr, a pipe) is left in its place. The caller closes it.
func openLog(path string, mode fs.FileMode, maxSize int) (io.WriteCloser, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, mode)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if maxSize <= 0 || !info.Mode().IsRegular() {
		return f, nil
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return &lumberjack.Logger{Filename: path, MaxSize: maxSize, MaxBackups: logKept}, nil
}

// torn says that the last line of a file has no end, as a full disk and a process that is killed then leave it.
func torn(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false // it may be written, not read
	}
	defer f.Close()
	var last [1]byte
	_, err = f.ReadAt(last[:], info.Size()-1)
	return err == nil && last[0] != '\n'
}
