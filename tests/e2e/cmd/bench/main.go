// Command bench measures the time from the decision to roll back until the API server has accepted
// the patch, on a cluster where Lastgood is installed. It also measures a plain patch of a
// template, to show how much of that time the API server needs for one patch. At the end it counts
// the requests of Lastgood per minute while a Deployment is Idle, Evaluating and Held.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"
)

func main() {
	kubeconfig := flag.String("kubeconfig", os.Getenv("KUBECONFIG"),
		"kubeconfig `file` of the cluster")
	image := flag.String("image", "lastgood.dev/demo-app:dev", "image of the test application")
	rounds := flag.Int("rounds", 15, "number of bad releases")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	if err := run(ctx, *kubeconfig, *image, *rounds); err != nil {
		fmt.Fprintf(os.Stderr, "The bench failed: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, kubeconfig, image string, rounds int) error {
	const patchesPerRound = 4
	b, err := newBench(ctx, kubeconfig, image)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	var rollbacks, patches []time.Duration
	for round := range rounds {
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
