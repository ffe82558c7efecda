//go:build !race

package e2e

const slowedBy = 1
