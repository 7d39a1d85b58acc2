// When: requests of users at a constant rate.
package scenario

import (
	"context"
	"fmt"

	"lastgood.dev/tests/e2e/internal/load"
	"lastgood.dev/tests/e2e/internal/pods"
)

// LoadStarted sends this number of requests for "/" per second to the ready pods of a Deployment,
// which share them equally. It waits for the first response. The requests go directly to the pods
// and end with Stop of the generator, at the latest at the end of the scenario.
func (w *When) LoadStarted(name string, perSecond int) *load.Generator {
	w.T.Helper()
	generator := load.Start(perSecond, func(ctx context.Context) ([]string, error) {
		found, err := w.podsOf(ctx, name)
		return pods.ReadyURLs(found, appPort), err
	})
	w.T.Cleanup(generator.Stop)
	w.eventually("a response to the load of "+name, func(context.Context) (bool, string) {
		counts := generator.Counts()
		return len(counts.ByCode) > 0, fmt.Sprintf("%+v", counts)
	})
	return generator
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
