package wire

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/docs/written"
)

const protocolFile = "../docs/protocol.md"

// TestProtocolPage: docs/protocol.md names every frame and every code with which an agent gives up, and its schemas are those of the structs in message.go.
func TestProtocolPage(t *testing.T) {
	written.Part(t, protocolFile, "schemas", schemasPage(t), *update)
	page, err := os.ReadFile(protocolFile)
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(page), "<!-- schemas: ")
	_, advice, _ := strings.Cut(before, "## What to do on every code\n")
	for _, c := range Codes {
		if c.Fatal && !strings.Contains(advice, strconv.Itoa(int(c.Code))) {
			t.Errorf("an agent is not told what to do on %s", c.Code)
		}
	}
	for typ, r := range rules {
		if r.name != "" && !strings.Contains(before, fmt.Sprintf("| %02x | %s |", typ, r.name)) {
			t.Errorf("%s is not in the table of frames", r.name)
		}
	}
}

// schemasPage has a schema for each message, in the order of their names in message.go.
func schemasPage(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "message.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	structs := map[string]*ast.StructType{}
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeSpec:
			if s, ok := n.Type.(*ast.StructType); ok {
				structs[n.Name.Name] = s
			}
		case *ast.ValueSpec:
			if name, err := strconv.Unquote(n.Values[0].(*ast.BasicLit).Value); err == nil && messageBodies[name] != nil {
				names = append(names, name)
			}
		}
		return true
	})
	if len(names) != len(messageBodies) {
		t.Fatalf("%d names for %d messages", len(names), len(messageBodies))
	}
	var b strings.Builder
	for _, name := range names {
		s := structs[reflect.TypeOf(messageBodies[name]()).Elem().Name()]
		fmt.Fprintf(&b, "\n#### %s\n\n```json\n%s\n```\n", name, schema(t, structs, s))
	}
	return b.String() + "\n"
}

// property keeps the order of a schema's keys.
type property struct {
	Type        string          `json:"type"`
	Pattern     string          `json:"pattern,omitempty"`
	Minimum     *int64          `json:"minimum,omitempty"`
	Maximum     int64           `json:"maximum,omitempty"`
	Items       json.RawMessage `json:"items,omitempty"`
	Values      *property       `json:"additionalProperties,omitempty"`
	Description string          `json:"description,omitempty"`
}

func schema(t *testing.T, structs map[string]*ast.StructType, s *ast.StructType) string {
	t.Helper()
	var props, required []string
	for _, f := range s.Fields.List {
		tag, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			t.Fatal(err)
		}
		name, option, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		p := propertyOf(t, structs, f.Type)
		p.Description = strings.TrimSpace(strings.ReplaceAll(f.Comment.Text(), "\n", " "))
		if p.Type == "string" && strings.HasPrefix(p.Description, "u64") {
			p.Pattern = "^[0-9]{1,20}$"
			p.Description = strings.TrimPrefix(strings.TrimPrefix(p.Description, "u64"), ": ")
		}
		props = append(props, fmt.Sprintf("    %q: %s", name, compact(t, p)))
		if option != "omitempty" {
			required = append(required, strconv.Quote(name))
		}
	}
	out := "{\n  \"type\": \"object\",\n  \"properties\": {"
	if len(props) > 0 {
		out += "\n" + strings.Join(props, ",\n") + "\n  "
	}
	return out + "},\n  \"required\": [" + strings.Join(required, ", ") + "]\n}"
}

func propertyOf(t *testing.T, structs map[string]*ast.StructType, e ast.Expr) *property {
	t.Helper()
	zero := int64(0)
	switch e := e.(type) {
	case *ast.ArrayType:
		if id, ok := e.Elt.(*ast.Ident); ok && structs[id.Name] != nil {
			return &property{Type: "array", Items: json.RawMessage(schema(t, structs, structs[id.Name]))}
		}
		return &property{Type: "array", Items: json.RawMessage(compact(t, propertyOf(t, structs, e.Elt)))}
	case *ast.MapType:
		return &property{Type: "object", Values: propertyOf(t, structs, e.Value)}
	case *ast.Ident:
		switch e.Name {
		case "string":
			return &property{Type: "string"}
		case "bool":
			return &property{Type: "boolean"}
		case "uint32":
			return &property{Type: "integer", Minimum: &zero, Maximum: 1<<32 - 1}
		case "Code":
			return &property{Type: "integer", Minimum: &zero, Maximum: 1<<16 - 1}
		case "int", "int64":
			return &property{Type: "integer"}
		}
	}
	t.Fatalf("no schema for %v", e)
	return nil
}

func compact(t *testing.T, p *property) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(p); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}
