package cli

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/kardianos/service"
)

// serviceName is what the system's manager calls the service.
const serviceName = "adit"

const serviceTitle = "adit: public URLs for services on this machine"

// serviceSpec is a service to be installed: which program, with which configuration, as whom.
type serviceSpec struct {
	goos   string
	user   bool   // of one user
	exe    string // absolute
	config string // absolute
	owner  string // user name
	home   string // the owner's
	data   string // Windows: where programs keep what all users share
}

// arguments are what the service runs the program with. Windows' manager wants to be talked to, which "service run" does.
func (s serviceSpec) arguments() []string {
	if s.goos == "windows" {
		dir := s.data + `\adit`
		return []string{"service", "run", "--config", s.config, "--state-dir", dir, "--log", dir + `\adit.log`}
	}
	return []string{"start", "--all", "--config", s.config, "--no-tui"}
}

// managed is the service as its manager takes it.
func (s serviceSpec) managed() *service.Config {
	return &service.Config{
		Name: serviceName, DisplayName: "adit", Description: serviceTitle, Executable: s.exe, Arguments: s.arguments(),
		Option: service.KeyValue{
			"UserService": s.user, "SystemdScript": s.text(), "LaunchdConfig": s.text(),
			"OnFailure": "restart", "OnFailureDelayDuration": "10s", "OnFailureResetPeriod": 86400,
		},
	}
}

// text is what is installed, word for word; for Windows, which keeps no text, what its manager is told.
func (s serviceSpec) text() string {
	switch s.goos {
	case "darwin":
		return s.plist()
	case "windows":
		words := []string{windowsQuote(s.exe)}
		for _, a := range s.arguments() {
			words = append(words, windowsQuote(a))
		}
		return fmt.Sprintf("service: %s\ndescription: %s\ncommand: %s\nstart: automatic\non failure: restart after 10 s\n",
			serviceName, serviceTitle, strings.Join(words, " "))
	}
	return s.unit()
}

// file is where the manager keeps that text; "" for none.
func (s serviceSpec) file() string {
	home, _ := os.UserHomeDir() // the manager looks there, too, and says what is wrong
	switch {
	case s.goos == "linux" && s.user:
		return filepath.Join(home, ".config", "systemd", "user", serviceName+".service")
	case s.goos == "linux":
		return "/etc/systemd/system/" + serviceName + ".service"
	case s.goos == "darwin" && s.user:
		return filepath.Join(home, "Library", "LaunchAgents", serviceName+".plist")
	case s.goos == "darwin":
		return "/Library/LaunchDaemons/" + serviceName + ".plist"
	}
	return ""
}

func (s serviceSpec) userFlag() string {
	if s.user {
		return " --user"
	}
	return ""
}

// unit is the service for systemd. A service of the machine sees it read-only but for its state and logs, has no capability and no way to one; managers of users can
// do only a part of that.
func (s serviceSpec) unit() string {
	words := []string{systemdQuote(s.exe)}
	for _, a := range s.arguments() {
		words = append(words, systemdQuote(a))
	}
	run := strings.Join(words, " ")
	if s.user {
		return fmt.Sprintf(userUnit, serviceTitle, run)
	}
	return fmt.Sprintf(machineUnit, serviceTitle, run, s.owner)
}

// machineUnit has places for title, command and user. An exit code of 2 is wrong configuration, which trying again does not mend.
const machineUnit = `[Unit]
Description=%s
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=%s
ExecReload=/bin/kill -HUP $MAINPID
User=%s
Restart=on-failure
RestartSec=10
RestartPreventExitStatus=2
TimeoutStopSec=40
StateDirectory=adit
StateDirectoryMode=0700
LogsDirectory=adit
LogsDirectoryMode=0750
UMask=0077
LimitNOFILE=65536
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`

// userUnit has places for title and command.
const userUnit = `[Unit]
Description=%s
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=%s
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=10
RestartPreventExitStatus=2
TimeoutStopSec=40
UMask=0077
NoNewPrivileges=yes
RestrictRealtime=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=default.target
`

// systemdQuote writes a word of ExecStart: quoted, with what systemd would expand doubled.
func systemdQuote(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`, `$`, `$$`).Replace(word) + `"`
}

// windowsQuote writes a word of a command line for people to read.
func windowsQuote(word string) string {
	if strings.ContainsAny(word, " \t") {
		return `"` + word + `"`
	}
	return word
}

// plist is the service for launchd: a daemon, or an agent of one user.
func (s serviceSpec) plist() string {
	log := "/var/log/adit.log"
	whose := "\t<key>UserName</key>\n\t<string>" + xmlText(s.owner) + "</string>\n"
	if s.user {
		log, whose = s.home+"/Library/Logs/adit.log", ""
	}
	var words strings.Builder
	for _, w := range append([]string{s.exe}, s.arguments()...) {
		words.WriteString("\t\t<string>" + xmlText(w) + "</string>\n")
	}
	return fmt.Sprintf(launchd, serviceName, words.String(), whose, xmlText(s.home), xmlText(log))
}

// launchd has places for the label, the command, the user, the home directory and the log.
const launchd = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>%s</string>
	<key>ProgramArguments</key>
	<array>
%s	</array>
%s	<key>EnvironmentVariables</key>
	<dict>
		<key>HOME</key>
		<string>%s</string>
	</dict>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>ThrottleInterval</key>
	<integer>10</integer>
	<key>ExitTimeOut</key>
	<integer>40</integer>
	<key>ProcessType</key>
	<string>Background</string>
	<key>Umask</key>
	<integer>63</integer>
	<key>StandardErrorPath</key>
	<string>%s</string>
</dict>
</plist>
`

func xmlText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
