// Waiting with a deadline: what is waited for is asked for again and again, never slept for.
package story

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	// Every expectation comes true within this, on a machine with two cores that runs eight scenarios at once.
	patience = 150 * time.Second
	pause    = 200 * time.Millisecond
)

func poll(limit time.Duration, done func(context.Context) bool) error {
	return wait.PollUntilContextTimeout(context.Background(), pause, limit, true, func(ctx context.Context) (bool, error) {
		return done(ctx), nil
	})
}

// eventually waits until seen says yes, or fails with what it said last.
func (s *Story) eventually(what string, seen func(context.Context) (bool, string)) {
	s.T.Helper()
	last := "nothing yet"
	err := poll(patience, func(ctx context.Context) bool {
		yes, now := seen(ctx)
		// What is asked while the time runs out is not answered any more.
		if ctx.Err() == nil {
			last = now
		}
		return yes
	})
	if err != nil {
		s.T.Fatalf("waited %s in vain until %s; last seen: %s", patience, what, last)
	}
}
