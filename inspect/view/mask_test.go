package view

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/decode"
)

func TestMaskFields(t *testing.T) {
	var m Mask
	for _, c := range [][3]string{
		{"Authorization", "Bearer abc", "Bearer " + Masked},
		{"proxy-authorization", "abc", Masked},
		{"Cookie", "a=1; b=2; c", "a=" + Masked + "; b=" + Masked + "; " + Masked},
		{"Set-Cookie", "a=1=2; Path=/; HttpOnly", "a=" + Masked + "; Path=/; HttpOnly"},
		{"X-Api-Key", "abc", Masked},
		{"X-Amz-Security-Token", "abc", Masked},
		{"Stripe-Signature", "t=1,v1=abc", "t=1,v1=abc"},
		{"Content-Type", "text/plain", "text/plain"},
		{"Authorization", "", ""},
		{"Referer", "https://a.test/?token=abc&b=1", "https://a.test/?token=" + Masked + "&b=1"},
	} {
		f, hidden := m.Field(inspect.Field{Name: c[0], Value: c[1]})
		if f.Value != c[2] || hidden != (c[1] != c[2]) {
			t.Errorf("%s: %s is %q, hidden: %v; want %q", c[0], c[1], f.Value, hidden, c[2])
		}
		if f, _ := (&Mask{Off: true}).Field(inspect.Field{Name: c[0], Value: c[1]}); f.Value != c[1] {
			t.Errorf("%s is hidden by what hides nothing", c[0])
		}
		if f, _ := (&Mask{All: true}).Field(inspect.Field{Name: c[0], Value: c[1]}); c[1] != "" && f.Value != Masked {
			t.Errorf("%s: %q is shown by what hides everything", c[0], f.Value)
		}
	}
}

