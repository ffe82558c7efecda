package wire

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"time"
)

// sample is a frame that becomes a vector.
type sample struct {
	name    string
	side    side
	control bool
	raw     []byte
}

var sampleID = [16]byte{0x01, 0x93, 0x2b, 0x44, 0x71, 0xc0, 0x7a, 0xbc, 0x8d, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab}

func frameTable() []sample {
	list := exchangeSamples()
	signals := []sample{
		{"PING", fromRelay, true, appendPing(nil, Ping, [8]byte{1, 2, 3, 4, 5, 6, 7, 8})},
		{"PONG", fromAgent, true, appendPing(nil, Pong, [8]byte{1, 2, 3, 4, 5, 6, 7, 8})},
		{"RESET from the relay", fromRelay, true, appendReset(nil, signal{stream: 4, seq: 7, code: CodeVisitorGone})},
		{"RESET of an agent that gives up", fromAgent, true, appendReset(nil, signal{stream: 4, seq: 6})},
		{"STOP", fromAgent, true, appendStop(nil, signal{stream: 4, seq: 7})},
		{"CREDIT", fromRelay, true, appendCredit(nil, signal{stream: 4, seq: 7, limit: 299008})},
		{"CREDIT above 2^53", fromAgent, true, appendCredit(nil, signal{stream: math.MaxUint32 - 1, seq: math.MaxUint32, limit: 1 << 60})},
	}
	return append(append(list, signals...), messageSamples()...)
}

