package store

import "slices"

// sequence is entries in the order of a key. Places that are no longer current stay until they are as many as the others, so that every
// operation but insert takes constant time on average and a search a logarithm.
type sequence struct {
	list    []place
	stale   int              // places in list that are not current
	current func(place) bool // says whether a place still counts
}

type place struct {
	key uint64
	e   *entry
}

// push adds e at the end: key is higher than all others.
func (s *sequence) push(key uint64, e *entry) { s.list = append(s.list, place{key, e}) }

// insert adds e where it belongs: mostly at the end, or a few places before it.
func (s *sequence) insert(key uint64, e *entry) {
	i := len(s.list)
	for n := 0; n < chunk && i > 0 && s.list[i-1].key >= key; n++ {
		i--
	}
	if i > 0 && s.list[i-1].key >= key {
		i = s.search(key)
	}
	if i < len(s.list) && s.list[i].key == key { // the place it had when it left
		s.list[i].e = e
		s.stale--
		return
	}
	s.list = slices.Insert(s.list, i, place{key, e})
}

// drop tells that one place has become stale. It goes when it comes to the front, where most do soon, or when the stale ones are many.
func (s *sequence) drop() {
	s.stale++
	s.cut()
	if s.stale > len(s.list)/2 && s.stale >= 64 {
		s.list = slices.DeleteFunc(s.list, func(p place) bool { return !s.current(p) })
		s.stale = 0
	}
}

// cut takes the stale places at the front away.
func (s *sequence) cut() {
	for len(s.list) > 0 && !s.current(s.list[0]) {
		s.list = s.list[1:]
		s.stale--
	}
}

// first is the current entry with the lowest key, nil if there is none.
func (s *sequence) first() *entry {
	s.cut()
	if len(s.list) == 0 {
		return nil
	}
	return s.list[0].e
}

// search is the index of the first place whose key is not below key.
func (s *sequence) search(key uint64) int {
	i, _ := slices.BinarySearchFunc(s.list, key, func(p place, k uint64) int {
		switch {
		case p.key < k:
			return -1
		case p.key > k:
			return 1
		}
		return 0
	})
	return i
}
