// Command demo shows how Lastgood rolls back a bad release, on a cluster where Lastgood is
// installed. It ends with code 1 if a step fails. The command must work on every
// cluster, however the cluster was started and Lastgood was installed. Only `demo metrics` needs
// the local cluster: its Prometheus and its load run on the machine of the node.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

type options struct {
	kubeconfig string
	context    string
	namespace  string
	image      string
	kubectl    string
	keep       bool
	// prometheus is the program of a Prometheus, for the demo of metrics.
	prometheus string
}

func main() {
	var o options
	flag.StringVar(&o.kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"),
		"kubeconfig `file` of the cluster")
	flag.StringVar(&o.context, "context", "",
		"context of the kubeconfig (default: its current context)")
	flag.StringVar(&o.namespace, "namespace", "lastgood-demo", "namespace that the demo creates")
	flag.StringVar(&o.image, "image", "lastgood.dev/demo-app:dev", "image of the test application")
	flag.StringVar(&o.kubectl, "kubectl", "kubectl", "kubectl `program`")
	flag.BoolVar(&o.keep, "keep", false, "do not delete the namespace at the end")
	flag.StringVar(&o.prometheus, "prometheus", "", "Prometheus `program`, for the demo of metrics")
	flag.Parse()
	play := run
	switch {
	case flag.NArg() == 1 && flag.Arg(0) == "metrics":
		play = runMetrics
	case flag.NArg() > 0:
		fmt.Fprintf(os.Stderr, "The only argument is metrics, not %q.\n", flag.Args())
		os.Exit(2)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	if err := play(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "\nThe demo failed: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	c, err := connect(o)
	if err != nil {
		return err
	}
	if err := c.createNamespace(ctx); err != nil {
		return err
	}
	if !o.keep {
		defer c.deleteNamespace()
	}
	d := &demo{cluster: c, timeline: newTimeline()}
	return d.run(ctx)
}
