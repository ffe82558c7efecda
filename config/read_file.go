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
	c, err := readBounded(context.Background(), path, maxFile+1)
	return c.text, err
}

type content struct {
	text []byte
	info fs.FileInfo
}

// readBounded reads the first bytes of the file at path, within ReadLimit. It may be a pipe, such as a shell's <(…) makes, whose writer comes later.
func readBounded(ctx context.Context, path string, most int64) (content, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, ReadLimit,
		fmt.Errorf("it did not end within %v; if it is a pipe, somebody must write into it and close it", ReadLimit))
	defer cancel()
	c, err := within(ctx, func() (content, error) { return readAtMost(ctx, path, most) })
	if ctx.Err() != nil {
		err = &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return c, err
}

func readAtMost(ctx context.Context, path string, most int64) (content, error) {
	f, err := os.Open(path)
	if err != nil {
		return content{}, err
	}
	defer func() { _ = f.Close() }()
	if ctx.Err() != nil {
		return content{}, ctx.Err() // what a late writer brings is for who asks then
	}
	stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) }) // most pipes can be told
	defer stop()
	info, err := f.Stat()
	if err != nil {
		return content{}, err
	}
	text, err := io.ReadAll(io.LimitReader(f, most))
	return content{text, info}, err
}
