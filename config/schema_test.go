package config

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

const schemaFile = "../docs/adit.schema.json"

var writeSchema = flag.Bool("write-schema", false, "write "+schemaFile)

// TestSchemaIsCurrent: what is handed out with the documents is what the table says.
func TestSchemaIsCurrent(t *testing.T) {
	if *writeSchema {
		if err := os.WriteFile(schemaFile, Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := os.ReadFile(schemaFile); err != nil || !bytes.Equal(kept, Schema()) {
		t.Errorf("%s is not what Schema gives (%v): go test ./config -run TestSchemaIsCurrent -write-schema", schemaFile, err)
	}
}

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err == nil {
		err = c.AddResource("adit.schema.json", doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("adit.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// filesToCheck are all configuration files that tests have, and some with mistakes that a schema can see.
func filesToCheck(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{
		"a list":        "- 1\n",
		"no version":    "agent: {}\n",
		"key of none":   "version: 3\nagent:\n  authtokn: x\n",
		"key at top":    "version: 3\nauthtoken: x\n",
		"tunnel's key":  "version: 2\ntunnels:\n  a:\n    addr: 1\n    adr: 2\n",
		"in a section":  "version: 2\ntunnels:\n  a:\n    addr: 1\n    oauth: {provder: x}\n",
		"no name":       "version: 3\nendpoints:\n  - upstream: {url: 1}\n",
		"value of none": "version: 3\nagent:\n  legs: 7\n",
		"no truth":      "version: 3\nagent:\n  no_tui: perhaps\n",
		"not one":       "version: 3\nagent:\n  relay: [a, b]\n",
		"in capture":    "version: 3\nagent:\n  capture: {max_sise: 1}\n",
	}
	for i, text := range versionTwo {
		files[fmt.Sprint("version two ", i)] = text
		if upgraded, _, err := Upgrade("f", []byte(text)); err == nil {
			files[fmt.Sprint("upgraded ", i)] = string(upgraded)
		}
	}
	goldens, err := filepath.Glob("testdata/files/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range goldens {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			if ext := filepath.Ext(f.Name); ext == ".yml" || ext == ".yaml" {
				files[filepath.Base(path)+"/"+f.Name] = string(f.Data)
			}
		}
	}
	return files
}

// TestSchema: the schema takes what is read without a mistake, and refuses unknown keys and what it says itself. That it takes some
// of what Load refuses lies in the nature of schemas.
func TestSchema(t *testing.T) {
	schema := compiledSchema(t)
	taken, refused := 0, 0
	for name, text := range filesToCheck(t) {
		wrong := mistakesIn("f", []byte(text))
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil || v == nil {
			continue // no YAML, or nothing: an editor has its own word for that
		}
		err := schema.Validate(asJSON(v))
		unknown := strings.Contains(fmt.Sprint(wrong), "unknown key")
		switch {
		case len(wrong) == 0 && err != nil:
			t.Errorf("%s is read, but not valid: %v\n%s", name, err, text)
		case unknown && err == nil:
			t.Errorf("%s has an unknown key, but is valid: %v", name, wrong)
		case len(wrong) == 0:
			taken++
		case err != nil:
			refused++
		case !strings.Contains(name, "/"):
			t.Errorf("%s is valid: %v", name, wrong)
		}
	}
	if taken < 15 || refused < 10 {
		t.Errorf("%d files were taken and %d refused: too few to tell", taken, refused)
	}
}

// asJSON turns what YAML gives into what JSON would.
func asJSON(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = asJSON(v[k])
		}
	case map[any]any:
		m := map[string]any{}
		for k := range v {
			m[fmt.Sprint(k)] = asJSON(v[k])
		}
		return m
	case []any:
		for i := range v {
			v[i] = asJSON(v[i])
		}
	case time.Time:
		return v.Format(time.DateOnly)
	}
	return v
}
