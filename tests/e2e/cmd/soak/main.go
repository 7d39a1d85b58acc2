// Command soak changes Deployments for long, on the local cluster where Lastgood is installed
// with one replica. It observes the process of the controller. The audit log shows whether each bad
// release was rolled back and no good one was. The command ends with code 1 if the controller ended
// or acted wrongly.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"lastgood.dev/tests/e2e/internal/local/layout"
)

type options struct {
	kubeconfig string
	// clusterDir is the state directory of the local cluster.
	clusterDir string
	duration   time.Duration
	seed       uint64
	// json prints the summary as JSON on the standard output, and all else on the standard error.
	json bool
}

func main() {
	var o options
	flag.StringVar(&o.kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"),
		"kubeconfig `file` of the cluster")
	flag.StringVar(&o.clusterDir, "cluster-dir",
		cmp.Or(os.Getenv("LASTGOOD_CLUSTER_DIR"), layout.DefaultDir),
		"state `directory` of the local cluster")
	minutes := flag.Uint("minutes", 60, "`number` of minutes")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()),
		"seed of the random source (default: the time)")
	output := flag.String("o", "text", "format of the summary: text or json")
	flag.Parse()
	if flag.NArg() > 0 || *minutes == 0 || *output != "text" && *output != "json" {
		fmt.Fprintln(os.Stderr, "soak [--minutes N] [--seed N] [-o text|json]")
		os.Exit(2)
	}
	o.duration, o.json = time.Duration(*minutes)*time.Minute, *output == "json"
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	passed, err := run(ctx, o)
	if err != nil {
		fmt.Fprintf(os.Stderr, "The soak failed: %v\n", err)
	}
	if err != nil || !passed {
		os.Exit(1)
	}
}
