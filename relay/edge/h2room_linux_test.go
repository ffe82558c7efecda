package edge

import (
	"runtime"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/budget"
)

// TestH2NoMemoryOnAFullLink: requests that there is no memory for do not wait for a visitor who takes nothing: they are over at once.
func TestH2NoMemoryOnAFullLink(t *testing.T) {
	memory := budget.New(connCost + tlsCost + h2Cost + streamCost + 1<<10)
	w, f := fullLink(t, func(o *Options, _ *limits) { o.Memory = memory })
	const more = maxStreams - 1
	before := runtime.NumGoroutine()
	for i := range uint32(more) {
		f.head(2*i+3, true)
	}
	until(t, "all are over", func() bool {
		return w.s.Stats().Errors["RELAY_BUSY"] == more && runtime.NumGoroutine() < before+more/4
	})
	until(t, "that they were reset is logged", func() bool {
		return strings.Count(w.log.String(), " status=0 ") == more && strings.Count(w.log.String(), " code=RELAY_BUSY") == more
	})
}
