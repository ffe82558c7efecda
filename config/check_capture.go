package config

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// units are what may stand behind the number of a size, longer ones first. A thousand and 1,024 are told apart as usual.
var units = []struct {
	name  string
	bytes float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12}, {"b", 1}, {"", 1},
}

// leastSize is what a store needs to be one.
const leastSize = 1 << 20

// parseSize reads a number of bytes such as 500mb or 1.5gib; case does not matter.
func parseSize(v string) (int64, error) {
	text := strings.ToLower(strings.TrimSpace(v))
	for _, u := range units {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(n >= 0 && n*u.bytes < math.MaxInt64) {
			break
		}
		return int64(n * u.bytes), nil
	}
	return 0, fmt.Errorf("%q is no size such as 500mb or 1gib", v)
}

func checkSize(v string) error {
	n, err := parseSize(v)
	if err == nil && n < leastSize {
		err = fmt.Errorf("%q is less than 1mib, which holds nothing; capture.memory_only keeps captures off the disk", v)
	}
	return err
}

// parseAge reads a duration, which may be in days: 30d.
func parseAge(v string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(v, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err == nil && n >= 0 && n < 100*365.25 {
			return time.Duration(n * 24 * float64(time.Hour)), nil
		}
	} else if d, err := time.ParseDuration(v); err == nil && d >= 0 {
		return d, nil
	}
	return 0, fmt.Errorf("%q is no age such as 12h or 30d", v)
}

func checkAge(v string) error {
	d, err := parseAge(v)
	if err == nil && d < time.Minute {
		err = fmt.Errorf("%q is less than a minute; capture.memory_only keeps captures off the disk", v)
	}
	return err
}

var fieldName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// framing are the fields without which a recorded message means something else, or cannot be read.
var framing = []string{"host", "content-length", "transfer-encoding", "content-type", "content-encoding"}

func checkFieldName(v string) error {
	if !fieldName.MatchString(v) {
		return fmt.Errorf("%q is no name of a header field", v)
	}
	return nil
}

func checkRedactedField(v string) error {
	err := checkFieldName(v)
	switch {
	case err != nil:
		return err
	case slices.Contains(framing, strings.ToLower(v)):
		return fmt.Errorf("%s says where a message goes or how it is read, and holds no secret; it cannot be left out", v)
	}
	return nil
}

// jsonPath is what inspect/capture reads: names behind dots or in brackets and quotes, numbers in brackets, and * for all.
var jsonPath = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\$(\.[^.\[\]"'\s]+|\[(\*|[0-9]{1,9}|"[^"]+"|'[^']+')\])+$`)
})

func checkJSONPath(v string) error {
	if !jsonPath().MatchString(v) {
		return fmt.Errorf("%q is no path such as $.card.number, $.items[*].token or $[\"a name\"]", v)
	}
	return nil
}

// checkMaskedPath takes the paths that inspect.ParseJSONPath reads: those of checkJSONPath without single quotes.
func checkMaskedPath(v string) error {
	if strings.Contains(v, "'") {
		return fmt.Errorf("%q: a name in brackets stands in double quotes, as in $[\"a name\"]", v)
	}
	return checkJSONPath(v)
}
