package agent

import "sync"

// page and block are the two sizes of read buffers. Most answers fit a page; a block is one DATA frame of full size with its header, which
// wire writes as one piece. They are pooled, and held only while something is in them: a lane that waits has none.
type (
	page  [4 << 10]byte
	block [32 << 10]byte
)

var (
	pages  = sync.Pool{New: func() any { return new(page) }}
	blocks = sync.Pool{New: func() any { return new(block) }}
)

// buffer is a page, a block, or nothing. Its owner calls release, or drop when somebody may still be reading from it.
type buffer struct {
	b     []byte
	page  *page
	block *block
}

func (b *buffer) takePage() {
	b.page = pages.Get().(*page)
	b.b = b.page[:]
}

func (b *buffer) takeBlock() {
	b.block = blocks.Get().(*block)
	b.b = b.block[:]
}

// release gives the memory back to its pool.
func (b *buffer) release() {
	if b.page != nil {
		pages.Put(b.page)
	}
	if b.block != nil {
		blocks.Put(b.block)
	}
	b.drop()
}

// drop forgets the memory without giving it to anybody: a write that failed may have left a queued frame that points into it.
func (b *buffer) drop() { *b = buffer{} }
