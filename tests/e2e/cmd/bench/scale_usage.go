package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// memory is the resident memory of a process now, and the most that it has ever been, in bytes.
type memory struct {
	now, peak int64
	at        time.Time
}

func (p process) memory() (memory, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		return memory{}, fmt.Errorf("the process has ended: %w", err)
	}
	found, err := parseMemory(string(text))
	found.at = time.Now()
	return found, err
}

// parseMemory reads the lines VmRSS and VmHWM of proc_pid_status(5), which are in KiB.
func parseMemory(status string) (memory, error) {
	var found memory
	for line := range strings.Lines(status) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		number, err := strconv.ParseInt(fields[1], 10, 64)
		switch {
		case err != nil:
		case fields[0] == "VmRSS:":
			found.now = number * 1024
		case fields[0] == "VmHWM:":
			found.peak = number * 1024
		}
	}
	if found.now == 0 || found.peak == 0 {
		return memory{}, errors.New("/proc/PID/status has no memory")
	}
	return found, nil
}

// resetPeak sets the most memory that the process has ever had to its memory now. See
// proc_pid_clear_refs(5).
func (p process) resetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.pid), []byte("5"), 0o200)
}

// requestsByMethod reads how many requests a controller has sent to the API server. A watch is a
// GET.
func requestsByMethod(metrics string) map[string]float64 {
	found := map[string]float64{}
	for line := range strings.Lines(metrics) {
		labels, value, isSeries := strings.Cut(strings.TrimSpace(line), "} ")
		if !isSeries || !strings.HasPrefix(labels, "rest_client_requests_total{") {
			continue
		}
		_, method, _ := strings.Cut(labels, `method="`)
		method, _, _ = strings.Cut(method, `"`)
		if number, err := strconv.ParseFloat(value, 64); err == nil {
			found[method] += number
		}
	}
	return found
}

// window is what a controller used in a time.
type window struct {
	duration time.Duration
	requests map[string]float64
	from, to usage
}

// observe measures the controller while the function runs.
func (c *controller) observe(ctx context.Context, run func() error) (window, error) {
	begin, err := c.get(ctx, "/metrics")
	if err != nil {
		return window{}, err
	}
	from, err := c.process.usage()
	if err != nil {
		return window{}, err
	}
	if err := run(); err != nil {
		return window{}, err
	}
	to, err := c.process.usage()
	if err != nil {
		return window{}, err
	}
	end, err := c.get(ctx, "/metrics")
	requests := requestsByMethod(end)
	for method, count := range requestsByMethod(begin) {
		requests[method] -= count
	}
	return window{to.at.Sub(from.at), requests, from, to}, err
}

func (w window) total() float64 {
	sum := 0.0
	for _, count := range w.requests {
		sum += count
	}
	return sum
}

func (w window) perSecond() float64 { return w.total() / w.duration.Seconds() }

func (w window) milliCPU() float64 { return 10 * percentOfCore(w.from, w.to) }

// byMethod is the requests in a text such as "GET 12, PATCH 3".
func (w window) byMethod() string {
	var parts []string
	for _, method := range slices.Sorted(maps.Keys(w.requests)) {
		if count := w.requests[method]; count > 0 {
			parts = append(parts, fmt.Sprintf("%s %.0f", method, count))
		}
	}
	return strings.Join(parts, ", ")
}
