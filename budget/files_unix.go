//go:build unix

package budget

import (
	"math"
	"syscall"
)

// Files is how many files and connections this process may have open. Go raises the soft limit to the hard one at the start.
func Files() int64 {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return math.MaxInt32
	}
	return int64(min(uint64(l.Cur), math.MaxInt32))
}
