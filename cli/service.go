package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/kardianos/service"
	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
)

func (a *app) serviceCommand() *cobra.Command {
	var forUser bool
	c := &cobra.Command{
		Use:     "service",
		Short:   "Keep the configured endpoints online as a service of this machine",
		GroupID: "agent",
		Long: `Keep all endpoints of a configuration file online without a terminal, from the start of
the machine on (with --user: from the login on). The system's own manager looks after
it: systemd on Linux, launchd on macOS, the service manager on Windows.`,
		Example: `  sudo adit service install --config /etc/adit/adit.yml
  sudo adit service start
  adit service status`,
		Args: noSuchCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.PersistentFlags().BoolVar(&forUser, "user", false, "a service of this user, not of the machine")
	c.AddCommand(a.serviceInstallCommand(&forUser), a.serviceStatusCommand(&forUser), a.serviceRunCommand())
	for _, x := range []struct {
		name, short, done string
		do                func(service.Service) error
	}{
		{"start", "Start the service", "started", service.Service.Start},
		{"stop", "Stop the service: requests under way may finish", "stopped", service.Service.Stop},
		{"restart", "Stop the service and start it again", "restarted", service.Service.Restart},
		{"uninstall", "Take the service off this machine; configuration and state stay", "uninstalled", service.Service.Uninstall},
	} {
		c.AddCommand(&cobra.Command{Use: x.name, Short: x.short, Args: none, RunE: func(*cobra.Command, []string) error {
			s, err := a.manager(serviceSpec{goos: runtime.GOOS, user: forUser})
			if err != nil {
				return err
			}
			if err := x.do(s); err != nil {
				return fmt.Errorf("the service: %w\n  is it installed (adit service status), and may you do that (as root, or with --user)?", err)
			}
			fmt.Fprintln(a.Out, x.done)
			return nil
		}})
	}
	return c
}

func (a *app) serviceInstallCommand(forUser *bool) *cobra.Command {
	var path string
	var dry bool
	c := &cobra.Command{
		Use:   "install",
		Short: "Make a service of the endpoints in a configuration file",
		Long: `Make a service that keeps all endpoints of a configuration file online. It runs as the
file's owner, so it may read what the owner may. It is not started yet.`,
		Example: `  sudo adit service install --config /etc/adit/adit.yml
  adit service install --user --config ~/.config/adit/adit.yml
  adit service install --config adit.yml --dry-run`,
		Args: none,
		RunE: func(*cobra.Command, []string) error {
			spec, err := a.serviceSpec(path, *forUser)
			if err != nil {
				return err
			}
			if dry {
				_, err = a.Out.WriteString(spec.text())
				return err
			}
			return a.install(spec)
		},
	}
	c.Flags().StringVar(&path, "config", "", "configuration `FILE` (required)")
	c.Flags().BoolVar(&dry, "dry-run", false, "print what would be installed, and do nothing")
	return c
}

// serviceSpec is the service for a configuration file, which is checked: a service with a broken one would fail where nobody looks.
func (a *app) serviceSpec(path string, forUser bool) (s serviceSpec, err error) {
	if path == "" {
		return s, usage("--config is missing\n  try \"adit service install --config /etc/adit/adit.yml\"")
	}
	cfg, err := config.Load(config.Sources{Files: []string{path}, CheckKeys: checkKeys})
	if err != nil {
		return s, &exitError{exitUsage, err}
	}
	if len(cfg.Endpoints) == 0 {
		return s, usage("%s has no endpoints, so the service would have nothing to do\n  describe one below \"endpoints:\"", path)
	}
	s = serviceSpec{goos: runtime.GOOS, user: forUser, data: cmp.Or(a.env("ProgramData"), `C:\ProgramData`)}
	if s.config, err = filepath.Abs(path); err != nil {
		return s, usage("%s: %w", path, err)
	}
	if s.exe, err = os.Executable(); err == nil {
		s.exe, err = filepath.EvalSymlinks(s.exe)
	}
	if err != nil {
		return s, fmt.Errorf("where this program is: %w", err)
	}
	for _, p := range []string{s.exe, s.config} {
		if strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f }) || strings.Contains(p, "{{") {
			return s, usage("%q: a service cannot have such a path; move the file", p)
		}
	}
	return s, s.findOwner()
}

// findOwner sets as whom the service runs.
func (s *serviceSpec) findOwner() error {
	u, err := user.Current()
	if uid := ownerOf(s.config); uid != "" && !s.user {
		u, err = user.LookupId(uid)
	}
	if err != nil {
		return fmt.Errorf("the owner of %s: %w", s.config, err)
	}
	s.owner, s.home = u.Username, u.HomeDir
	return nil
}

// install hands the service to the system's manager.
func (a *app) install(spec serviceSpec) error {
	if !spec.user && os.Geteuid() > 0 {
		return usage("a service of the whole machine is installed as root\n  try sudo, or --user for a service of your own")
	}
	s, err := a.manager(spec)
	if err != nil {
		return err
	}
	file := spec.file()
	if _, err := os.Stat(file); err == nil {
		return usage("%s is there already\n  take it away first: adit service uninstall", file)
	}
	if err := s.Install(); err != nil {
		if file != "" {
			_ = os.Remove(file) // half a service is none; err says more
		}
		return fmt.Errorf("the service: %w", err)
	}
	fmt.Fprintf(a.Out, "installed; start it with: adit service start%s\n", spec.userFlag())
	return nil
}

// manager is the system's, for the service in spec.
func (a *app) manager(spec serviceSpec) (service.Service, error) {
	switch system := service.Platform(); {
	case system != "linux-systemd" && system != "darwin-launchd" && system != "windows-service":
		return nil, &exitError{exitNo, errors.New("this machine has none of systemd, launchd and Windows' service manager\n  let its own start: adit start --all --config FILE --no-tui")}
	case spec.user && system == "windows-service":
		return nil, usage("--user: Windows has services of the machine only")
	}
	s, err := service.New(&windowsProgram{app: a}, spec.managed())
	if err != nil {
		return nil, fmt.Errorf("the service: %w", err)
	}
	return s, nil
}

func (a *app) serviceStatusCommand(forUser *bool) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Tell whether the service runs",
		Long:  `Tell whether the service runs: running (exit code 0), stopped, failed, or not installed (1).`,
		Args:  none,
		RunE: func(*cobra.Command, []string) error {
			s, err := a.manager(serviceSpec{goos: runtime.GOOS, user: *forUser})
			if err != nil {
				return err
			}
			state, err := s.Status()
			switch {
			case errors.Is(err, service.ErrNotInstalled):
				fmt.Fprintln(a.Out, "not installed")
			case err != nil:
				fmt.Fprintln(a.Out, "failed:", err)
			case state == service.StatusRunning:
				fmt.Fprintln(a.Out, "running")
				return nil
			default:
				fmt.Fprintln(a.Out, "stopped")
			}
			return &exitError{code: exitNo}
		},
	}
}
