package diff

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
)

// Rule is what a comparison leaves out, of both requests and responses, as a person writes it (and as it is kept as a memo):
//
//	header.X-Request-Cost    header and trailer fields of that name
//	$.data[*].updated_at     what is there in JSON content, and all within; [0] is one element, .* any member
//	$..id                    such a member at any depth
//	content                  the content, whatever it is
type Rule struct {
	text   string
	header string // name of a field, in lower case
	path   []step // nil: none
}

// Rules are all that a comparison leaves out.
type Rules []Rule

// contentRule is the rule about content as a whole.
const contentRule = "content"

// ParseRule reads a rule. The error is an *inspect.InputError.
func ParseRule(text string) (Rule, error) {
	text = strings.TrimSpace(text)
	name, isHeader := cutFold(text, "header.")
	switch {
	case len(text) > inspect.MaxMemo:
		return Rule{}, wrongRule("the rule has %d bytes: at most %d fit", len(text), inspect.MaxMemo)
	case strings.EqualFold(text, contentRule):
		return Rule{text: contentRule}, nil
	case isHeader && !isToken(name):
		return Rule{}, wrongRule("%q: behind \"header.\" stands the name of a field", text)
	case isHeader:
		return Rule{text: "header." + name, header: strings.ToLower(name)}, nil
	case strings.HasPrefix(text, "$"):
		path, err := parsePath(text)
		if err != nil {
			return Rule{}, wrongRule("%q: %v", text, err)
		}
		return Rule{text: text, path: path}, nil
	}
	return Rule{}, wrongRule("%q is no rule: write header.NAME, a path within JSON such as $.data[*].id, or content", text)
}

func wrongRule(format string, args ...any) error {
	return &inspect.InputError{Text: fmt.Sprintf(format, args...)}
}

// isToken says that a field may have that name.
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) })
}

// cutFold is strings.CutPrefix in whatever case.
func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// MaxRules is how many rules are read: each is held against all that is in JSON content.
const MaxRules = 200

// ParseRules reads many. The error is of the first that is wrong, or that there are more than MaxRules; the others are in rules all the same.
func ParseRules(texts []string) (rules Rules, err error) {
	if len(texts) > MaxRules {
		texts, err = texts[:MaxRules], wrongRule("%d rules: at most %d can be kept to", len(texts), MaxRules)
	}
	for _, text := range texts {
		r, wrong := ParseRule(text)
		if wrong == nil {
			rules = append(rules, r)
		} else if err == nil {
			err = wrong
		}
	}
	return rules, err
}

// KeptRules are those that a person has kept, for all faces. One that cannot be read, since a later version has written it, is no reason to heed none of the others.
func KeptRules(ctx context.Context, from interface {
	Memos(ctx context.Context, list inspect.MemoList) ([]string, error)
}) (Rules, error) {
	texts, err := from.Memos(ctx, inspect.DiffIgnores)
	rules, _ := ParseRules(texts)
	return rules, err
}

// String returns the rule as it is written.
func (r Rule) String() string { return r.text }

// RuleFor is the rule that leaves a change out, or would; ok is false when there is none: start lines differ for everybody.
func RuleFor(c Change) (rule string, ok bool) { return c.Rule, c.Rule != "" }

// about is the rule that would leave out a field.
func about(name string) string {
	if !isToken(name) || len(name) > inspect.MaxMemo/2 {
		return ""
	}
	return "header." + strings.ToLower(name)
}

// find is the first rule that is so.
func (all Rules) find(is func(Rule) bool) (rule string, ok bool) {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i].text, true
	}
	return "", false
}

func (all Rules) has(text string) bool {
	return slices.ContainsFunc(all, func(r Rule) bool { return r.text == text })
}

// paths are those within JSON that are left out.
func (all Rules) paths() (paths [][]step) {
	for _, r := range all {
		if r.path != nil {
			paths = append(paths, r.path)
		}
	}
	return paths
}

// markFields says which changes of fields are left out, and by which rule, or which rule would do so.
func (all Rules) markFields(changes []Change) {
	for i := range changes {
		c := &changes[i]
		name := strings.ToLower(c.Where)
		rule, ok := all.find(func(r Rule) bool { return r.header == name })
		if c.Rule = about(name); ok {
			c.Rule = rule
		}
		c.Volatile = ok || volatile[name]
	}
}

// markContent is markFields for content that was compared as How says.
func (all Rules) markContent(how How, changes []Change) {
	whole, off := all.find(func(r Rule) bool { return r.text == contentRule })
	for i := range changes {
		c := &changes[i]
		if c.Kind == Same {
			continue
		}
		c.Rule, c.Volatile = contentRule, off
		if how != JSON || whole != "" {
			continue
		}
		path, err := parsePath(c.Where)
		if err != nil { // it is deeper than a rule may be
			continue
		}
		c.Rule = spelled(path)
		if rule, ok := all.find(func(r Rule) bool { return covers(r.path, path) }); ok {
			c.Rule, c.Volatile = rule, true
		}
	}
}
