//go:build linux

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ticks is what /proc counts processor time in: a hundredth of a second on every Linux.
const ticks = 100

// cpu is the processor time that the processes have had, in seconds.
func cpu(pids []int) (seconds float64) {
	for _, pid := range pids {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, _ := strings.Cut(string(stat), ") ")
		if f := strings.Fields(rest); len(f) > 12 {
			user, _ := strconv.ParseFloat(f[11], 64)
			system, _ := strconv.ParseFloat(f[12], 64)
			seconds += (user + system) / ticks
		}
	}
	return seconds
}

// rss is what a process holds in memory, peak the most it has held, in MiB.
func rss(c *child) float64  { return status(c, "VmRSS:") }
func peak(c *child) float64 { return status(c, "VmHWM:") }

func status(c *child, field string) float64 {
	if c == nil {
		return 0
	}
	all, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.pid()))
	return number(string(all), field) / 1024
}

// tcpMemory is what the kernel holds for all TCP sockets of the machine, in MiB.
func tcpMemory() float64 {
	all, _ := os.ReadFile("/proc/net/sockstat")
	_, tcp, _ := strings.Cut(string(all), "TCP:")
	return number(tcp, "mem ") * float64(os.Getpagesize()) / mebi
}

// number is the first one behind field.
func number(text, field string) float64 {
	_, rest, _ := strings.Cut(text, field)
	if f := strings.Fields(rest); len(f) > 0 {
		n, _ := strconv.ParseFloat(f[0], 64)
		return n
	}
	return 0
}

// files is how many descriptors a process has open.
func files(c *child) int {
	if c == nil {
		return 0
	}
	all, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.pid()))
	return len(all)
}
