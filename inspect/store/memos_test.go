package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// Memos are the newest texts of each list, each once; a Store's outlive it, and all agents have the same.
func TestMemos(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := run(t, Options{Dir: dir})
	other := attach(t, dir)
	memory := NewMemory(Options{})
	for name, k := range map[string]struct{ write, read inspect.Keeper }{"store": {s, other}, "memory": {memory, memory}} {
		t.Run(name, func(t *testing.T) { useMemos(t, k.write, k.read) })
	}
}

func useMemos(t *testing.T, write, read inspect.Keeper) {
	want := func(list inspect.MemoList, want ...string) {
		t.Helper()
		if got, err := read.Memos(t.Context(), list); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", list, got, err, want)
		}
	}
	add := func(list inspect.MemoList, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if err := write.AddMemo(t.Context(), list, text); err != nil {
				t.Fatal(err)
			}
		}
	}
	want(inspect.TypedFilters)
	add(inspect.TypedFilters, "a", "b", "c", "a", "é \"'%")
	add(inspect.DiffIgnores, "a")
	want(inspect.TypedFilters, "é \"'%", "a", "c", "b")
	if err := write.DeleteMemo(t.Context(), inspect.TypedFilters, "a"); err != nil {
		t.Error(err)
	}
	if err := write.DeleteMemo(t.Context(), inspect.TypedFilters, "a"); !errors.Is(err, inspect.ErrNotFound) {
		t.Errorf("again: %v", err)
	}
	want(inspect.TypedFilters, "é \"'%", "c", "b")
	want(inspect.DiffIgnores, "a")
	for i := range inspect.MaxMemos {
		add(inspect.TypedFilters, fmt.Sprint(i))
	}
	if got, err := read.Memos(t.Context(), inspect.TypedFilters); err != nil || len(got) != inspect.MaxMemos || got[0] != "99" || got[99] != "0" {
		t.Errorf("full: %q, %v", got, err)
	}
	for _, text := range []string{"", "a\nb", "a\x1bb", "\u0085", "\xff", strings.Repeat("x", inspect.MaxMemo+1)} {
		var wrong *inspect.InputError
		if err := write.AddMemo(t.Context(), inspect.TypedFilters, text); !errors.As(err, &wrong) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	add(inspect.TypedFilters, strings.Repeat("x", inspect.MaxMemo))
}
