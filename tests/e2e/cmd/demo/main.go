// Command demo shows on a cluster where Lastgood is installed how a bad release is put back, and ends non-zero when any part
// of that did not happen. It must not know how the cluster was started nor how Lastgood was installed.
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
}

func main() {
	var o options
	flag.StringVar(&o.kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"), "kubeconfig file of the cluster")
	flag.StringVar(&o.context, "context", "", "context of the kubeconfig; empty: its current one")
	flag.StringVar(&o.namespace, "namespace", "lastgood-demo", "namespace that the demo makes for itself")
	flag.StringVar(&o.image, "image", "lastgood.dev/demo-app:dev", "image of the demo application")
	flag.StringVar(&o.kubectl, "kubectl", "kubectl", "kubectl to apply with")
	flag.BoolVar(&o.keep, "keep", false, "leave the namespace as it is at the end")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	if err := play(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "\nThe demo did not go as it should: %v\n", err)
		os.Exit(1)
	}
}

func play(ctx context.Context, o options) error {
	c, err := connect(o)
	if err != nil {
		return err
	}
	if err := c.makeNamespace(ctx); err != nil {
		return err
	}
	if !o.keep {
		defer c.removeNamespace()
	}
	s := &story{cluster: c, timeline: newTimeline()}
	return s.tell(ctx)
}
