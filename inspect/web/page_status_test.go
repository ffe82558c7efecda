package web

import (
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
)

// troubled is a store with something to tell.
type troubled struct{ *store.Memory }

func (troubled) Keeping() inspect.Keeping {
	return inspect.Keeping{Place: "captures.db", Problem: "the disk is full: free some space", Notice: "the database was damaged"}
}

// The status page says what is wrong with the store, once.
func TestStatusPageTellsOfTheStore(t *testing.T) {
	a := serve(t, func(o *Options) { o.Keeper = troubled{o.Keeper.(*store.Memory)} })
	_, page := a.do("GET", "/status", "", "Accept", "text/html")
	for _, text := range []string{"the disk is full: free some space", "the database was damaged"} {
		if n := strings.Count(page, text); n != 1 {
			t.Errorf("%q stands there %d times", text, n)
		}
	}
}
