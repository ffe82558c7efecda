package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

const vectorFile = "../testdata/wire/vectors.json"

// vectors is the file that every implementation must read and write alike. In fields, what may exceed 2⁵³ is a decimal string, heads and texts are strings, other
// bytes are hex.
type vectors struct {
	About     string   `json:"about"`
	Prefaces  []vector `json:"prefaces"`
	Frames    []vector `json:"frames"`
	Invalid   []vector `json:"invalid"`
	Sequences []vector `json:"sequences"`
}

type vector struct {
	Name   string          `json:"name"`
	From   string          `json:"from,omitempty"`   // relay, agent
	On     string          `json:"on,omitempty"`     // data, control
	Hex    string          `json:"hex,omitempty"`    // the whole frame
	Type   string          `json:"type,omitempty"`   // of the frame
	Flags  []string        `json:"flags,omitempty"`  // END, TAKEN, SKIP
	Fields json.RawMessage `json:"fields,omitempty"` // of the payload
	Code   Code            `json:"code,omitempty"`   // invalid: which protocol error
	// Sequences: content frames behind a message that began so, and the verdict: "whole", "open", "abort" or a code's number.
	Body    Body     `json:"body,omitempty"`
	Length  string   `json:"length,omitempty"`
	Content []string `json:"content,omitempty"` // hex of whole frames
	Verdict string   `json:"verdict,omitempty"`
}

func (v *vector) place() (side, bool) {
	if v.From == "relay" {
		return fromRelay, v.On == "control"
	}
	return fromAgent, v.On == "control"
}

func (v *vector) bytes(t testing.TB) []byte {
	t.Helper()
	b, err := hex.DecodeString(v.Hex)
	if err != nil {
		t.Fatal(v.Name, err)
	}
	return b
}

func readVectors(t testing.TB) *vectors {
	t.Helper()
	if *update {
		writeVectors(t)
	}
	raw, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return &v
}

// fields are a payload's fields as the vectors have them.
type fields = map[string]any

func u64(n uint64) string { return strconv.FormatUint(n, 10) }

// describe decodes a payload into fields and encodes it again.
func describe(f Frame) (fields, []byte, error) {
	switch f.Type {
	case Open:
		var o OpenFrame
		err := o.Decode(f.Payload)
		return fields{"kind": o.Kind, "handle": o.Handle, "ext": describeExt(o.Ext)}, o.Append(nil), err
	case ReqType:
		var q Req
		err := q.Decode(f.Payload)
		return fields{"seq": q.Seq, "flags": q.Flags, "version": q.Version, "body": q.Body, "hops": q.Hops, "length": u64(q.Length),
			"id": hex.EncodeToString(q.ID[:]), "start": u64(microTime(q.Start)), "conn": u64(q.Conn), "client": q.Client.Addr().String(),
			"clientPort": q.Client.Port(), "serverPort": q.ServerPort, "ext": describeExt(q.Ext), "head": string(q.Head)}, q.Append(nil, f.Flags), err
	case InfoType:
		var i Info
		err := i.Decode(f.Payload)
		return fields{"seq": i.Seq, "head": string(i.Head)}, i.Append(nil), err
	case RespType:
		var a Resp
		err := a.Decode(f.Payload)
		return fields{"seq": a.Seq, "flags": a.Flags, "body": a.Body, "length": u64(a.Length), "heldMs": a.Held.Milliseconds(),
			"connectUs": a.Connect.Microseconds(), "waitUs": a.Wait.Microseconds(), "tries": a.Tries, "ext": describeExt(a.Ext), "head": string(a.Head)}, a.Append(nil, f.Flags), err
	case FailType:
		var a Fail
		err := a.Decode(f.Payload)
		return fields{"seq": a.Seq, "code": a.Code, "undelivered": a.Undelivered, "text": a.Text}, a.Append(nil, f.Flags&Taken != 0), err
	case Abort:
		var a AbortFrame
		err := a.Decode(f.Payload)
		return fields{"seq": a.Seq, "code": a.Code}, a.Append(nil), err
	case Ready:
		seq, err := DecodeReady(f.Payload)
		return fields{"seq": seq}, AppendReady(nil, seq), err
	}
	return describeRest(f)
}

func describeRest(f Frame) (fields, []byte, error) {
	switch f.Type {
	case Data, Trailers:
		return fields{"content": string(f.Payload)}, append(AppendHeader(nil, f.Type, f.Flags, len(f.Payload)), f.Payload...), nil
	case Chunk:
		n, err := DecodeChunk(f.Payload)
		return fields{"size": u64(n)}, AppendChunk(nil, n), err
	case Ping, Pong:
		return fields{"payload": hex.EncodeToString(f.Payload)}, appendPing(nil, f.Type, [pingSize]byte(f.Payload)), nil
	case Msg:
		m, err := decodeMessage(f.Payload)
		if err != nil {
			return nil, nil, err
		}
		again, err := appendMessage(nil, m.Type, m.ID, m.Body)
		return fields{"type": m.Type, "id": m.ID, "body": m.Body}, again, err
	}
	g := decodeSignal(f.Type, f.Payload)
	out := fields{"stream": g.stream, "seq": g.seq}
	switch f.Type {
	case Reset:
		out["code"] = g.code
		return out, appendReset(nil, g), nil
	case Stop:
		return out, appendStop(nil, g), nil
	}
	out["limit"] = u64(g.limit)
	return out, appendCredit(nil, g), nil
}

