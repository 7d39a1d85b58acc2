// Polling with a deadline.
package scenario

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	// timeout is enough for every expectation on a machine with two cores and eight parallel
	// scenarios.
	timeout      = 150 * time.Second
	pollInterval = 200 * time.Millisecond
)

func poll(limit time.Duration, done func(context.Context) bool) error {
	return wait.PollUntilContextTimeout(context.Background(), pollInterval, limit, true,
		func(ctx context.Context) (bool, error) { return done(ctx), nil })
}

// eventually polls until check returns true. On timeout the test fails with the last text that
// check returned.
func (s *Scenario) eventually(what string, check func(context.Context) (bool, string)) {
	s.T.Helper()
	s.eventuallyWithin(timeout, what, check)
}

// eventuallyWithin is eventually with another timeout.
func (s *Scenario) eventuallyWithin(limit time.Duration, what string,
	check func(context.Context) (bool, string),
) {
	s.T.Helper()
	last := "nothing yet"
	err := poll(limit, func(ctx context.Context) bool {
		done, seen := check(ctx)
		// A request that the timeout has cancelled returns no useful text.
		if ctx.Err() == nil {
			last = seen
		}
		return done
	})
	if err != nil {
		s.T.Fatalf("timed out after %s waiting for: %s; last seen: %s", limit, what, last)
	}
}
