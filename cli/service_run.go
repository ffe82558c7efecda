package cli

import (
	"os"

	"github.com/kardianos/service"
	"github.com/spf13/cobra"
)

// windowsProgram is what Windows' service manager runs: "adit start --all" in this process, ended when the manager says so.
type windowsProgram struct {
	app  *app
	args []string
	end  chan struct{} // closed by Stop
	done chan struct{} // closed when the command has ended
}

// serviceRunCommand is for the manager; its arguments are those of start.
func (a *app) serviceRunCommand() *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Run as the service manager of Windows wants it", Hidden: true, DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.runService(append([]string{"start", "--all", "--no-tui"}, args...))
		},
	}
}

func (a *app) runService(args []string) error {
	p := &windowsProgram{app: a, args: args, end: make(chan struct{}), done: make(chan struct{})}
	s, err := service.New(p, &service.Config{Name: serviceName})
	if err != nil {
		return err
	}
	return s.Run()
}

// Start implements service.Interface. A command that ends by itself ends the process, and the manager sees its exit code.
func (p *windowsProgram) Start(service.Service) error {
	p.app.stopAsked = p.end
	p.app.guard.Go(func() {
		err := p.app.execute(p.args)
		select {
		case <-p.end:
		default:
			p.app.report(err)
			os.Exit(exitCode(err))
		}
		close(p.done)
	})
	return nil
}

// Stop implements service.Interface: requests under way may finish.
func (p *windowsProgram) Stop(service.Service) error {
	close(p.end)
	<-p.done
	return nil
}
