//go:build race

package sock

import "syscall"

// readNow and writeNow are package syscall's, which tell the race detector that what is read was written before, wherever the other end is in this process.

func readNow(fd uintptr, p []byte) (int, syscall.Errno) { return told(syscall.Read(int(fd), p)) }

func writeNow(fd uintptr, p []byte) (int, syscall.Errno) { return told(syscall.Write(int(fd), p)) }

func told(n int, err error) (int, syscall.Errno) {
	errno, _ := err.(syscall.Errno)
	return max(n, 0), errno
}
