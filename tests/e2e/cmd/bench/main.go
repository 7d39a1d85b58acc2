// Command bench measures, on a cluster where Lastgood is installed, how long it takes from the decision to roll back to the
// acknowledged patch, beside the API server's own time for such a patch in the same run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sort"
	"time"
)

func main() {
	kubeconfig := flag.String("kubeconfig", os.Getenv("KUBECONFIG"), "kubeconfig file of the cluster")
	image := flag.String("image", "lastgood.dev/demo-app:dev", "image of the demo application")
	rounds := flag.Int("rounds", 15, "how many bad releases")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := run(ctx, *kubeconfig, *image, *rounds); err != nil {
		fmt.Fprintf(os.Stderr, "The bench could not be finished: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, kubeconfig, image string, rounds int) error {
	l, err := openLab(ctx, kubeconfig, image)
	if err != nil {
		return err
	}
	defer l.close()
	if err := l.settle(ctx); err != nil {
		return err
	}
	var decided, floor []time.Duration
	for round := range rounds {
		took, err := l.badRelease(ctx, round)
		if err != nil {
			return err
		}
		decided = append(decided, took)
		for range 4 {
			took, err := l.plainPatch(ctx)
			if err != nil {
				return err
			}
			floor = append(floor, took)
		}
	}
	fmt.Printf("decision to acknowledged patch   %s\n", summary(decided))
	fmt.Printf("one patch of a template alone    %s\n", summary(floor))
	fmt.Printf("ratio of the medians             %.1f   (three live reads, the record, the patch)\n",
		float64(quantile(decided, 0.5))/float64(quantile(floor, 0.5)))
	return nil
}

func quantile(values []time.Duration, q float64) time.Duration {
	sorted := append([]time.Duration(nil), values...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i] < sorted[j] })
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

func summary(values []time.Duration) string {
	ms := func(q float64) float64 { return float64(quantile(values, q).Microseconds()) / 1000 }
	return fmt.Sprintf("p50 %5.1f ms   p90 %5.1f ms   max %5.1f ms   (%d)", ms(0.5), ms(0.9), ms(1), len(values))
}
