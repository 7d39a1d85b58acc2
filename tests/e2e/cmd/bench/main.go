// Command bench measures Lastgood on a cluster where it is installed. Each part prints its lines
// and removes what it has created. The parts detection, queries and pods need the local cluster:
// their servers and their pods run on this machine.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"lastgood.dev/tests/e2e/internal/local/layout"
)

type options struct {
	kubeconfig string
	image      string
	// namespace is the name of the namespace of each part. If it is empty, each part generates a name.
	namespace string
	rounds    int
	// queryDeployments and podDeployments are the sizes of the parts queries and pods.
	queryDeployments, podDeployments int
	// prometheus is the program of a Prometheus. It may be empty.
	prometheus string
	// controllerPID is the process of a controller outside the cluster, or 0.
	controllerPID int
	// controller is the program that the part scale measures.
	controller string
	// clusterDir is the state directory of the local cluster.
	clusterDir string
	// idle is how long the part scale observes a controller while all Deployments are Idle.
	idle time.Duration
	// sizes are the numbers of Deployments of the part scale.
	sizes []int
}

type part struct {
	name, description string
	run               func(context.Context, options) error
	// onlyByName is true for a part that does not run unless it is named.
	onlyByName bool
}

var parts = []part{
	{"rollbacks", "the time from the decision of a rollback to the acknowledged patch, beside plain " +
		"patches; then the API requests in one minute by state", measureRollbacks, false},
	{"detection", "the time from the first bad value in Prometheus to the acknowledged patch",
		measureDetection, false},
	{"queries", "CPU and drift with 500 prometheus checks", measureQueries, false},
	{"pods", "CPU while the metrics of 2,000 pods are scraped", measurePodMetrics, false},
	{"scale", "memory, CPU, requests and times with thousands of Deployments; numbers after this " +
		"name are the numbers of Deployments", measureScale, true},
	{"leaders", "ten changes of leader with the memory limit of the chart; a number after this name " +
		"is the number of Deployments", measureLeaders, true},
}

func main() {
	var o options
	flag.StringVar(&o.kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"),
		"kubeconfig `file` of the cluster")
	flag.StringVar(&o.image, "image", "lastgood.dev/demo-app:dev", "image of the test application")
	flag.StringVar(&o.namespace, "namespace", "", "`name` of the namespace (default: a new name)")
	flag.IntVar(&o.rounds, "rounds", 15, "number of bad releases of the part rollbacks")
	flag.IntVar(&o.queryDeployments, "query-deployments", 500,
		"number of Deployments of the part queries")
	flag.IntVar(&o.podDeployments, "pod-deployments", 100,
		"number of Deployments of the part pods, with 20 pods each")
	flag.StringVar(&o.prometheus, "prometheus", "", "Prometheus `program`")
	flag.IntVar(&o.controllerPID, "controller-pid", 0,
		"`PID` of a controller outside the cluster (default: the leader in the cluster)")
	flag.StringVar(&o.controller, "controller", "",
		"`program` of the controller for the part scale")
	flag.StringVar(&o.clusterDir, "cluster-dir",
		cmp.Or(os.Getenv("LASTGOOD_CLUSTER_DIR"), layout.DefaultDir),
		"state `directory` of the local cluster")
	flag.DurationVar(&o.idle, "idle", time.Minute,
		"`time` for which the part scale observes the controller while all Deployments are Idle")
	informers := flag.String("informers", "",
		"only list and watch these `kinds` with client-go, for the part scale")
	flag.Usage = usageText
	flag.Parse()
	if *informers != "" {
		runInformers(o.kubeconfig, *informers)
		return
	}
	names, sizes, err := splitSizes(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	o.sizes = sizes
	chosen, err := chooseParts(names)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	if err := run(ctx, o, chosen); err != nil {
		fmt.Fprintf(os.Stderr, "The bench failed: %v\n", err)
		os.Exit(1)
	}
}

func usageText() {
	fmt.Fprintln(os.Stderr, "bench [FLAG...] [PART...]: runs all parts, or some")
	for _, part := range parts {
		fmt.Fprintf(os.Stderr, "  %-10s %s\n", part.name, part.description)
	}
	flag.PrintDefaults()
}

// chooseParts returns the parts with these names, or without a name all parts that need none.
func chooseParts(names []string) ([]part, error) {
	var known []string
	for _, part := range parts {
		known = append(known, part.name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("unknown part %s; the parts are: %s", name,
				strings.Join(known, ", "))
		}
	}
	var chosen []part
	for _, part := range parts {
		if len(names) == 0 && !part.onlyByName || slices.Contains(names, part.name) {
			chosen = append(chosen, part)
		}
	}
	return chosen, nil
}

func run(ctx context.Context, o options, chosen []part) error {
	for _, part := range chosen {
		err := part.run(ctx, o)
		if ctx.Err() != nil {
			return fmt.Errorf("it was ended in the part %s: %w", part.name, context.Cause(ctx))
		}
		if err != nil {
			return fmt.Errorf("part %s: %w", part.name, err)
		}
	}
	return nil
}

func measureRollbacks(ctx context.Context, o options) error {
	const patchesPerRound = 4
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	var rollbacks, patches []time.Duration
	for round := range o.rounds {
		took, err := b.badRelease(ctx, round)
		if err != nil {
			return err
		}
		rollbacks = append(rollbacks, took)
		for range patchesPerRound {
			took, err := b.plainPatch(ctx)
			if err != nil {
				return err
			}
			patches = append(patches, took)
		}
	}
	ratio := float64(quantile(rollbacks, 0.5)) / float64(quantile(patches, 0.5))
	fmt.Printf("decision to acknowledged patch   %s\n", summary(rollbacks))
	fmt.Printf("one plain patch of a template    %s\n", summary(patches))
	fmt.Printf("ratio of the medians             %.1f   "+
		"(a rollback needs three live reads, the Rollback and the patch)\n", ratio)
	counts, err := b.requestsPerMinute(ctx)
	if err != nil {
		return err
	}
	for _, found := range counts {
		fmt.Printf("API requests per minute, %-10s  %d\n", found.state, found.count)
	}
	return nil
}

func quantile(values []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

func summary(values []time.Duration) string {
	ms := func(q float64) float64 { return float64(quantile(values, q).Microseconds()) / 1000 }
	return fmt.Sprintf("p50 %5.1f ms   p90 %5.1f ms   max %5.1f ms   (%d samples)",
		ms(0.5), ms(0.9), ms(1), len(values))
}
