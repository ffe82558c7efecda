package edit

import (
	"fmt"
	"os/exec"
	"runtime"
	"strings"
)

// NoEditorError says that there is no editor. Names are those that were looked for.
type NoEditorError struct{ Names []string }

// Error says so, and what to do.
func (e *NoEditorError) Error() string {
	return fmt.Sprintf("there is no editor: neither VISUAL nor EDITOR is set, and %s is not there", strings.Join(e.Names, " or "))
}

// Editor is the command line that opens the file at path: of $VISUAL, $EDITOR, or else nano, vi or Notepad. The variables hold command lines ("code --wait"),
// which a shell reads where there is one. The error is a *NoEditorError.
func Editor(env func(string) string, path string) (argv []string, err error) {
	for _, line := range []string{env("VISUAL"), env("EDITOR")} {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case runtime.GOOS == "windows":
			return append(words, path), nil
		default:
			return []string{"sh", "-c", "exec " + line + ` "$1"`, words[0], path}, nil
		}
	}
	names := []string{"nano", "vi"}
	if runtime.GOOS == "windows" {
		names = []string{"notepad"}
	}
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			return []string{found, path}, nil
		}
	}
	return nil, &NoEditorError{names}
}
