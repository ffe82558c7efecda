package cli

import "strings"

// systemdUnit is a service for systemd.
type systemdUnit struct {
	title   string
	command []string // absolute
	machine bool     // a service of the machine, not of a user
	own     string   // lines of [Service] that only this one has; they come last
}

// text is the unit's file. A service of the machine sees it read-only but for its state and logs, and gets no right that own does not give it; managers of users can
// do only a part of that. An exit code of 2 is wrong configuration, which trying again does not mend.
func (u systemdUnit) text() string {
	var words []string
	for _, w := range u.command {
		words = append(words, systemdQuote(w))
	}
	network, hardening, target := "", "", "default.target"
	if u.machine {
		network = "Wants=network-online.target\nAfter=network-online.target\n"
		hardening, target = hardened, "multi-user.target"
	}
	return "[Unit]\nDescription=" + u.title + "\n" + network + "StartLimitIntervalSec=0\n\n" +
		"[Service]\nExecStart=" + strings.Join(words, " ") + "\n" + served + hardening + u.own +
		"\n[Install]\nWantedBy=" + target + "\n"
}

// served is what all services have.
const served = `ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartPreventExitStatus=2
UMask=0077
NoNewPrivileges=yes
RestrictRealtime=yes
LockPersonality=yes
SystemCallArchitectures=native
`

// hardened is what services of the machine have beside.
const hardened = `StateDirectory=adit
StateDirectoryMode=0700
LogsDirectory=adit
LogsDirectoryMode=0750
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
`

// systemdQuote writes a word of ExecStart: quoted, with what systemd would expand doubled.
func systemdQuote(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`, `$`, `$$`).Replace(word) + `"`
}
