package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"lastgood.dev/tests/e2e/internal/client"
	"lastgood.dev/tests/e2e/internal/usage"
)

// firstWrite calls disturb, ships a release, and returns the time from the call until the guard of
// the release has changed.
func (f *flight) firstWrite(ctx context.Context, disturb func() error) (time.Duration, error) {
	const limit = time.Minute
	guards := f.bench.Dynamic.Resource(client.Guards).Namespace(f.bench.namespace)
	name := scaleName(f.from)
	began := time.Now()
	if err := disturb(); err != nil {
		return 0, err
	}
	if err := f.start(ctx, f.from); err != nil {
		return 0, err
	}
	const interval = 5 * time.Millisecond
	err := f.bench.untilWithin(ctx, limit, interval, "the first write of the new leader",
		func(ctx context.Context) (bool, error) {
			guard, err := guards.Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return false, err
			}
			state, _, _ := unstructured.NestedString(guard.Object, "status", "state")
			return state == "Evaluating", nil
		})
	return time.Since(began), err
}

// rollBack makes the release fail and waits for its end.
func (f *flight) rollBack(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	seen, err := f.watchRestores(ctx)
	if err != nil {
		return err
	}
	if err := f.each(ctx, f.crash); err != nil {
		return err
	}
	<-seen.done
	if seen.err != nil {
		return seen.err
	}
	return f.end(ctx)
}

// startStandby starts a controller that waits for the Lease.
func (s *scale) startStandby(ctx context.Context, identity string) (*controller, error) {
	const settle = 3 * time.Second
	standby, err := s.startController(identity)
	if err != nil {
		return nil, err
	}
	if _, err = standby.awaitReady(ctx); err == nil {
		err = sleep(ctx, settle)
	}
	if err == nil {
		err = standby.ResetPeak()
	}
	if err != nil {
		standby.stop(syscall.SIGKILL)
		return nil, err
	}
	return standby, nil
}

// measureLeader ends the leader by a signal, and prints the time until the first write of the
// standby, which leads after that.
func (s *scale) measureLeader(ctx context.Context, leader *controller, signal syscall.Signal,
	budget time.Duration,
) (next *controller, err error) {
	f, err := s.newFlight(ctx, 0, 1)
	if err != nil {
		return nil, err
	}
	next, err = s.startStandby(ctx, "after-"+signal.String())
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			next.stop(syscall.SIGKILL)
		}
	}()
	before, err := next.ResidentMemory()
	if err != nil {
		return nil, err
	}
	leading := make(chan time.Duration, 1)
	took, err := f.firstWrite(ctx, func() error {
		go next.awaitLeading(ctx, leading)
		return leader.command.Process.Signal(signal)
	})
	if err != nil {
		return nil, err
	}
	leader.stop(syscall.SIGKILL)
	fmt.Println(line{what: "change of leader by " + signalName(signal), value: took.Seconds(),
		unit: "s", budget: budget.Seconds(),
		note: fmt.Sprintf("Lease after %s s", figure((<-leading).Seconds()))})
	if err := next.awaitSettled(ctx, s.loaded); err != nil {
		return nil, err
	}
	after, err := next.ResidentMemory()
	if err != nil {
		return nil, err
	}
	fmt.Println(line{what: "  memory, most of the new leader", value: megabytes(after.Peak),
		unit: "MB", budget: memoryBudget(takeoverBudget, s.loaded) / 1_000_000,
		note: fmt.Sprintf("standby %s MB, then %s MB", figure(megabytes(before.Now)),
			figure(megabytes(after.Now)))})
	return next, f.rollBack(ctx)
}

// awaitLeading sends the time until the controller holds the Lease.
func (c *controller) awaitLeading(ctx context.Context, leading chan<- time.Duration) {
	const interval = 20 * time.Millisecond
	began := time.Now()
	for ctx.Err() == nil {
		if text, err := c.get(ctx, "/metrics"); err == nil && usage.IsLeader(text) {
			break
		}
		_ = sleep(ctx, interval)
	}
	leading <- time.Since(began)
}

func signalName(signal syscall.Signal) string {
	if signal == syscall.SIGKILL {
		return "SIGKILL"
	}
	return "SIGTERM"
}

// measureRelist kills the API server, starts it again, and prints the time until the leader writes
// again, and the memory of its relist.
func (s *scale) measureRelist(ctx context.Context, leader *controller) error {
	f, err := s.newFlight(ctx, 0, 1)
	if err != nil {
		return err
	}
	if err := leader.ResetPeak(); err != nil {
		return err
	}
	before, err := leader.metric(ctx, "lastgood_watch_restarts_total")
	if err != nil {
		return err
	}
	if err := s.local.RestartAPIServer(); err != nil {
		return err
	}
	took, err := f.firstWrite(ctx, func() error { return nil })
	if err != nil {
		return err
	}
	if err := leader.awaitSettled(ctx, s.loaded); err != nil {
		return err
	}
	after, err := leader.metric(ctx, "lastgood_watch_restarts_total")
	if err != nil {
		return err
	}
	used, err := leader.ResidentMemory()
	if err != nil {
		return err
	}
	fmt.Println(line{what: "first write after the API server is ready", value: took.Seconds(),
		unit: "s", note: fmt.Sprintf("%.0f watches restarted", after-before)})
	fmt.Println(line{what: "  memory, most during the relist", value: megabytes(used.Peak),
		unit: "MB", budget: memoryBudget(takeoverBudget, s.loaded) / 1_000_000,
		note: fmt.Sprintf("then %s MB", figure(megabytes(used.Now)))})
	return f.rollBack(ctx)
}
