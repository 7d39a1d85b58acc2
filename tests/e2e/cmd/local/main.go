// Command local brings a Kubernetes up on this machine, down again, and does to it what tests need done.
// It must not know how; package cluster does.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"lastgood.dev/tests/e2e/internal/local/cluster"
	"lastgood.dev/tests/e2e/internal/local/layout"
)

const usage = `usage: local [--dir DIRECTORY] VERB

  up --kubernetes FILE --pause FILE --demo-app FILE    start a cluster from nothing
  down                                                 remove it without a trace
  status                                               what runs; ends 0 when the cluster is ready
  load-image FILE                                      a docker or OCI archive into the node
  restart-apiserver | stop-apiserver | start-apiserver kill the API server and start it, or one of the two
  kill COMPONENT | start COMPONENT                     the same for any component
`

func main() {
	directory := flag.String("dir", fallback(os.Getenv("LASTGOOD_CLUSTER_DIR"), layout.DefaultDir), "the cluster's state directory")
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*directory, flag.Arg(0), flag.Args()[1:]); err != nil {
		fmt.Fprintln(os.Stderr, sentence(err))
		os.Exit(1)
	}
}

func run(directory, verb string, args []string) error {
	local, err := cluster.Open(directory, os.Stdout)
	if err != nil {
		return err
	}
	plain := map[string]func() error{
		"down": local.Down, "status": local.Status,
		"restart-apiserver": local.RestartAPIServer, "stop-apiserver": local.StopAPIServer, "start-apiserver": local.StartAPIServer,
	}
	if act := plain[verb]; act != nil {
		if len(args) > 0 {
			return fmt.Errorf("%s takes no argument, but was given %q", verb, args[0])
		}
		return act()
	}
	onOne := map[string]func(string) error{
		"kill": local.KillComponent, "start": local.StartComponent,
		"load-image": func(archive string) error { return load(local, archive) },
	}
	if act := onOne[verb]; act != nil {
		if len(args) != 1 {
			return fmt.Errorf("%s takes exactly one argument", verb)
		}
		return act(args[0])
	}
	if verb == "up" {
		return up(local, args)
	}
	return fmt.Errorf("there is no verb %q\n%s", verb, usage)
}

func up(local *cluster.Cluster, args []string) error {
	var programs cluster.Programs
	flags := flag.NewFlagSet("up", flag.ExitOnError)
	flags.StringVar(&programs.Kubernetes, "kubernetes", "", "the program that is all of Kubernetes")
	flags.StringVar(&programs.Pause, "pause", "", "the program of the pause image")
	flags.StringVar(&programs.DemoApp, "demo-app", "", "the program of the demo image")
	if err := flags.Parse(args); err != nil {
		return err
	}
	for name, path := range map[string]string{"kubernetes": programs.Kubernetes, "pause": programs.Pause, "demo-app": programs.DemoApp} {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("up needs --%s FILE: %w", name, err)
		}
	}
	return local.Up(programs)
}

func load(local *cluster.Cluster, archive string) error {
	names, err := local.LoadImage(archive)
	if err == nil {
		fmt.Println("loaded", strings.Join(names, ", "))
	}
	return err
}

func fallback(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// An error's text starts small, a sentence on the screen does not.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
