package terminal

import "os"

// Foreground reports whether this process is in the foreground of the terminal f: on Windows, always.
func Foreground(*os.File) bool { return true }
