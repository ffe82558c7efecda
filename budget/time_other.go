//go:build !unix

package budget

import "time"

// processorTime is how long the process has had a processor: it is not asked here, where only what is allocated shows that there is work.
func processorTime() time.Duration { return 0 }
