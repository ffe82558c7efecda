// Adit is a tunnel with a live request inspector: it gives a web service on localhost a public URL and shows every request as
// it arrives. Everything is in package cli; see docs/architecture.md for the house.
package main

import (
	"os"

	"github.com/adit-tunnel/adit/cli"
)

func main() {
	os.Exit(cli.Main(os.Args, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Environ()))
}
