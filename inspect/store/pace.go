package store

// pace is how much of the machine's time the writer may take.
type pace struct {
	summary float64 // share of all cores above which only summaries are written
	nothing float64 // and above which nothing is
}

func (p pace) withDefaults() pace {
	if p.summary == 0 {
		p.summary = 0.04
	}
	if p.nothing == 0 {
		p.nothing = 0.08
	}
	return p
}
