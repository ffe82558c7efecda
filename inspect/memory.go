package inspect

// What an agent holds of captured bytes in memory, at most: AllMemory. Three parts share it, each of which keeps to its own share; an agent that has little
// memory gives them less, in the same proportion. What several of them hold of one exchange are the same bytes, which count in each.
const (
	AllMemory      = WindowMemory + UnderWayMemory + OnItsWayMemory
	WindowMemory   = 32 << 20         // what was recorded last, for the faces and the store's writer
	UnderWayMemory = 8 << 20          // exchanges that have not ended
	OnItsWayMemory = WindowMemory / 2 // large content on its way to files
)
