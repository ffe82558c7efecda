//go:build unix

package cli

import (
	"os"
	"strconv"
	"syscall"
)

// ownerOf is the number of the user whose file it is; "" when that cannot be told.
func ownerOf(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return strconv.FormatUint(uint64(st.Uid), 10)
	}
	return ""
}
