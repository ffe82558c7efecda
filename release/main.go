// Command release makes the manual, and the archives of a release: for each system the program, its manual pages and completions, README and LICENSE, and SHA256SUMS over all
// of them. The same commit gives the same bytes: paths and times of the machine that builds are in none of them.
//
//	go run ./release -version 1.2.3 -date 1767312000 -out dist
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// target is a system to build for.
type target struct{ os, arch string }

var targets = []target{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
}

// completions are the names of the scripts, as shells want them, by shell.
var completions = map[string]string{"bash": "adit.bash", "zsh": "_adit", "fish": "adit.fish", "powershell": "adit.ps1"}

func main() {
	version := flag.String("version", "", "the release's version, without v")
	date := flag.Int64("date", 0, "the time that all files carry, in seconds since 1970: that of the commit")
	out := flag.String("out", "dist", "the directory of the archives; what is in it goes away")
	man := flag.String("man", "", "write the manual pages into this directory, and make no archives")
	flag.Parse()
	if *version == "" || strings.ContainsAny(*version, "/\\ ") || *date <= 0 {
		fmt.Fprintln(os.Stderr, "release: -version and -date are needed\n  try \"make release\"")
		os.Exit(2)
	}
	at := time.Unix(*date, 0).UTC()
	work := func() error { return release(*version, at, *out) }
	if *man != "" {
		work = func() error { return writeManual(*man, *version, at) }
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release makes everything anew in out.
func release(version string, date time.Time, out string) error {
	work, err := os.MkdirTemp("", "adit-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	common, err := texts(work, version, date)
	if err != nil {
		return err
	}
	var names []string
	for _, t := range targets {
		name, err := t.archive(work, out, version, date, common)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", t.os, t.arch, err)
		}
		fmt.Println(filepath.Join(out, name))
		names = append(names, name)
	}
	return writeSums(out, names)
}

// texts are the files that all archives have; the completions come from the program itself, built for this machine.
func texts(work, version string, date time.Time) ([]file, error) {
	adit := filepath.Join(work, "adit")
	if err := build(adit, version, nil); err != nil {
		return nil, err
	}
	var files []file
	for _, name := range []string{"README.md", "LICENSE"} {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name, data, 0o644})
	}
	for shell, name := range completions {
		data, err := exec.Command(adit, "completion", shell).Output()
		if err != nil {
			return nil, fmt.Errorf("completion for %s: %w", shell, err)
		}
		files = append(files, file{"completions/" + name, data, 0o644})
	}
	pages, err := manual(filepath.Join(work, "man"), version, date)
	return append(files, pages...), err
}

// build compiles the program into path, for this machine unless env says otherwise.
func build(path, version string, env []string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X github.com/adit-tunnel/adit/cli.Version="+version, "-o", path, ".")
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// archive makes the archive of one system and returns its name.
func (t target) archive(work, out, version string, date time.Time, common []file) (name string, err error) {
	program := "adit"
	if t.os == "windows" {
		program = "adit.exe"
	}
	built := filepath.Join(work, t.os+"-"+t.arch)
	if err := build(built, version, []string{"GOOS=" + t.os, "GOARCH=" + t.arch}); err != nil {
		return "", err
	}
	data, err := os.ReadFile(built)
	if err != nil {
		return "", err
	}
	files := append([]file{{program, data, 0o755}}, common...)
	base := fmt.Sprintf("adit_%s_%s_%s", version, t.os, t.arch)
	pack, name := tarGz, base+".tar.gz"
	if t.os == "windows" {
		pack, name = zipped, base+".zip"
	}
	archive, err := pack(base, files, date)
	if err != nil {
		return "", err
	}
	return name, os.WriteFile(filepath.Join(out, name), archive, 0o644)
}
