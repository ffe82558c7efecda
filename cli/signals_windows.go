package cli

import "os"

// notifyRenew has the signal that asks for a new process sent to c: there is none here.
func notifyRenew(chan<- os.Signal) {}

func isRenew(os.Signal) bool { return false }

// keepFromChildren has programs that this one starts not get the file: here they get what they are given.
func keepFromChildren(*os.File) {}
