package config

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// object is a JSON object.
type object = map[string]any

// Schema is a JSON schema (draft 2020-12) of the configuration file in both versions, made of the table of options, for editors that
// complete and check YAML. It takes what Load takes, as far as one file by itself and a schema can tell: what an address or a URL
// looks like, say, is left to Load. It ends in a line end.
func Schema() []byte {
	s := object{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "adit configuration",
		"description": "The configuration file of adit. Version 3 has agent and endpoints; version 2, ngrok's older shape, is read, too.",
		"type":        "object",
		"required":    []string{"version"},
		"if":          object{"properties": object{"version": object{"enum": []any{2, "2"}}}},
		"then":        object{"$ref": "#/$defs/version2"},
		"else":        object{"$ref": "#/$defs/version3"},
		"$defs": object{
			"version2": versionTwoSchema(),
			"version3": versionThreeSchema(),
			"agent":    agentV3.schema(""),
			"webhooks": agentV3.schema(webhookKey + "."),
			"secrets":  Lookup(OfAgent, webhookName(OwnWebhook)).schema(""),
			"endpoint": endpointSchema(),
			"tunnel":   endpointV2.schema(""),
			"tunnels": object{
				"description":          "endpoints by name, in the words of version 2",
				"type":                 []string{"object", "null"},
				"additionalProperties": object{"$ref": "#/$defs/tunnel"},
			},
		},
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		panic("config: a schema of texts cannot be written: " + err.Error())
	}
	return b.Bytes()
}

func versionTwoSchema() object {
	s := agentV2.schema("")
	s["properties"].(object)["version"] = object{"enum": []any{2, "2"}, "description": "the version of this file's shape"}
	s["properties"].(object)["tunnels"] = object{"$ref": "#/$defs/tunnels"}
	s["type"] = "object"
	return s
}

func versionThreeSchema() object {
	return object{
		"type":                 "object",
		"additionalProperties": false,
		"properties": object{
			"version": object{"enum": []any{3, "3"}, "description": "the version of this file's shape"},
			"agent":   object{"$ref": "#/$defs/agent", "description": "settings of the program"},
			"endpoints": object{
				"description": "what can be started by name",
				"type":        []string{"array", "null"},
				"items":       object{"$ref": "#/$defs/endpoint"},
			},
			"tunnels": object{"$ref": "#/$defs/tunnels", "deprecated": true},
		},
	}
}

func endpointSchema() object {
	s := endpointV3.schema("")
	s["type"], s["required"] = "object", []string{"name"}
	return s
}

// schema is that of a mapping whose keys s knows; prefix is the way to it, with a dot behind each level.
func (s shape) schema(prefix string) object {
	properties := object{}
	var others any = false
	for _, key := range s.below(prefix) {
		switch o := s[prefix+key]; {
		case prefix+key == webhookKey: // it is long, and the same in both versions
			properties[key] = object{"$ref": "#/$defs/webhooks", "description": "secrets of providers whose webhooks come (docs/webhooks.md)"}
		case o == nil:
			properties[key] = s.schema(prefix + key + ".")
		case o.provider != "":
			properties[key] = object{"$ref": "#/$defs/secrets"}
		case o.forEach():
			others = o.schema(key)
		default:
			properties[key] = o.schema(key)
		}
	}
	return object{"type": []string{"object", "null"}, "additionalProperties": others, "properties": properties}
}

// schema is that of what may stand behind key, which is one of the option's.
func (o *Option) schema(key string) object {
	s := o.valueSchema(key)
	if o.Kind == Strings {
		s = object{"anyOf": []object{s, {"type": "array", "items": s}}}
	}
	s["description"] = o.describe()
	if d := o.typedDefault(); d != nil {
		s["default"] = d
	}
	if o.Standing == Ignored || o.isOlder(key) {
		s["deprecated"] = true
	}
	return s
}

// valueSchema is that of one value: YAML makes numbers, truths and nothing of words that Load takes as they are written.
func (o *Option) valueSchema(key string) object {
	switch {
	case key == "bind_tls":
		return object{"enum": append(truths("true", "false"), "both", nil)}
	case len(o.Values) > 0:
		return object{"enum": append(truths(o.Values...), "", nil)}
	case o.Kind == Bool:
		return object{"enum": append(truths("true", "false"), "", nil)}
	case o.Kind == Integer:
		return object{"type": []string{"integer", "string", "null"}, "pattern": "^([+-]?[0-9]+)?$"}
	case o.Kind == Number:
		return object{"type": []string{"number", "string", "null"}}
	case o.Kind == Duration:
		return object{"type": []string{"string", "integer", "null"}, "examples": []string{"30s", "5m"}}
	case o.Kind == Object:
		return object{}
	}
	return object{"type": []string{"string", "number", "boolean", "null"}}
}

// truths are values as YAML reads them, and its older words for true and false where those are among them.
func truths(values ...string) []any {
	var out []any
	for _, v := range values {
		if n, err := strconv.Atoi(v); err == nil {
			out = append(out, n)
		}
		switch v {
		case "true":
			out = append(out, true, "yes", "on")
		case "false":
			out = append(out, false, "no", "off")
		}
		out = append(out, v)
	}
	return out
}

// describe is the option's help without the marks for the value's place.
func (o *Option) describe() string {
	text := strings.ReplaceAll(o.Usage, "`", "")
	switch {
	case o.Standing == Later:
		text += "; not yet offered by this version"
	case o.Standing == Ignored:
		text += "; means nothing to adit"
	}
	if o.Secret {
		text += "; may be env:NAME, file:PATH, cmd:COMMAND or keychain:NAME"
	}
	return text
}

// isOlder says that key is one of the option's older spellings in files. For the URL, version 2 has a word for each kind.
func (o *Option) isOlder(key string) bool {
	older := func(keys []string) bool { return slices.Index(keys, key) > 0 }
	return o.Name != "url" && (older(o.V2) || older(o.V3))
}

func (o *Option) typedDefault() any {
	switch {
	case o.Default == "":
		return nil
	case o.Kind == Bool:
		return o.Default == "true"
	case o.Kind == Integer:
		n, _ := strconv.Atoi(o.Default)
		return n
	}
	return o.Default
}
