// The sequence of the soak: prepare, change, watch, settle, report, clean up.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"lastgood.dev/tests/e2e/internal/audit"
	"lastgood.dev/tests/e2e/internal/client"
	"lastgood.dev/tests/e2e/internal/local/cluster"
)

const (
	measureInterval = time.Minute
	// restartInterval is the time between two restarts of the API server.
	restartInterval = 10 * time.Minute
	// firstRestart lets also a short soak have a restart.
	firstRestart = 3 * time.Minute
)

type soak struct {
	fleet      *fleet
	churn      *churn
	controller *controller
	local      *cluster.Cluster
	log        *audit.Follower
	oracle     *oracle
	// out gets everything but a summary as JSON.
	out io.Writer

	measurements []measurement
	restarts     int
	// reported are the broken invariants that were printed already.
	reported map[string]bool
	before   verdict
	writes   int
}

// run returns whether the controller passed.
func run(ctx context.Context, o options) (passed bool, err error) {
	s := &soak{out: os.Stdout, reported: map[string]bool{}}
	if o.json {
		s.out = os.Stderr
	}
	connected, err := client.Connect(o.kubeconfig, "")
	if err != nil {
		return false, err
	}
	if s.local, err = cluster.Open(o.clusterDir, io.Discard); err != nil {
		return false, err
	}
	if s.controller, err = findController(ctx, connected); err != nil {
		return false, err
	}
	if s.log, err = audit.Follow(s.local.AuditLog()); err != nil {
		return false, err
	}
	s.oracle = newOracle(s.controller.user)
	fmt.Fprintf(s.out, "seed %d, process %d, %d Deployments in %d namespaces, %s\n", o.seed,
		s.controller.PID, namespaces*appsOfANamespace, namespaces, o.duration)
	random := rand.New(rand.NewPCG(o.seed, 0))
	s.fleet, err = newFleet(ctx, connected, random)
	defer s.fleet.remove()
	if err != nil {
		return false, err
	}
	s.churn = &churn{fleet: s.fleet, random: random, done: map[string]int{}}
	err = s.changeAndWatch(ctx, o.duration)
	if err == nil {
		err = s.settle(ctx)
	}
	if errors.Is(err, errEnded) && len(s.measurements) > 0 {
		fmt.Fprintln(s.out, "not kept: "+err.Error()+"; the log of the previous container tells why")
		err = nil
		passed = s.report(o, true)
	} else if err == nil {
		passed = s.report(o, false)
	}
	return passed, err
}

// changeAndWatch changes the fleet for this time, and prints a line each minute.
func (s *soak) changeAndWatch(ctx context.Context, duration time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, duration)
	defer cancel()
	failed := make(chan error, 2)
	running := 2
	go func() { failed <- s.churn.run(ctx) }()
	go func() { failed <- s.restartAPIServer(ctx) }()
	// Both end before this function returns, because the next steps use the same fleet.
	defer func() {
		cancel()
		for ; running > 0; running-- {
			<-failed
		}
	}()
	fmt.Fprintln(s.out, lineHeader)
	if err := s.observe(ctx); err != nil {
		return err
	}
	ticker := time.NewTicker(measureInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return ctx.Err()
			}
			if time.Since(s.measurements[len(s.measurements)-1].at) < measureInterval/2 {
				return nil
			}
			return s.observe(context.WithoutCancel(ctx))
		case err := <-failed:
			running--
			if err != nil {
				return err
			}
		case <-ticker.C:
			if err := s.observe(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// restartAPIServer restarts the API server again and again, as an upgrade of it does.
func (s *soak) restartAPIServer(ctx context.Context) error {
	pause := firstRestart
	for sleep(ctx, pause) == nil {
		// A restart that has begun is completed.
		if err := s.local.ReplaceAPIServer(); err != nil {
			return err
		}
		s.restarts++
		pause = restartInterval
	}
	return nil
}

// observe measures the controller, reads the audit log and prints a line.
func (s *soak) observe(ctx context.Context) error {
	now, err := s.controller.measure(ctx)
	if err != nil {
		return err
	}
	if err := s.readLog(); err != nil {
		return err
	}
	v := s.oracle.verdict(time.Now())
	s.measurements = append(s.measurements, now)
	if len(s.measurements) > 1 {
		s.printLine(s.measurements[len(s.measurements)-2], now, v)
	}
	s.before, s.writes = v, s.oracle.writes
	s.reportBroken(v)
	return nil
}

func (s *soak) readLog() error {
	writes, err := s.log.Next()
	s.oracle.add(writes)
	return err
}

// reportBroken prints the broken invariants that it has not printed yet.
func (s *soak) reportBroken(v verdict) {
	for _, what := range v.broken {
		if !s.reported[what] {
			s.reported[what] = true
			fmt.Fprintln(s.out, "BROKEN: "+what)
		}
	}
}

// settle waits until no bad release runs any more, at most for the patience of the oracle.
func (s *soak) settle(ctx context.Context) error {
	fmt.Fprintln(s.out, "waiting until each bad release is rolled back")
	for end := time.Now().Add(patience + measureInterval); ; {
		if err := s.readLog(); err != nil {
			return err
		}
		v := s.oracle.verdict(time.Now())
		if len(v.running) == 0 {
			return nil
		}
		if time.Now().After(end) {
			s.describeRunning(ctx, v)
			return nil
		}
		if err := sleep(ctx, pollInterval); err != nil {
			return err
		}
	}
}

// describeRunning prints why the bad releases still run, by their guards.
func (s *soak) describeRunning(ctx context.Context, v verdict) {
	for _, a := range s.fleet.apps {
		if since, isRunning := v.running[a.String()]; isRunning {
			fmt.Fprintf(s.out, "%s has a bad release since %s: %s\n", a,
				since.Format(time.TimeOnly), s.fleet.describe(ctx, a))
		}
	}
}
