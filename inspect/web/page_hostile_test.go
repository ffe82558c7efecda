package web

import (
	"context"
	"testing"
)

func nothingRuns(t *testing.T, b context.Context)      {}
func othersGetNothing(t *testing.T, b context.Context) {}
