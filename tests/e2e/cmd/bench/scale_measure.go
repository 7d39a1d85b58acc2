package main

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// measurePeers prints the time of plain LISTs, and the time and the memory of client-go.
func (s *scale) measurePeers(ctx context.Context) error {
	for _, kinds := range []string{onlyDeployments, withReplicaSets} {
		found, err := s.measureInformers(ctx, kinds)
		if err != nil {
			return err
		}
		fmt.Println(line{what: "client-go: " + kinds, value: found.SyncSeconds, unit: "s",
			note: fmt.Sprintf("memory after garbage collection %s MB, peak %s MB",
				figure(megabytes(found.AfterGC)), figure(megabytes(found.Peak)))})
	}
	return nil
}

// measureController prints the first sync, and the figures while all Deployments are Idle.
func (s *scale) measureController(ctx context.Context) error {
	lists, err := s.measureLists(ctx, listPaths...)
	if err != nil {
		return err
	}
	fmt.Println(line{what: "plain LISTs of the same kinds", value: lists.took.Seconds(), unit: "s",
		note: fmt.Sprintf("%s MB", figure(megabytes(lists.bytes)))})
	running, err := s.startController("measured")
	if err != nil {
		return err
	}
	// Another controller may lead at the end.
	defer func() { running.stop(syscall.SIGTERM) }()
	synced, err := running.awaitReady(ctx)
	if err != nil {
		return err
	}
	fmt.Println(line{what: "first sync", value: synced.Seconds(), unit: "s",
		budget: syncBudget * lists.took.Seconds(),
		note:   fmt.Sprintf("without objects %s s", figure(s.emptySync.Seconds()))})
	if err := running.awaitSettled(ctx, s.loaded); err != nil {
		return err
	}
	if err := s.measureIdle(ctx, running); err != nil {
		return err
	}
	if err := s.measureFlight(ctx, running); err != nil {
		return err
	}
	for _, change := range []struct {
		signal syscall.Signal
		budget time.Duration
	}{{syscall.SIGTERM, gracefulBudget}, {syscall.SIGKILL, afterKillBudget}} {
		next, err := s.measureLeader(ctx, running, change.signal, change.budget)
		if err != nil {
			return err
		}
		running = next
	}
	return s.measureRelist(ctx, running)
}

func (s *scale) measureIdle(ctx context.Context, running *controller) error {
	idle, err := running.observe(ctx, func() error { return sleep(ctx, s.idle) })
	if err != nil {
		return err
	}
	used, err := running.ResidentMemory()
	if err != nil {
		return err
	}
	growth := float64(used.Now - s.empty.Now)
	fmt.Println(line{what: "memory, all Idle", value: megabytes(used.Now), unit: "MB",
		budget: memoryBudget(steadyBudget, s.loaded) / 1_000_000,
		note:   fmt.Sprintf("without objects %s MB", figure(megabytes(s.empty.Now)))})
	fmt.Println(line{what: "memory, most since its start", value: megabytes(used.Peak), unit: "MB",
		budget: memoryBudget(takeoverBudget, s.loaded) / 1_000_000})
	fmt.Println(line{what: "memory of each guarded Deployment", unit: "KB",
		value: growth / float64(s.loaded) / 1000, budget: perGuardBudget / 1000,
		note: fmt.Sprintf("%.0f bytes an object", growth/float64(2*s.loaded))})
	fmt.Println(line{what: "CPU, all Idle", value: idle.milliCPU(), unit: "mCPU",
		budget: idleCPUBudget})
	fmt.Println(line{what: "requests, all Idle", unit: "requests/s",
		value: idle.perSecond(), budget: idleRequestsBudget, note: idle.byMethod()})
	return nil
}
