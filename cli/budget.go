package cli

import "github.com/adit-tunnel/adit/budget"

// leastFiles is how few open files relay and agent work with.
const leastFiles = 64

// takeStock finds what this process may use, and sets the collector of memory accordingly.
func (a *app) takeStock() (memory, files int64, err error) {
	if files = budget.Files(); files < leastFiles {
		return 0, 0, usage("only %d files and connections may be open here, and adit needs %d at least\n  raise the limit: ulimit -n 1024 in a shell, LimitNOFILE= for a service", files, leastFiles)
	}
	memory, _ = budget.Memory()
	budget.Collect(memory, a.guard.Go)
	return memory, files, nil
}
