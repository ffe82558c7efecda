package inspect

import (
	"errors"
	"slices"
	"testing"
)

func path(t *testing.T, text string) JSONPath {
	t.Helper()
	p, err := ParseJSONPath(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestJSONPathValues(t *testing.T) {
	for _, c := range []struct {
		path, data string
		want       []string
	}{
		{"$", `{"a":1}`, []string{`{"a":1}`}},
		{"$.a[*].b", `{"a":[{"b":1},{"b":"x"},{"c":2}]}`, []string{"1", `"x"`}},
		{`$["a b"].*`, `{"a b":{"c":1,"d":[2]}}`, []string{"1", "[2]"}},
		{"$.a", "{\"a\":1}\n{\"a\":2}", []string{"1", "2"}},
		{"$.a[1]", `{"a":[1,[2`, []string{"[2"}},
		{"$.a", "no JSON", nil},
	} {
		var got []string
		for v := range path(t, c.path).Values([]byte(c.data)) {
			got = append(got, string(v))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s in %s: %q, want %q", c.path, c.data, got, c.want)
		}
	}
	for range path(t, "$.a").Values([]byte(`{"a":1}{"a":2}`)) {
		break // what is not asked for is not looked for
	}
	var wrong *InputError
	if _, err := ParseJSONPath("a.b"); !errors.As(err, &wrong) {
		t.Errorf("a.b: %v", err)
	}
}

func TestJSONPathCovers(t *testing.T) {
	for _, c := range []struct {
		p, q string
		want bool
	}{
		{"$", "$.a", true}, {"$.a", "$.a", true}, {"$.a", "$.a[0].b", true}, {"$.a.b", "$.a", false}, {"$.a[*].b", "$.a[3].b", true},
		{"$.a[1].b", "$.a[*].b", true}, {"$.a", "$.b", false}, {"$.a", `$["a"]`, true}, {"$.a[0]", `$.a["0"]`, false},
	} {
		if got := path(t, c.p).Covers(path(t, c.q)); got != c.want {
			t.Errorf("%s covers %s: %v", c.p, c.q, got)
		}
	}
}

// FuzzJSONStep: a path with any member's name is read as that name again.
func FuzzJSONStep(f *testing.F) {
	for _, name := range []string{"a", "a b", "*", "", `"\`, "日本", "a.b[0]", "\x00\u2028<&>"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		p, err := ParseJSONPath("$" + JSONStep(name))
		if valid := string([]rune(name)); err != nil || len(p.steps) != 1 || p.steps[0].any || p.steps[0].name != valid {
			t.Errorf("%q: %v, %v", name, p, err)
		}
	})
}
