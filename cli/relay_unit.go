package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
)

// relayUnitFile is where an installed unit of a relay belongs.
const relayUnitFile = "/etc/systemd/system/adit-relay.service"

func (a *app) relayUnitCommand() *cobra.Command {
	var path string
	var install bool
	c := &cobra.Command{
		Use:   "unit",
		Short: "Print a hardened systemd unit for the relay",
		Long: `Print a systemd unit that runs the relay with a configuration file, as a user that exists
only while it runs, with no right but to listen on ports below 1024. With --install it
is written to ` + relayUnitFile + `.

  systemctl reload adit-relay                 read the configuration again
  systemctl kill -s USR2 --kill-whom=main adit-relay   start the program anew, no request lost`,
		Example: `  sudo adit relay unit --install
  adit relay unit --config /etc/adit/relay.yml`,
		Args: none,
		RunE: func(*cobra.Command, []string) error {
			text, err := a.relayUnit(path)
			if err != nil {
				return err
			}
			if !install {
				_, err = a.Out.WriteString(text)
				return err
			}
			return a.installRelayUnit(text)
		},
	}
	c.Flags().StringVar(&path, "config", config.RelayFile("linux", a.env), "configuration `FILE`")
	c.Flags().BoolVar(&install, "install", false, "write it to where systemd finds it")
	return c
}

// relayUnit is the unit for this program and a configuration file.
func (a *app) relayUnit(path string) (string, error) {
	file, err := filepath.Abs(path)
	if err != nil {
		return "", usage("--config %s: %w", path, err)
	}
	exe, err := ownPath()
	if err != nil {
		return "", fmt.Errorf("where this program is: %w", err)
	}
	for _, p := range []string{exe, file} {
		if strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return "", usage("%q: a service cannot have such a path; move the file", p)
		}
	}
	return unitOfRelay(exe, file), nil
}

func unitOfRelay(exe, file string) string {
	return systemdUnit{
		title: "adit relay: public URLs for services behind agents", command: []string{exe, "relay", "--config", file}, machine: true, own: relayUnit,
	}.text()
}

func (a *app) installRelayUnit(text string) error {
	if runtime.GOOS != "linux" {
		return usage("--install: this system has no systemd")
	}
	f, err := os.OpenFile(relayUnitFile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	switch {
	case errors.Is(err, fs.ErrExist):
		return usage("%s is there already\n  delete it first, or compare it with what \"adit relay unit\" prints", relayUnitFile)
	case errors.Is(err, fs.ErrPermission):
		return usage("%w\n  try sudo", err)
	case err != nil:
		return usage("%w", err)
	}
	_, err = f.WriteString(text)
	if err = closeWith(f, err); err != nil {
		return errors.Join(err, os.Remove(relayUnitFile)) // half a unit is none
	}
	fmt.Fprintf(a.Out, "wrote %s; start it with:\n  systemctl daemon-reload && systemctl enable --now adit-relay\n", relayUnitFile)
	return nil
}

// relayUnit: the relay tells systemd when it serves, when it has read its configuration again, and which process it is after it has started itself anew. It may listen
// below 1024, and has no other right.
const relayUnit = `Type=notify
NotifyAccess=main
RestartSec=2
TimeoutStopSec=45
LimitNOFILE=524288
DynamicUser=yes
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
AmbientCapabilities=CAP_NET_BIND_SERVICE
ProtectHome=yes
DevicePolicy=closed
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
MemoryDenyWriteExecute=yes
KeyringMode=private
SystemCallFilter=~@privileged @resources
`
