package terminal

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWantsASCII(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"LANG": "de_DE.UTF-8"}, false},
		{map[string]string{"LANG": "C.utf8"}, false},
		{map[string]string{"LANG": "C.utf8", "LC_ALL": "C"}, true},
		{map[string]string{"LC_ALL": "", "LC_CTYPE": "de_DE.ISO-8859-15@euro", "LANG": "C.UTF-8"}, true},
		{map[string]string{"LANG": "en_US"}, false},
		{map[string]string{"LANG": "POSIX"}, true},
	} {
		if got := WantsASCII(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%v: %v, want %v", c.env, got, c.want)
		}
	}
}
