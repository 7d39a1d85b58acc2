package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"lastgood.dev/tests/e2e/internal/usage"
)

// window is what a controller used in a time.
type window struct {
	duration time.Duration
	requests map[string]float64
	from, to usage.Usage
}

// observe measures the controller while the function runs.
func (c *controller) observe(ctx context.Context, run func() error) (window, error) {
	begin, err := c.get(ctx, "/metrics")
	if err != nil {
		return window{}, err
	}
	from, err := c.Usage()
	if err != nil {
		return window{}, err
	}
	if err := run(); err != nil {
		return window{}, err
	}
	to, err := c.Usage()
	if err != nil {
		return window{}, err
	}
	end, err := c.get(ctx, "/metrics")
	requests := usage.RequestsByMethod(end)
	for method, count := range usage.RequestsByMethod(begin) {
		requests[method] -= count
	}
	return window{to.At.Sub(from.At), requests, from, to}, err
}

func (w window) total() float64 {
	sum := 0.0
	for _, count := range w.requests {
		sum += count
	}
	return sum
}

func (w window) perSecond() float64 { return w.total() / w.duration.Seconds() }

func (w window) milliCPU() float64 { return 10 * usage.PercentOfCore(w.from, w.to) }

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
