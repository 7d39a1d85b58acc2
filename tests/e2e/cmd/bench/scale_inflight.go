package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	flightDeployments = 200
	flightWindow      = 60 * time.Second
)

// measureFlight prints the requests while many releases are in flight, and the time until all are
// rolled back after they fail together.
func (s *scale) measureFlight(ctx context.Context, running *controller) error {
	f, err := s.newFlight(ctx, 0, min(flightDeployments, s.loaded))
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%d releases", f.to-f.from)
	began := time.Now()
	first, err := running.observe(ctx, func() error {
		if err := f.each(ctx, f.start); err != nil {
			return err
		}
		if err := f.awaitState(ctx, "Evaluating"); err != nil {
			return err
		}
		return sleep(ctx, time.Until(began.Add(flightWindow)))
	})
	if err != nil {
		return err
	}
	fmt.Println(line{what: what + ", first minute", unit: "requests/s", value: first.perSecond(),
		note: first.byMethod()})
	later, err := running.observe(ctx, func() error { return sleep(ctx, flightWindow) })
	if err != nil {
		return err
	}
	fmt.Println(line{what: what + " in flight", unit: "requests/s", value: later.perSecond(),
		budget: inFlightBudget, note: fmt.Sprintf("%s; %s mCPU, memory %s MB", later.byMethod(),
			figure(later.milliCPU()), figure(megabytes(later.to.ResidentBytes)))})
	failing, err := running.observe(ctx, func() error { return f.measureFailure(ctx, what) })
	if err != nil {
		return err
	}
	fmt.Println(line{what: "  requests until the last patch", value: failing.total(),
		note: fmt.Sprintf("%s; %s mCPU", failing.byMethod(), figure(failing.milliCPU()))})
	return f.end(ctx)
}

// measureFailure makes all releases fail together.
func (f *flight) measureFailure(ctx context.Context, what string) error {
	const limit = 2 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	seen, err := f.watchRestores(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := f.each(ctx, f.crash); err != nil {
		return err
	}
	failed := time.Since(began)
	<-seen.done
	if seen.err != nil {
		return errors.Join(seen.err, f.awaitState(ctx, "RollingBack"))
	}
	first, last := limit, time.Duration(0)
	for _, at := range seen.times {
		first, last = min(first, at.Sub(began)), max(last, at.Sub(began))
	}
	fmt.Println(line{what: what + " fail: first patch", value: first.Seconds(), unit: "s",
		note: fmt.Sprintf("the bench needs %s s for all failures", figure(failed.Seconds()))})
	fmt.Println(line{what: what + " fail: last patch", value: last.Seconds(), unit: "s",
		budget: failingBudget.Seconds()})
	times, err := f.patchTimes(ctx)
	if err == nil && len(times) > 0 {
		fmt.Println(line{what: "  decision to patch, p50", unit: "ms",
			value: 1000 * quantile(times, 0.5).Seconds(),
			note:  fmt.Sprintf("max %.0f ms", 1000*quantile(times, 1).Seconds())})
	}
	return err
}
