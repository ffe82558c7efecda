package agent

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestWake: a sleep and a change of addresses are noticed within two seconds, each once, and nothing else is.
func TestWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWake()
		var mu sync.Mutex // the world's
		var asleep time.Duration
		addrs := []string{"127.0.0.1/8", "10.0.0.1/8", "fe80::1/64", "2001:db8::1/64"}
		var broken error
		w.now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(asleep)
		}
		w.addrs = func() (all []net.Addr, err error) {
			mu.Lock()
			defer mu.Unlock()
			for _, s := range addrs {
				ip, n, err := net.ParseCIDR(s)
				if err != nil {
					t.Error(err)
				}
				all = append(all, &net.IPNet{IP: ip, Mask: n.Mask})
			}
			return all, broken
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		noticed, slept := 0, time.Duration(0)
		go w.watch(ctx, func(d time.Duration) { noticed, slept = noticed+1, max(slept, d) })
		time.Sleep(10*time.Hour + 700*time.Millisecond) // between two looks
		steps := []struct {
			what   string
			happen func()
			want   int
		}{
			{"nothing", func() {}, 0},
			{"a short sleep", func() { asleep += 2100 * time.Millisecond }, 1},
			{"a night", func() { asleep += 9 * time.Hour }, 1},
			{"a late look", func() { asleep += 1900 * time.Millisecond }, 0},
			{"a clock that is set back", func() { asleep -= time.Hour }, 0},
			{"another network", func() { addrs = []string{"127.0.0.1/8", "10.0.0.2/8", "fe80::1/64", "2001:db8::1/64"} }, 1},
			{"another order", func() { addrs = []string{"2001:db8::1/64", "127.0.0.1/8", "fe80::1/64", "10.0.0.2/8"} }, 0},
			{"a container's link", func() { addrs = append(addrs, "fe80::dead:1/64", "169.254.7.7/16", "127.0.0.2/8") }, 0},
			{"addresses that cannot be had", func() { broken = errors.New("no") }, 0},
			{"and can again", func() { broken = nil }, 0},
			{"no network", func() { addrs = addrs[1:2] }, 1},
			{"a network", func() { addrs = append(addrs, "192.0.2.7/24") }, 1},
		}
		for _, step := range steps {
			noticed = 0
			synctest.Wait()
			mu.Lock()
			step.happen()
			mu.Unlock()
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if noticed != step.want {
				t.Errorf("%s: noticed %d times within 2 s, want %d", step.what, noticed, step.want)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if noticed != step.want {
				t.Errorf("%s: noticed %d times, want %d", step.what, noticed, step.want)
			}
		}
		if slept.Round(time.Minute) != 9*time.Hour {
			t.Errorf("the longest sleep took %v, want the night's 9 h", slept)
		}
	})
}
