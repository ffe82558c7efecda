package capture

import "sync/atomic"

// Defaults of a Budget, in bytes.
const (
	DefaultSide  = 1 << 20
	DefaultTotal = 24 << 20
)

// Budget bounds what captures hold in memory: a number of bytes per body, and a total over all captures that have not ended. What has
// ended belongs to the recorder, which has a bound of its own. Safe for concurrent use; one Budget serves a whole agent.
type Budget struct {
	side  int
	total int64
	used  atomic.Int64
	news  news
}

// NewBudget returns a budget of side bytes per body and total bytes in all; 0 stands for DefaultSide and DefaultTotal.
func NewBudget(side, total int64) *Budget {
	if side <= 0 {
		side = DefaultSide
	}
	if total <= 0 {
		total = DefaultTotal
	}
	return &Budget{side: int(side), total: total}
}

// Used is how many bytes captures under way hold now.
func (b *Budget) Used() int64 { return b.used.Load() }

// take reserves n bytes, all or none.
func (b *Budget) take(n int) bool {
	if b.used.Add(int64(n)) <= b.total {
		return true
	}
	b.used.Add(int64(-n))
	return false
}

// give returns n bytes.
func (b *Budget) give(n int) { b.used.Add(int64(-n)) }
