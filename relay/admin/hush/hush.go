// Package hush keeps the standard logger silent from its own initialisation on, until Over. github.com/VictoriaMetrics/metrics reads how pressed for time the process's
// cgroup is when it is initialised, and where the kernel does not count that (psi=0, as distributions for servers have it) says so on standard error: before every
// command of adit. This package imports nothing but what the logger does, so it is initialised before those that need more (Go specification, Program initialization:
// of the packages that are ready, the first by path).
package hush

import (
	"io"
	"log"
	"os"
)

func init() { log.SetOutput(io.Discard) }

// Over lets the logger speak again; it is for a package that is initialised after the one that is not to be heard.
func Over() struct{} {
	log.SetOutput(os.Stderr)
	return struct{}{}
}
