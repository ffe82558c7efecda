package cli

import (
	"bytes"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// What is not whole is never handed out as if it were: what there is comes first, then an error.
func TestPartsOfAnExchangeAreToldFromAll(t *testing.T) {
	cut := inspect.Item{Exchange: &inspect.Exchange{ID: "x"}}
	cut.Request.Message = inspect.Message{Head: []byte("POST / HTTP/1.1\r\n\r\n"), Body: []byte("abc"), Kept: 3, Size: 10}
	line := inspect.Item{Summary: true, Exchange: &inspect.Exchange{ID: "x"}}
	for _, c := range []struct {
		it              inspect.Item
		form, want, err string
	}{
		{cut, "body", "abc", "only the first 3 B of 10 B were kept of the content of the request"},
		{cut, "raw", "POST / HTTP/1.1\r\n\r\nabc", "only the first 3 B of 10 B were kept of the content of the request"},
		{line, "raw", "", "only the line of x was kept: exchanges came faster than the store may write them\n  under such load ask the agent's memory, with --api"},
		{line, "body", "", "only the line of x was kept: exchanges came faster than the store may write them\n  under such load ask the agent's memory, with --api"},
	} {
		o := &oneExchange{Item: c.it}
		var out bytes.Buffer
		if err := o.write(&out, c.form, inspect.RequestSide); err == nil || err.Error() != c.err || out.String() != c.want {
			t.Errorf("%s: %q, %v", c.form, out.String(), err)
		}
	}
}
