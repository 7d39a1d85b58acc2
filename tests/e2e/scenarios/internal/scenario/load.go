// When: requests of users at a constant rate.
package scenario

import (
	"context"
	"fmt"

	core "k8s.io/api/core/v1"

	"lastgood.dev/tests/e2e/internal/load"
)

// LoadStarted sends this number of requests for "/" per second to the ready pods of a Deployment,
// which share them equally. It waits for the first response. The requests go directly to the pods
// and end with Stop of the generator, at the latest at the end of the scenario.
func (w *When) LoadStarted(name string, perSecond int) *load.Generator {
	w.T.Helper()
	generator := load.Start(perSecond, func(ctx context.Context) ([]string, error) {
		pods, err := w.podsOf(ctx, name)
		return urlsOfReady(pods), err
	})
	w.T.Cleanup(generator.Stop)
	w.eventually("a response to the load of "+name, func(context.Context) (bool, string) {
		counts := generator.Counts()
		return len(counts.ByCode) > 0, fmt.Sprintf("%+v", counts)
	})
	return generator
}

func urlsOfReady(pods []core.Pod) []string {
	var urls []string
	for _, pod := range pods {
		if isReady(pod) && pod.DeletionTimestamp == nil {
			urls = append(urls, fmt.Sprintf("http://%s:%d/", pod.Status.PodIP, appPort))
		}
	}
	return urls
}

func isReady(pod core.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == core.PodReady {
			return condition.Status == core.ConditionTrue
		}
	}
	return false
}

// LoadHasResponses waits until the generator has at least this many responses with a status code.
func (t *Then) LoadHasResponses(generator *load.Generator, code, min int) *Then {
	t.T.Helper()
	what := fmt.Sprintf("at least %d responses with status %d", min, code)
	t.eventually(what, func(context.Context) (bool, string) {
		counts := generator.Counts()
		return counts.ByCode[code] >= min, fmt.Sprintf("%+v", counts)
	})
	return t
}
