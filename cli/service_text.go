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

// unit is the service for systemd.
func (s serviceSpec) unit() string {
	u := systemdUnit{title: serviceTitle, command: append([]string{s.exe}, s.arguments()...), machine: !s.user, own: agentUnit}
	if u.machine {
		u.own += fmt.Sprintf(machineUnit, s.owner)
	}
	return u.text()
}

const agentUnit = `Type=exec
RestartSec=10
TimeoutStopSec=40
`

// machineUnit has a place for the user. It has no capability and no way to one.
const machineUnit = `User=%s
LimitNOFILE=65536
CapabilityBoundingSet=
AmbientCapabilities=
ProtectHome=read-only
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
`

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
