package budget

import (
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
)

const (
	// unknown is what a process may use where nothing says how much there is.
	unknown = 1 << 30

	// least is what a process is taken to have whatever is said: with less it could not work.
	least = 32 << 20
)

// Memory is how many bytes this process may use, and who says so: GOMEMLIMIT, or three quarters of what its cgroup or one above it allows (the kernel
// counts the buffers of sockets there, too), or half of the machine's memory; 1 GiB if that is not known. It is 32 MiB at least.
func Memory() (bytes int64, from string) {
	if n := debug.SetMemoryLimit(-1); n != math.MaxInt64 {
		return max(n, least), "GOMEMLIMIT"
	}
	return found(os.DirFS("/"))
}

// found looks for the limit in a root file system.
func found(root fs.FS) (bytes int64, from string) {
	machine := meminfo(root)
	n := cgroup(root)
	switch {
	case n < math.MaxInt64 && (machine == 0 || n < machine):
		return max(n/4*3, least), "cgroup"
	case machine > 0:
		return max(machine/2, least), "machine"
	}
	return unknown, "default"
}

// cgroup is the lowest limit of the process's memory cgroup and those above it; math.MaxInt64: none. Version 2 and version 1 may be there side by side.
func cgroup(root fs.FS) int64 {
	text, _ := fs.ReadFile(root, "proc/self/cgroup")
	n := int64(math.MaxInt64)
	for line := range strings.Lines(string(text)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(f) < 3:
		case f[0] == "0" && f[1] == "":
			n = min(n, lowest(root, "sys/fs/cgroup", f[2], "memory.max"))
		case slices.Contains(strings.Split(f[1], ","), "memory"):
			n = min(n, lowest(root, "sys/fs/cgroup/memory", f[2], "memory.limit_in_bytes"))
		}
	}
	return n
}

// lowest walks from a group up to the mount. In a container the path may be the host's, of which only the mount is there.
func lowest(root fs.FS, mount, group, file string) int64 {
	n := int64(math.MaxInt64)
	for at := path.Join("/", group); ; at = path.Dir(at) {
		n = min(n, number(root, path.Join(mount, at, file)))
		if at == "/" {
			return n
		}
	}
}

// number reads a file that holds one; math.MaxInt64 where it does not ("max"), or where there is none.
func number(root fs.FS, name string) int64 {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return math.MaxInt64
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n <= 0 {
		return math.MaxInt64
	}
	return n
}

// meminfo is the machine's memory on Linux, else 0.
func meminfo(root fs.FS) int64 {
	text, _ := fs.ReadFile(root, "proc/meminfo")
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "MemTotal:" {
			kb, _ := strconv.ParseInt(f[1], 10, 64)
			return kb << 10
		}
	}
	return 0
}
