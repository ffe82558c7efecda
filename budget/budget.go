// Package budget is what this process may use, of memory and of open files, and how much of it is given out.
//
//	bytes, from := budget.Memory()
//	budget.Collect(bytes, run)
//	b := budget.New(bytes / 2)
//	if !b.Take(connCost) { … refuse … }
//	defer b.Give(connCost)
//
// What is counted is what strangers can make grow, roughly: so many bytes for a connection, so many for a stream. Beyond its budget a relay refuses work in
// good order; without one it would be killed.
package budget

import "sync/atomic"

// Budget is a number of bytes, or of files, of which parts are given out. New makes one; nil gives all that is wanted. Safe for concurrent use.
type Budget struct {
	size int64
	held atomic.Int64
}

// New makes a budget of that size.
func New(size int64) *Budget { return &Budget{size: max(size, 0)} }

// Take takes n, all or nothing.
func (b *Budget) Take(n int64) bool {
	if b == nil || b.held.Add(n) <= b.size {
		return true
	}
	b.held.Add(-n)
	return false
}

// Give returns n that was taken.
func (b *Budget) Give(n int64) {
	if b != nil {
		b.held.Add(-n)
	}
}

// Held is how much is given out.
func (b *Budget) Held() int64 {
	if b == nil {
		return 0
	}
	return b.held.Load()
}

// Size is how much there is.
func (b *Budget) Size() int64 {
	if b == nil {
		return 0
	}
	return b.size
}
