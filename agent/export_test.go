package agent

import "time"

// WaitTaken sets how long the response's END waits for a write under way, to say TAKEN; before Run.
func (a *Agent) WaitTaken(d time.Duration) { a.eng.limits.taken = d }