func TestMaskText(t *testing.T) {
	var m Mask
	for text, want := range map[string]string{
		"a=1&access_token=abc&b=2":                                                  "a=1&access_token=" + Masked + "&b=2",
		`{"password":"a\"b","max_tokens":100,"x":"y"}`:                              `{"password":"` + Masked + `","max_tokens":100,"x":"y"}`,
		`{"client_secret": "cut off`:                                                `{"client_secret": "` + Masked + `"`,
		"Authorization: Bearer abc.def":                                             "Authorization: Bearer " + Masked,
		"<password>abc</password>":                                                  "<password>" + Masked + "</password>",
		"c=%7B%22token%22%3A%22abc%22%7D&b=2":                                       "c=%7B%22token%22%3A" + Masked + "&b=2",
		"nothing to hide: here":                                                     "nothing to hide: here",
		`{"m":"{\"token\":\"a\\\"b\",\"c\":1}"}`:                                    `{"m":"{\"token\":\"` + Masked + `\",\"c\":1}"}`,
		`{"m":"login(password:\"abc\", x: 1)"}`:                                     `{"m":"login(password:\"` + Masked + `\", x: 1)"}`,
		`{"m":"token=\"abc","x":"y"}`:                                               `{"m":"token=\"` + Masked + `","x":"y"}`, // cut off within
		`{"m":"token=abc\"d","x":"y"}`:                                              `{"m":"token=` + Masked + `\"d","x":"y"}`,
		`{"m":"token=\\","x":"y"}`:                                                  `{"m":"token=` + Masked + `","x":"y"}`,
		part("secret", "a\r\nb") + part("a", "b") + part("my_token", "c") + "--x--": part("secret", Masked) + part("a", "b") + part("my_token", Masked) + "--x--",
		part("a", "b") + "--x\nContent-Disposition: form-data; name=\"secret\"\nContent-Type: text/plain\n\nabc": part("a", "b") +
			"--x\nContent-Disposition: form-data; name=\"secret\"\nContent-Type: text/plain\n\n" + Masked,
	} {
		if got := m.Text(text); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
	if got := m.Target("/a?token=abc&b=1"); got != "/a?token="+Masked+"&b=1" {
		t.Error(got)
	}
	if got := (&Mask{All: true}).Target("GET /a?c=abc&b HTTP/1.1"); got != "GET /a?c="+Masked+"&b="+Masked+" HTTP/1.1" {
		t.Error(got)
	}
}

// part is one of a form, as it passes.
func part(name, value string) string {
	return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"token\"\r\n\r\n" + value + "\r\n"
}

func masked(m Mask, contentType, data string) string {
	c := Lay(contentType, []byte(data), Limits{})
	m.Content(&c)
	return shownOf(&c)
}

func shownOf(c *Content) string {
	var all []string
	for _, l := range c.Lines {
		all = append(all, strings.TrimSpace(l.String()))
	}
	for i := range c.Parts {
		all = append(all, shownOf(&c.Parts[i].Content))
	}
	return strings.Join(all, " ")
}

func TestMaskContent(t *testing.T) {
	path, err := inspect.ParseJSONPath("$.card[*].number")
	if err != nil {
		t.Fatal(err)
	}
	const dots = `"` + Masked + `"`
	for _, c := range []struct {
		mask                    Mask
		contentType, data, want string
	}{
		{Mask{}, "application/json", `{"token":"a","n":{"tokens":["b",["c"],{"d":"e"}],"f":"g"},"max_tokens":5}`,
			`{ "token": ` + dots + `, "n": { "tokens": [ ` + dots + `, [ ` + dots + ` ], { "d": ` + dots + ` } ], "f": "g" }, "max_tokens": 5 }`},
		{Mask{Paths: []inspect.JSONPath{path}}, "application/json", `{"card":[{"number":4242,"name":"x"}]}`, `{ "card": [ { "number": ` + Masked + `, "name": "x" } ] }`},
		{Mask{All: true}, "application/json", `{"a":"b","c":[1,true]}`, `{ "a": ` + dots + `, "c": [ ` + Masked + `, ` + Masked + ` ] }`},
		{Mask{}, "application/json", `{"m":"{\"token\":\"abc\",\"b\":1}"}`, `{ "m": "{\"token\":\"` + Masked + `\",\"b\":1}" }`},
		{Mask{}, "application/x-www-form-urlencoded", `a=b&c=%7B%22token%22%3A%22abc%22%7D`, `a = b c = {"token":"` + Masked + `"}`},
		{Mask{}, "application/x-www-form-urlencoded", "a=b&password=c", "a = b password = " + Masked},
		{Mask{}, "text/plain", "log in\napi_key=abc", "log in api_key=" + Masked},
		{Mask{All: true}, "text/plain", "a\nb", Masked},
		{Mask{}, "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"secret\"\r\n\r\nabc\r\n--x--\r\n", Masked},
		{Mask{Off: true, All: true}, "application/json", `{"token":"a"}`, `{ "token": "a" }`},
	} {
		if got := masked(c.mask, c.contentType, c.data); got != c.want {
			t.Errorf("%s is %s, want %s", c.data, got, c.want)
		}
	}
	raw := `{"card":[{"number":4242},{"number":"43` // cut off
	if got := (&Mask{Paths: []inspect.JSONPath{path}}).Text(raw); got != `{"card":[{"number":`+Masked+`},{"number":`+Masked {
		t.Errorf("raw it is %s", got)
	}
}

// TestMaskWithin: lines that begin within content, as a page's next part does.
func TestMaskWithin(t *testing.T) {
	c := Lay("application/json", []byte(`{"a":[{"b":1,"token":"x"}],"secret":"y"}`), Limits{})
	c.Lines = c.Lines[3:]
	(&Mask{}).Content(&c)
	if got := shownOf(&c); strings.ContainsAny(got, "xy") {
		t.Error(got)
	}
}

// FuzzMask: nothing panics, and a secret whose name is before it is never shown.
func FuzzMask(f *testing.F) {
	f.Add("application/json", `{"a":[{"b":1},{}],"c":"d"}`)
	f.Add("text/plain", `password='`)
	f.Fuzz(func(t *testing.T, contentType, data string) {
		masked(Mask{}, contentType, data)
		masked(Mask{All: true}, contentType, data)
		if got := (&Mask{}).Text(data + "\npassword=hunter2"); strings.HasSuffix(got, "hunter2") {
			t.Errorf("%q shows it", got)
		}
	})
}

func TestValueAt(t *testing.T) {
	c := Lay("application/json", []byte(`{"a":{"b c":[1,{"d":"x","e":{}}]},"\u00e9":null}`), Limits{})
	var got []string
	for i := range c.Lines {
		if v, ok := ValueAt(c.Lines, i); ok {
			got = append(got, v.Path+" "+v.Text)
		}
	}
	want := []string{
		`$ {"a": {"b c": [1,{"d": "x","e": {}}]},"\u00e9": null}`,
		`$.a {"b c": [1,{"d": "x","e": {}}]}`,
		`$.a["b c"] [1,{"d": "x","e": {}}]`,
		`$.a["b c"][0] 1`,
		`$.a["b c"][1] {"d": "x","e": {}}`,
		`$.a["b c"][1].d "x"`,
		`$.a["b c"][1].e {}`,
		`$["é"] null`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// FuzzPrinted: what is printed is whole, and nothing that a terminal acts on.
func FuzzPrinted(f *testing.F) {
	f.Add([]byte("a\x1b[2J\r\nb\tc\n\n"), 1)
	f.Add([]byte("\x00\x01"), 100)
	f.Add([]byte("no end of a line, "), 9000)
	f.Fuzz(func(t *testing.T, piece []byte, times int) {
		data := bytes.Repeat(piece, min(max(times, 0), 200<<10/max(len(piece), 1)))
		out, err := io.ReadAll(Printed(bytes.NewReader(data), Mask{}))
		if err != nil {
			t.Fatal(err)
		}
		if at := bytes.IndexFunc(out, func(r rune) bool { return unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Cf, r) }); at >= 0 || !utf8.Valid(out) {
			t.Errorf("%q", out[max(at-10, 0):])
		}
		if decode.IsText(data[:min(len(data), 64<<10)]) && bytes.Count(out, []byte("\n")) != bytes.Count(data, []byte("\n")) {
			t.Errorf("%d lines of %d", bytes.Count(out, []byte("\n")), bytes.Count(data, []byte("\n")))
		}
	})
}

// Wherever a line is too long to be printed at once, a secret is not parted from its name, and a character not from itself.
func TestPrintedInPieces(t *testing.T) {
	const pair = `,"ü":1,"password":"hunter2"`
	for shift := range len(pair) {
		begin := `{"a":"` + strings.Repeat("x", printBytes-len(pair)+shift)
		text := begin + `"` + pair + `,"b":"` + strings.Repeat("日本", printBytes/4) + `"}`
		want := begin + `","ü":1,"password":"` + Masked + `","b":"` + strings.Repeat("日本", printBytes/4) + `"}`
		if got, err := io.ReadAll(Printed(strings.NewReader(text), Mask{})); err != nil || string(got) != want {
			t.Fatalf("%d: …%s, %v", shift, got[printBytes-len(pair):][:2*len(pair)], err)
		}
	}
}

// What a path leads to is in other lines than the names that lead there.
func TestPrintedWithPaths(t *testing.T) {
	paths, err := inspect.ParseJSONPaths([]string{"$.card.number"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want string }{
		{"{\n \"card\": {\n  \"number\": 4242,\n  \"name\": \"x\"\n }\n}\n", "{\n \"card\": {\n  \"number\": " + Masked + ",\n  \"name\": \"x\"\n }\n}\n"},
		{"[" + strings.Repeat(" ", pathBytes) + "\n4242]", "[" + strings.Repeat(" ", pathBytes-1) + "\n" + Masked},
		{"card.number\n4242", "card.number\n4242"},
	} {
		if got, err := io.ReadAll(Printed(strings.NewReader(c.text), Mask{Paths: paths})); err != nil || string(got) != c.want {
			t.Errorf("%.80q: %.200q, %v", c.text, strings.TrimLeft(string(got), "[ "), err)
		}
	}
	broken := io.MultiReader(strings.NewReader(`{"a":1`), iotest.ErrReader(io.ErrClosedPipe))
	if got, err := io.ReadAll(Printed(broken, Mask{Paths: paths})); string(got) != `{"a":1` || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("what cannot be read to its end: %q, %v", got, err)
	}
}

// What is no secret in a head stays byte for byte.
func TestMaskHead(t *testing.T) {
	const head = "GET /a?x=1&token=t1 HTTP/1.1\r\nHost:a\r\nauthorization:   Bearer t2\r\nno field, password=t3\r\nX-Odd :  1 \n\r\n"
	const want = "GET /a?x=1&token=" + Masked + " HTTP/1.1\r\nHost:a\r\nauthorization: Bearer " + Masked + "\r\nno field, password=" + Masked + "\r\nX-Odd :  1 \n\r\n"
	if got := string((&Mask{}).Head([]byte(head))); got != want {
		t.Errorf("masked\n%q, want\n%q", got, want)
	}
	if got := string((&Mask{Off: true}).Head([]byte(head))); got != head {
		t.Errorf("without a mask\n%q", got)
	}
	if got := string((&Mask{}).Head([]byte("GET /?token=t1"))); got != "GET /?token="+Masked {
		t.Errorf("a head that was cut off: %q", got)
	}
}
