package config

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// ReadLimit is how long the content of a file may take to come: a pipe that nobody writes into has no end.
const ReadLimit = 10 * time.Second

// ReadFile reads the configuration file at path, and of one that is too large so much that this shows. The error names the file.
func ReadFile(path string) ([]byte, error) {
	text, _, err := readBounded(context.Background(), path, maxFile+1)
	return text, err
}

// readBounded reads the first bytes of the file at path, within ReadLimit. It may be a pipe, such as a shell's <(…) makes, whose writer comes later.
func readBounded(ctx context.Context, path string, most int64) ([]byte, fs.FileInfo, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, ReadLimit,
		fmt.Errorf("it did not end within %v; if it is a pipe, somebody must write into it and close it", ReadLimit))
	defer cancel()
	type content struct {
		text []byte
		info fs.FileInfo
		err  error
	}
	got := make(chan content, 1)
	go func() { // opening a pipe cannot be broken off: who waits there for a writer is left behind
		text, info, err := readAtMost(ctx, path, most)
		got <- content{text, info, err}
	}()
	select {
	case c := <-got:
		if ctx.Err() == nil {
			return c.text, c.info, c.err
		}
	case <-ctx.Done():
	}
	return nil, nil, &fs.PathError{Op: "read", Path: path, Err: context.Cause(ctx)}
}

func readAtMost(ctx context.Context, path string, most int64) ([]byte, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	if ctx.Err() != nil {
		return nil, nil, ctx.Err() // what a late writer brings is for who asks then
	}
	stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) }) // most pipes can be told
	defer stop()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, most))
	return text, info, err
}
