package http1_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/http1"
)

// rejected are requests with the one error each must meet; also seeds of FuzzRequest.
var rejected = []struct {
	in   string
	want *http1.Error
}{
	{"\x16\x03\x01\x02\x00", http1.ErrMethod},
	{" GET / HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrMethod},
	{"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrRequestLine},
	{"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrBareLF},
	{"\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrBareCR},
	{"GET / HTTP/1.1\nHost: h\r\n\r\n", http1.ErrBareLF},
	{"GET / HTTP/1.1\r\nHost: h\n\r\n", http1.ErrBareLF},
	{"GET / HTTP/1.1\r\nHost: h\r\n\n", http1.ErrBareLF},
	{"GET / HTTP/1.1\r\n\n", http1.ErrBareLF},
	{"GET / HTTP/1.1\r\nHost: h\r\nX: a\nY: b\r\n\r\n", http1.ErrBareLF},
	{"GET / HTTP/1.1\r\nHost: h\r\nX: a\rY: b\r\n\r\n", http1.ErrBareCR},
	{"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\r\n\r\n", http1.ErrBareCR},
	{"GET / HTTP/1.1\r\nHost: h\r\nX\r: a\r\n\r\n", http1.ErrBareCR},
	{"GET / HTTP/1.1\r\nHost: h\r\n\rX: a\r\n\r\n", http1.ErrBareCR},
	{"GET /\r HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrBareCR},
	{"GET\r / HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrBareCR},

	{"GET\r\n\r\n", http1.ErrRequestLine},
	{"GET /\r\n\r\n", http1.ErrRequestLine},
	{"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrRequestLine},
	{"GET /  HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrRequestLine},
	{"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", http1.ErrRequestLine},
	{"GET  HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrRequestLine},
	{"CONNECT  HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrRequestLine},
	{"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrRequestLine},
	{"GET / http/1.1\r\nHost: h\r\n\r\n", http1.ErrRequestLine},
	{"GET / HTTP/1.x\r\nHost: h\r\n\r\n", http1.ErrRequestLine},
	{"GET / HTTP/11\r\nHost: h\r\n\r\n", http1.ErrRequestLine},
	{"GET / HTTP/1.10\r\nHost: h\r\n\r\n", http1.ErrRequestLine},
	{"GET / HTTP/1.2\r\nHost: h\r\n\r\n", http1.ErrVersion},
	{"GET / HTTP/0.9\r\nHost: h\r\n\r\n", http1.ErrVersion},
	{"GET / HTTP/3.0\r\nHost: h\r\n\r\n", http1.ErrVersion},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", http1.ErrVersion},
	{"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrMethod},
	{"G\x00T / HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrMethod},
	{"G\xffT / HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrMethod},
	{"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrMethod},
	{"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrConnect},
	{"CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrConnect},

	{"GET /\x00 HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrTarget},
	{"GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrTarget},
	{"GET /\t HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrTarget},
	{"GET h:443 HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrTarget},
	{"GET x HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrTarget},
	{"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrTarget},
	{"GET http:/h HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrTarget},
	{"GET http:// HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrTarget},
	{"GET http:///x HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrTarget},
	{"GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrTarget},
	{"GET http://h\\x/ HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrTarget},
	{"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrFragment},
	{"GET * HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrAsterisk},
	{"OPTIONS *x HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrTarget},
	{"GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrTargetHost},
	{"GET http://h./ HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrTargetHost},
	{"GET http://h:81/ HTTP/1.1\r\nHost: h\r\n\r\n", http1.ErrTargetHost},
	{"GET https://h/ HTTP/1.1\r\nHost: h:80\r\n\r\n", http1.ErrTargetHost},

	{"GET / HTTP/1.1\r\n\r\n", http1.ErrHostMissing},
	{"GET http://h/ HTTP/1.1\r\n\r\n", http1.ErrHostMissing},
	{"GET / HTTP/1.0\r\n\r\n", http1.ErrHostMissingOld},
	{"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", http1.ErrHostRepeated},
	{"GET / HTTP/1.1\r\nHost: h\r\nhost: other\r\n\r\n", http1.ErrHostRepeated},
	{"GET / HTTP/1.1\r\nHost:\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: h%00\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: b\xc3\xbccher.example\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: h:\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: h:0\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: h:080\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: h:65536\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: h:8x\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: [1]\r\n\r\n", http1.ErrHostMalformed},
	{"GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n", http1.ErrHostMalformed},

	{"GET / HTTP/1.1\r\n Host: h\r\n\r\n", http1.ErrFold},
	{"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", http1.ErrFold},
	{"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb: c\r\n\r\n", http1.ErrFold},
	{"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n \r\n\r\n", http1.ErrFold},
	{"GET / HTTP/1.1\r\nHost : h\r\n\r\n", http1.ErrNameSpace},
	{"GET / HTTP/1.1\r\nHost\t: h\r\n\r\n", http1.ErrNameSpace},
	{"GET / HTTP/1.1\r\nHost: h\r\nA B: c\r\n\r\n", http1.ErrNameSpace},
	{"GET / HTTP/1.1\r\nHost: h\r\n: c\r\n\r\n", http1.ErrNameEmpty},
	{"GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n", http1.ErrNoColon},
	{"GET / HTTP/1.1\r\nHost: h\r\nX\x00: a\r\n\r\n", http1.ErrName},
	{"GET / HTTP/1.1\r\nHost: h\r\nX(: a\r\n\r\n", http1.ErrName},
	{"GET / HTTP/1.1\r\nHost: h\r\n\xffX: a\r\n\r\n", http1.ErrName},
	{"GET / HTTP/1.1\r\nHost: h\r\nX: \x00\r\n\r\n", http1.ErrValue},
	{"GET / HTTP/1.1\r\nHost: h\r\nX: 12345678\x01\r\n\r\n", http1.ErrValue},
	{"GET / HTTP/1.1\r\nHost: h\r\nX: 1\x7f345678901234567\r\n\r\n", http1.ErrValue},
	{"GET / HTTP/1.1\r\nHost: h\r\nX: a\x0bb\r\n\r\n", http1.ErrValue},

	{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", http1.ErrLengthRepeated},
	{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\ncontent-length: 6\r\n\r\n", http1.ErrLengthRepeated},
	{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\n", http1.ErrLength},
	{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", http1.ErrLength},
	{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\n", http1.ErrLength},
	{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n", http1.ErrLength},
	{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\n", http1.ErrLength},
	{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1_0\r\n\r\n", http1.ErrLength},
	{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5 5\r\n\r\n", http1.ErrLength},
	{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5.0\r\n\r\n", http1.ErrLength},
	{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 010\r\n\r\n", http1.ErrLengthPadded},
	{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775808\r\n\r\n", http1.ErrLengthRange},
	{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n", http1.ErrLengthRange},
	{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", http1.ErrLengthAndCoding},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", http1.ErrLengthAndCoding},
	{"GET / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", http1.ErrCodingVersion},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", http1.ErrCoding},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", http1.ErrCoding},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", http1.ErrCoding},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", http1.ErrCoding},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", http1.ErrCodingMalformed},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", http1.ErrCodingMalformed},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked,\r\n\r\n", http1.ErrCodingMalformed},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: ,chunked\r\n\r\n", http1.ErrCodingMalformed},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked;q=1\r\n\r\n", http1.ErrCodingMalformed},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", http1.ErrCodingMalformed},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n", http1.ErrCodingMalformed},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \x0bchunked\r\n\r\n", http1.ErrValue},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n", http1.ErrNameSpace},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", http1.ErrCodingRepeated},
	{"GET / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", http1.ErrCoding},
	{"GET / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", http1.ErrCodingMalformed},
	{"GET / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n", http1.ErrCodingRepeated},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: x\r\n\r\n", http1.ErrLength},
	{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 9223372036854775808\r\n\r\n", http1.ErrLengthRange},

	{"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n", http1.ErrUpgradeHTTP2},
	{"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket, H2C/1\r\n\r\n", http1.ErrUpgradeHTTP2},
	{"GET / HTTP/1.1\r\nHost: h\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n", http1.ErrUpgradeHTTP2},
	{"GET / HTTP/1.1\r\nHost: h\r\nConnection: " + strings.Repeat("a,", http1.MaxOptions) + "a\r\n\r\n", http1.ErrOptions},
	{"GET / HTTP/1.1\r\n" + strings.Repeat("X: y\r\n", http1.MaxFields+1) + "\r\n", http1.ErrManyFields},
	{"GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("x", http1.MaxHead) + "\r\n\r\n", http1.ErrTooLarge},
}

func TestRequestRejected(t *testing.T) {
	for _, tt := range rejected {
		var r http1.Request
		n, err := r.Parse([]byte(tt.in))
		if n != 0 || !errors.Is(err, tt.want) {
			t.Errorf("Parse(%.80q) = %d, %v; want %v", tt.in, n, err, tt.want)
		}
		if len(tt.in) < 4096 {
			splits(t, tt.in)
		}
	}
}

func TestErrorStatus(t *testing.T) {
	for e, want := range map[*http1.Error]int{
		http1.ErrConnect: 405, http1.ErrCoding: 501, http1.ErrVersion: 505, http1.ErrTooLarge: 431, http1.ErrManyFields: 431,
		http1.ErrLengthAndCoding: 400, http1.ErrCodingMalformed: 400, http1.ErrUpgradeHTTP2: 400, http1.ErrStatus: 502,
	} {
		if e.Status != want {
			t.Errorf("%v has status %d, want %d", e, e.Status, want)
		}
	}
}
