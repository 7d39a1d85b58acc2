package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

const (
	// leaderChanges is the number of changes of leader of the part leaders.
	leaderChanges = 10
	// leadersLimit is resources.limits.memory of the chart.
	leadersLimit = 64 << 20
)

// measureLeaders changes the leader again and again. Each controller has the memory limit of the
// chart, above which the kernel kills it.
func measureLeaders(ctx context.Context, o options) error {
	s, closeScale, err := newScale(ctx, o)
	if err != nil {
		return err
	}
	defer closeScale()
	s.memoryLimit = leadersLimit
	size := scaleDefaultSize
	if len(o.sizes) > 0 {
		size = o.sizes[0]
	}
	if err := s.load(ctx, 0, size); err != nil {
		return err
	}
	s.loaded = size
	if err := s.adopt(ctx, 0); err != nil {
		return err
	}
	leader, err := s.startStandby(ctx, "leader-0")
	if err != nil {
		return err
	}
	defer func() { leader.stop(syscall.SIGKILL) }()
	if err := leader.awaitSettled(ctx, s.loaded); err != nil {
		return err
	}
	for change := range leaderChanges {
		signal, budget := syscall.SIGTERM, gracefulBudget
		if change%2 == 1 {
			signal, budget = syscall.SIGKILL, afterKillBudget
		}
		next, err := s.measureLeader(ctx, leader, signal, budget)
		if err != nil {
			return errors.Join(err, s.printMemoryLimit(leader))
		}
		if err := s.printMemoryLimit(leader); err != nil {
			return err
		}
		leader = next
	}
	return s.printMemoryLimit(leader)
}

// printMemoryLimit prints how close a controller came to its limit.
func (s *scale) printMemoryLimit(c *controller) error {
	peak, err := c.cgroup.peak()
	if err != nil {
		return err
	}
	kills, err := c.cgroup.oomKills()
	if err != nil {
		return err
	}
	fmt.Println(line{what: "  memory with the pages of files", value: float64(peak) / 1_000_000,
		unit: "MB", budget: leadersLimit / 1e6, note: fmt.Sprintf("%d OOM kills", kills)})
	if kills > 0 {
		return fmt.Errorf("the kernel killed a controller at its limit of %d bytes", leadersLimit)
	}
	return nil
}

// inCgroup returns the arguments of a command that runs the program in a new cgroup.
func (s *scale) inCgroup(c *controller, program string, arguments []string) ([]string, error) {
	if s.memoryLimit == 0 {
		return append([]string{program}, arguments...), nil
	}
	var err error
	name := fmt.Sprintf("lastgood-bench-%d-%d", os.Getpid(), s.started)
	if c.cgroup, err = newMemoryCgroup(name, s.memoryLimit); err != nil {
		return nil, err
	}
	s.cgroups = append(s.cgroups, c.cgroup)
	// The shell moves itself into the cgroup, and then becomes the program.
	script := `echo $$ > "$0" && exec "$@"`
	return append([]string{"/bin/sh", "-c", script, c.cgroup.procs(), program}, arguments...), nil
}