func describeExt(ext []byte) []fields {
	out := []fields{}
	_ = EachExt(ext, func(typ uint8, v []byte) {
		out = append(out, fields{"type": typ, "value": hex.EncodeToString(v)})
	})
	return out
}

func flagNames(f Flags) (names []string) {
	for _, n := range []struct {
		f    Flags
		name string
	}{{End, "END"}, {Taken, "TAKEN"}, {Skip, "SKIP"}} {
		if f&n.f != 0 {
			names = append(names, n.name)
		}
	}
	return names
}

func normal(t testing.TB, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestVectors: each frame reads as its fields, and is written as the same bytes.
func TestVectors(t *testing.T) {
	seen := map[Type]bool{}
	messages := map[string]bool{}
	for _, v := range readVectors(t).Frames {
		t.Run(v.Name, func(t *testing.T) {
			from, control := v.place()
			raw := v.bytes(t)
			f, err := newReader(from, control, raw).next()
			if err != nil {
				t.Fatal(err)
			}
			seen[f.Type] = true
			if f.Type.String() != v.Type || !reflect.DeepEqual(flagNames(f.Flags), v.Flags) {
				t.Errorf("%s %v", f.Type, flagNames(f.Flags))
			}
			got, again, err := describe(f)
			if err != nil {
				t.Fatal(err)
			}
			if name, ok := got["type"].(string); ok {
				messages[name] = true
			}
			if want := normal(t, v.Fields); !reflect.DeepEqual(normal(t, got), want) {
				t.Errorf("fields\n%v\nwant\n%v", normal(t, got), want)
			}
			if !bytes.Equal(again, raw) {
				t.Errorf("written as\n%x\nwant\n%x", again, raw)
			}
		})
	}
	for typ := range rules {
		if rules[typ].name != "" && !seen[Type(typ)] {
			t.Errorf("no vector for %s", Type(typ))
		}
	}
	for name := range messageBodies {
		if !messages[name] {
			t.Errorf("no vector for the message %s", name)
		}
	}
}

func TestInvalidVectors(t *testing.T) {
	for _, v := range readVectors(t).Invalid {
		t.Run(v.Name, func(t *testing.T) {
			from, control := v.place()
			f, err := newReader(from, control, v.bytes(t)).next()
			if err == nil {
				_, _, err = describe(f)
			}
			wantCode(t, err, v.Code)
		})
	}
}

func TestSequenceVectors(t *testing.T) {
	for _, v := range readVectors(t).Sequences {
		t.Run(v.Name, func(t *testing.T) {
			if got := verdict(t, v); got != v.Verdict {
				t.Errorf("%s, want %s", got, v.Verdict)
			}
		})
	}
}

func verdict(t testing.TB, v vector) string {
	t.Helper()
	length, err := strconv.ParseUint(v.Length, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := hex.DecodeString(strings.Join(v.Content, ""))
	if err != nil {
		t.Fatal(err)
	}
	var c Content
	fr := newReader(fromAgent, false, raw)
	err = c.Start(v.Body, length, false)
	for range v.Content {
		var f Frame
		if err == nil {
			f, err = fr.next()
		}
		if err == nil {
			err = c.Accept(f)
		}
	}
	switch bad, isBad := err.(*ProtocolError); {
	case isBad:
		return fmt.Sprint(uint16(bad.Code))
	case err == ErrAborted:
		return "abort"
	case err != nil:
		t.Fatal(err)
	case c.Done():
		return "whole"
	}
	return "open"
}

func TestPrefaceVectors(t *testing.T) {
	for _, v := range readVectors(t).Prefaces {
		t.Run(v.Name, func(t *testing.T) {
			raw := v.bytes(t)
			var want map[string]uint32
			if err := json.Unmarshal(v.Fields, &want); err != nil {
				t.Fatal(err)
			}
			if v.From == "agent" {
				if got := appendPreface(nil, uint16(want["lowest"]), uint16(want["highest"])); !bytes.Equal(got, raw) {
					t.Errorf("%x", got)
				}
				return
			}
			wait := time.Duration(want["wait"]) * time.Second
			if got := appendAnswer(nil, uint16(want["version"]), Code(want["code"]), wait); !bytes.Equal(got, raw) {
				t.Errorf("%x", got)
			}
		})
	}
}

// writeVectors makes the file anew from the tables in vectortable_test.go.
func writeVectors(t testing.TB) {
	t.Helper()
	v := vectors{
		About: "Adit wire protocol, version 1: what docs/protocol.md describes, in bytes. Whole frames as hex, with their decoded fields; integers that may exceed 2^53 are " +
			"decimal strings, heads and texts are strings, other bytes hex.",
		Prefaces: prefaceVectors(), Invalid: invalidVectors(), Sequences: sequenceVectors(),
	}
	for _, s := range frameTable() {
		f, err := newReader(s.side, s.control, s.raw).next()
		if err != nil {
			t.Fatal(s.name, err)
		}
		got, _, err := describe(f)
		if err != nil {
			t.Fatal(s.name, err)
		}
		raw, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		v.Frames = append(v.Frames, vector{Name: s.name, From: sideName(s.side), On: onName(s.control), Hex: hex.EncodeToString(s.raw),
			Type: f.Type.String(), Flags: flagNames(f.Flags), Fields: raw})
	}
	for i := range v.Sequences {
		v.Sequences[i].Verdict = verdict(t, v.Sequences[i])
	}
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(vectorFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectorFile, append(out, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func sideName(s side) string { return strings.TrimPrefix(s.String(), "the ") }

func onName(control bool) string {
	if control {
		return "control"
	}
	return "data"
}

// mustAddr is for tables.
func mustAddr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
