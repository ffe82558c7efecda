//go:build !linux

package relay

import "net"

func listenConfig() net.ListenConfig { return net.ListenConfig{} }
