package terminal

// Abandoned is what the suspension panics with when the dashboard has to end while its process is in the background. Bubble Tea restores
// the terminal on every other way out, and whoever does that in the background is stopped by the kernel, or spoils the mode of the
// program in front. The terminal has been given back before the suspension, so there is nothing left to do but leave: who runs the dashboard recovers it.
type Abandoned struct{}
