package terminal

import "os/exec"

// ownSession does nothing: nothing stops a program together with us.
func ownSession(*exec.Cmd) {}