func exchangeSamples() []sample {
	get := Req{Seq: 1, Version: 0x11, ID: sampleID, Start: time.UnixMicro(1793613600123456), Conn: 77, Client: mustAddr("203.0.113.9:51234"), ServerPort: 80,
		Head: []byte("GET /a?b=c HTTP/1.1\r\nHost: example.com\r\n\r\n")}
	post := Req{Seq: 2, Flags: ReqTLS | ReqExpect, Version: 0x20, Body: BodyLength, Length: 11, Hops: 1, ID: sampleID, Start: time.UnixMicro(1793613600123456), Conn: math.MaxUint64,
		Client: mustAddr("[2001:db8::1]:443"), ServerPort: 443, Ext: AppendExt(AppendExt(nil, ExtSNI, []byte("example.com")), ExtTLSVersion, []byte{3, 4}),
		Head: []byte("POST / HTTP/1.1\r\nhost: example.com\r\ncontent-length: 11\r\nexpect: 100-continue\r\n\r\n")}
	upgrade := Req{Seq: 3, Flags: ReqUpgrade, Version: 0x11, ID: sampleID, Client: mustAddr("127.0.0.1:9"), ServerPort: 8080,
		Head: []byte("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")}
	resp := Resp{Seq: 1, Body: BodyLength, Length: 5, Connect: 310 * time.Microsecond, Wait: 12345 * time.Microsecond, Tries: 1, Head: []byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")}
	late := Resp{Seq: 9, Flags: RespMade | RespHeld, Body: BodyUntil, Held: 100 * 24 * time.Hour, Connect: 2 * time.Hour, Wait: 2 * time.Hour, Tries: 3, Head: []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")}
	return []sample{
		{"OPEN http", fromRelay, false, (&OpenFrame{Kind: KindHTTP, Handle: 1}).Append(nil)},
		{"OPEN probe with ext", fromRelay, false, (&OpenFrame{Kind: KindProbe, Handle: math.MaxUint32, Ext: AppendExt(nil, 200, []byte("x"))}).Append(nil)},
		{"REQ without content", fromRelay, false, get.Append(nil, End)},
		{"REQ with content and ext", fromRelay, false, post.Append(nil, 0)},
		{"REQ to upgrade", fromRelay, false, upgrade.Append(nil, 0)},
		{"REQ of tcp", fromRelay, false, (&Req{Seq: 1, Body: BodyUntil, ID: sampleID}).Append(nil, 0)},
		{"INFO", fromAgent, false, (&Info{Seq: 2, Head: []byte("HTTP/1.1 100 Continue\r\n\r\n")}).Append(nil)},
		{"RESP", fromAgent, false, resp.Append(nil, 0)},
		{"RESP with saturated times", fromAgent, false, late.Append(nil, 0)},
		{"RESP without content, taken", fromAgent, false, (&Resp{Seq: 1, Head: []byte("HTTP/1.1 204 No Content\r\n\r\n")}).Append(nil, End|Taken)},
		{"RESP of length 0", fromAgent, false, (&Resp{Seq: 1, Body: BodyLength, Head: []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")}).Append(nil, End)},
		{"RESP to an upgrade", fromAgent, false, (&Resp{Seq: 3, Body: BodyTunnel, Head: []byte("HTTP/1.1 101 Switching Protocols\r\n\r\n")}).Append(nil, 0)},
		{"FAIL", fromAgent, false, (&Fail{Seq: 1, Code: CodeLocalRefused, Undelivered: true, Text: "dial tcp 127.0.0.1:8000: connection refused"}).Append(nil, true)},
		{"FAIL after delivery", fromAgent, false, (&Fail{Seq: 1, Code: CodeLocalReset, Text: "größer"}).Append(nil, false)},
		{"DATA", fromAgent, false, append(AppendHeader(nil, Data, 0, 5), "hello"...)},
		{"DATA that ends", fromAgent, false, append(AppendHeader(nil, Data, End|Taken, 5), "hello"...)},
		{"DATA empty", fromRelay, false, AppendHeader(nil, Data, End, 0)},
		{"CHUNK", fromRelay, false, AppendChunk(nil, 1<<54)},
		{"TRAILERS", fromAgent, false, append(AppendHeader(nil, Trailers, End, 16), "Grpc-Status: 0\r\n"...)},
		{"ABORT", fromAgent, false, (&AbortFrame{Seq: 1, Code: CodeLocalEarlyEnd}).Append(nil)},
		{"READY", fromAgent, false, AppendReady(nil, 1)},
	}
}

func messageSamples() (list []sample) {
	add := func(s side, typ string, id int64, body any) {
		raw, err := appendMessage(nil, typ, id, body)
		if err != nil {
			panic(err)
		}
		list = append(list, sample{"MSG " + typ, s, true, raw})
	}
	add(fromAgent, MsgAuth, 1, &Auth{Token: "adit_secret", Instance: "3f9a", Version: "0.1.0", OS: "linux/amd64", Features: []string{"x"}})
	add(fromAgent, MsgLeg, 1, &Join{Session: "s-1", Secret: "shh", Version: "0.1.0"})
	add(fromRelay, MsgWelcome, 1, &Welcome{Account: "acme", Plan: "free", Region: "eu-1", Relay: "r-1", Version: "0.1.0", Session: "s-1", Secret: "shh", Legs: 1, Limits: map[string]int64{"endpoints": 8}})
	add(fromRelay, MsgFatal, 1, &Fatal{Code: CodeTooManyTries, Text: "too many", Wait: 30})
	add(fromAgent, MsgBind, 7, &Bind{Handle: 3, Protocol: "http", Name: "command_line", Host: "a.example.com", Port: 8080, How: HowResume, Ticket: "t", Pooling: true, Policy: "p", Metadata: "m"})
	add(fromRelay, MsgBound, 7, &Bound{Handle: 3, URL: "https://a.example.com", Aliases: []string{"http://a.localhost:1"}, Epoch: "1793613600123", Ticket: "t"})
	add(fromRelay, MsgRefusal, 7, &Refusal{Handle: 3, Code: CodeAlreadyOnline, Text: "already online"})
	add(fromAgent, MsgUnbind, 8, &Unbind{Handle: 3})
	add(fromRelay, MsgUnbound, 8, &Unbound{Handle: 3})
	add(fromRelay, MsgRebound, 0, &Rebound{Handle: 3, URL: "https://b.example.com", Aliases: []string{"x"}, Epoch: "5", Policy: "p", Limits: map[string]int64{"requests": 100}})
	add(fromRelay, MsgStats, 9, &Stats{Seq: "18446744073709551615", Endpoints: []EndpointStats{{Handle: 3, Epoch: "5", Opened: 12, Open: 2, First: "11", Durations: []int64{1500, 90000000}}}})
	add(fromAgent, MsgStatsAck, 9, &StatsAck{Seq: "18446744073709551615"})
	add(fromRelay, MsgTurned, 0, &Turned{Handle: 3, Visitors: []TurnedVisitor{{Time: "1793613600123456", Client: "203.0.113.9", Method: "GET", Host: "h", Path: "/", Status: 403, Code: CodeNotAllowed, Reason: "ip"}}, More: 4})
	add(fromRelay, MsgDrain, 10, &Drain{Reason: "update"})
	add(fromAgent, MsgDrained, 10, &Drained{})
	add(fromRelay, MsgSuperseded, 0, &Superseded{Handle: 3, Epoch: "6"})
	add(fromRelay, MsgNotice, 0, &Notice{Level: "warn", Code: CodeRelayBusy, Text: "busy"})
	return list
}

func prefaceVectors() []vector {
	return []vector{
		{Name: "preface", From: "agent", Hex: hex.EncodeToString(appendPreface(nil, 1, 1)), Fields: []byte(`{"lowest":1,"highest":1}`)},
		{Name: "preface of a later agent", From: "agent", Hex: hex.EncodeToString(appendPreface(nil, 1, 3)), Fields: []byte(`{"lowest":1,"highest":3}`)},
		{Name: "answer", From: "relay", Hex: hex.EncodeToString(appendAnswer(nil, 1, 0, 0)), Fields: []byte(`{"version":1,"code":0,"wait":0}`)},
		{Name: "no common version", From: "relay", Hex: hex.EncodeToString(appendAnswer(nil, 0, CodeVersion, 0)), Fields: []byte(`{"version":0,"code":1001,"wait":0}`)},
		{Name: "busy", From: "relay", Hex: hex.EncodeToString(appendAnswer(nil, 0, CodeRelayBusy, time.Minute)), Fields: []byte(`{"version":0,"code":1007,"wait":60}`)},
	}
}

func invalidVectors() []vector {
	frame := func(t Type, f Flags, p []byte) string {
		return hex.EncodeToString(append(AppendHeader(nil, t, f, len(p)), p...))
	}
	v := func(name string, s side, control bool, code Code, raw string) vector {
		return vector{Name: name, From: sideName(s), On: onName(control), Hex: raw, Code: code}
	}
	req := (&Req{Seq: 1}).Append(nil, End)[HeaderSize:]
	longExt, badBody := append([]byte(nil), req...), append([]byte(nil), req...)
	longExt[69] = 1
	badBody[6] = 3
	cutExt := append([]byte(nil), req...)
	cutExt[69] = 4
	cutExt = append(cutExt, 1, 0, 9, 0)
	resp := (&Resp{Seq: 1}).Append(nil, End)[HeaderSize:]
	resp[5] = 4
	return []vector{
		v("unknown type", fromAgent, false, CodeUnknownFrame, frame(0x1f, 0, nil)),
		v("REQ shorter than its fixed part", fromRelay, false, CodeFrameSize, frame(ReqType, End, req[:71])),
		v("REQ from the agent", fromAgent, false, CodeFrameOrder, frame(ReqType, End, req)),
		v("REQ on the control stream", fromRelay, true, CodeFrameOrder, frame(ReqType, End, req)),
		v("REQ whose ext is longer than it", fromRelay, false, CodeFrameSize, frame(ReqType, End, longExt)),
		v("REQ whose ext ends inside an item", fromRelay, false, CodeFrameSize, frame(ReqType, End, cutExt)),
		v("REQ with body 3", fromRelay, false, CodeBadFraming, frame(ReqType, End, badBody)),
		v("RESP with body 4", fromAgent, false, CodeBadFraming, frame(RespType, End, resp)),
		v("FAIL without END", fromAgent, false, CodeFrameOrder, frame(FailType, 0, make([]byte, 8))),
		v("TAKEN from the relay", fromRelay, false, CodeFrameOrder, frame(Data, End|Taken, nil)),
		v("TAKEN without END", fromAgent, false, CodeFrameOrder, frame(Data, Taken, []byte("x"))),
		v("CHUNK of size 0", fromRelay, false, CodeBadFraming, frame(Chunk, 0, make([]byte, 8))),
		v("DATA that is too long, header only", fromRelay, false, CodeFrameSize, hex.EncodeToString(AppendHeader(nil, Data, 0, MaxData+1))),
		v("PING of 7 bytes", fromRelay, true, CodeFrameSize, frame(Ping, 0, make([]byte, 7))),
		v("STOP from the relay", fromRelay, true, CodeFrameOrder, frame(Stop, 0, make([]byte, 8))),
		v("MSG that is not JSON", fromRelay, true, CodeProtocol, frame(Msg, 0, []byte("{"))),
		v("MSG without a type", fromRelay, true, CodeProtocol, frame(Msg, 0, []byte(`{"id":1}`))),
		v("MSG with a negative id", fromRelay, true, CodeProtocol, frame(Msg, 0, []byte(`{"type":"Drain","id":-1}`))),
		v("MSG whose body does not fit", fromRelay, true, CodeProtocol, frame(Msg, 0, []byte(`{"type":"Bound","body":{"handle":"x"}}`))),
	}
}

func sequenceVectors() []vector {
	data := func(n int, f Flags) string { return hex.EncodeToString(dataFrame(n, f)) }
	chunk := func(n uint64) string { return hex.EncodeToString(AppendChunk(nil, n)) }
	trailers := hex.EncodeToString(append(AppendHeader(nil, Trailers, End, 6), "A: b\r\n"...))
	v := func(name string, b Body, length int, content ...string) vector {
		return vector{Name: name, Body: b, Length: fmt.Sprint(length), Content: content}
	}
	return []vector{
		v("length in two", BodyLength, 5, data(3, 0), data(2, End)),
		v("length under way", BodyLength, 5, data(3, 0)),
		v("length cut short", BodyLength, 5, data(3, 0), data(0, End)),
		v("length exceeded", BodyLength, 5, data(3, 0), data(3, End)),
		v("length complete without END", BodyLength, 5, data(5, 0)),
		v("until END", BodyUntil, 0, data(3, 0), data(0, End)),
		v("chunk in two, bare DATA, TRAILERS", BodyUntil, 0, chunk(5), data(3, 0), data(2, 0), data(7, 0), trailers),
		v("chunk cut short", BodyUntil, 0, chunk(5), data(3, End)),
		v("chunk exceeded", BodyUntil, 0, chunk(5), data(6, 0)),
		v("chunk inside a chunk", BodyUntil, 0, chunk(5), chunk(5)),
		v("empty DATA without END", BodyUntil, 0, data(0, 0)),
		v("frame after END", BodyUntil, 0, data(0, End), data(1, End)),
		v("TRAILERS in content of known length", BodyLength, 5, trailers),
		v("tunnel", BodyTunnel, 0, data(3, 0), data(0, End)),
		v("CHUNK in a tunnel", BodyTunnel, 0, chunk(1)),
	}
}

var longText = strings.Repeat("é", MaxText)
