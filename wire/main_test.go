package wire

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite the vectors in testdata/wire and docs/errors.md")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
