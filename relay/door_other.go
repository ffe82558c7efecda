//go:build !unix

package relay

import (
	"errors"
	"os"
	"syscall"
)

// duplicate is another file of a socket, for a process that is to be started.
func duplicate(syscall.Conn, string) (*os.File, error) { return nil, errors.ErrUnsupported }
