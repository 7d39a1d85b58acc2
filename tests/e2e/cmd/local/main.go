// Command local starts and stops a Kubernetes cluster on this machine, and kills and starts its
// components for tests. It only parses the command line; package cluster does the work.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strings"

	"lastgood.dev/tests/e2e/internal/local/cluster"
	"lastgood.dev/tests/e2e/internal/local/layout"
)

const usage = `usage: local [--dir DIRECTORY] COMMAND

  up --kubernetes FILE --pause FILE --demo-app FILE   start a new cluster
  down                      stop the cluster and remove everything that it created
  status                    list the components; exit code 0 if the cluster is ready
  load-image FILE           load a docker or OCI archive into the node
  restart-apiserver         kill the API server, start it again and wait until it is ready
  stop-apiserver            kill the API server
  start-apiserver           start the API server again and wait until it is ready
  kill COMPONENT            kill a component
  start COMPONENT           start a component that was killed
  add-node                  start an extra node, with a taint
  remove-nodes              stop and remove all extra nodes
`

func main() {
	directory := flag.String("dir", cmp.Or(os.Getenv("LASTGOOD_CLUSTER_DIR"), layout.DefaultDir),
		"state `directory` of the cluster")
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

func run(directory, command string, args []string) error {
	local, err := cluster.Open(directory, os.Stdout)
	if err != nil {
		return err
	}
	withoutArgument := map[string]func() error{
		"down":              local.Down,
		"status":            local.Status,
		"restart-apiserver": local.RestartAPIServer,
		"stop-apiserver":    local.StopAPIServer,
		"start-apiserver":   local.StartAPIServer,
		"add-node":          func() error { return addNode(local) },
		"remove-nodes":      local.RemoveNodes,
	}
	if execute := withoutArgument[command]; execute != nil {
		if len(args) > 0 {
			return fmt.Errorf("%s takes no arguments, but got %q", command, args[0])
		}
		return execute()
	}
	withArgument := map[string]func(string) error{
		"kill": local.KillComponent, "start": local.StartComponent,
		"load-image": func(archive string) error { return load(local, archive) },
	}
	if execute := withArgument[command]; execute != nil {
		if len(args) != 1 {
			return fmt.Errorf("%s takes one argument, but got %d", command, len(args))
		}
		return execute(args[0])
	}
	if command == "up" {
		return up(local, args)
	}
	return fmt.Errorf("unknown command %q\n%s", command, usage)
}

func up(local *cluster.Cluster, args []string) error {
	var programs cluster.Programs
	flags := flag.NewFlagSet("up", flag.ExitOnError)
	flags.StringVar(&programs.Kubernetes, "kubernetes", "", "`file` with all of Kubernetes")
	flags.StringVar(&programs.Pause, "pause", "", "`file` with the program of the pause image")
	flags.StringVar(&programs.DemoApp, "demo-app", "", "`file` with the test application")
	if err := flags.Parse(args); err != nil {
		return err
	}
	for name, path := range map[string]string{
		"kubernetes": programs.Kubernetes, "pause": programs.Pause, "demo-app": programs.DemoApp,
	} {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("flag --%s FILE is required: %w", name, err)
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

func addNode(local *cluster.Cluster) error {
	node, err := local.AddNode()
	if err == nil {
		fmt.Println(node.Name())
	}
	return err
}

// sentence returns an error as a sentence, with an upper-case letter and a period.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
