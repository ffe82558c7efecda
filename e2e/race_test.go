//go:build race

package e2e

// slowedBy is how many times less load there is under the race detector, with which TLS takes several times as long: what is late because the machine is, is no fault.
const slowedBy = 5
