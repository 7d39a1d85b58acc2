package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The settings of both policies of the demo of metrics.
const (
	errorLimit = 0.05
	// window is the time over which the check and the chart compute the error ratio.
	window            = 10 * time.Second
	requestsPerSecond = 50
	// badRatio is the part of the requests that the bad releases answer with 500.
	badRatio = "0.2"
)

// metricsDemo ships a release that answers some requests with an error, first with a Prometheus and
// then without one. The chart shows the error ratio of all requests.
type metricsDemo struct {
	*demo
	traffic *traffic
	// now returns the ratio that the chart shows.
	now ratio
	// stopChart ends the chart of the current part. It may be called more than once.
	stopChart func()
}

func runMetrics(ctx context.Context, o options) error {
	c, err := connect(o)
	if err != nil {
		return err
	}
	if err := c.createNamespace(ctx); err != nil {
		return err
	}
	defer c.deleteNamespace()
	traffic, err := newTraffic(c)
	if err != nil {
		return err
	}
	defer traffic.stop()
	m := &metricsDemo{demo: &demo{cluster: c, timeline: newTimeline()}, traffic: traffic,
		stopChart: func() {}}
	err = m.runMetrics(ctx)
	m.stopChart()
	if ctx.Err() != nil {
		// The user or the time limit has ended the demo. err is only a consequence.
		return fmt.Errorf("it was ended before its last step: %w", context.Cause(ctx))
	}
	return err
}

func (m *metricsDemo) runMetrics(ctx context.Context) error {
	watching, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); m.reportEvents(watching) }()
	defer func() { stop(); <-done }()
	steps := []struct {
		title string
		run   func(context.Context) error
	}{
		{"1. Release v1 is good", m.goodRelease},
		{"2. Release v2 answers 20% of its requests with 500, but its health check passes",
			func(ctx context.Context) error { return m.failingRelease(ctx, "v2", 1) }},
		{"3. The same errors without a Prometheus: Lastgood reads the metrics of the pods",
			m.withoutPrometheus},
	}
	for _, step := range steps {
		m.timeline.heading(step.title)
		if err := step.run(ctx); err != nil {
			return err
		}
	}
	return m.printDetections(ctx)
}

// ship applies metrics-web.yaml with this release.
func (m *metricsDemo) ship(ctx context.Context, release, errorRatio string) error {
	m.timeline.add(user, "kubectl apply -f web.yaml   (%s, ERROR_RATIO=%s, /health returns 200)",
		release, errorRatio)
	return m.cluster.apply(ctx, "metrics-web.yaml",
		"IMAGE", m.cluster.image, "RELEASE", release, "RATIO_OF_ERRORS", errorRatio)
}

func (m *metricsDemo) goodRelease(ctx context.Context) error {
	if err := m.traffic.startPrometheus(); err != nil {
		return err
	}
	m.timeline.add(user, "start Prometheus, which scrapes the pods each second")
	m.timeline.add(user, "kubectl apply -f policy.yaml   (errorRatio of http_requests_total over "+
		"%.0f s, failIf \"> %g\", interval %.0f s)", window.Seconds(), errorLimit,
		interval.Seconds())
	address := m.traffic.server.URL()
	if err := m.cluster.apply(ctx, "metrics-policy.yaml", "ADDRESS", address); err != nil {
		return err
	}
	if err := m.ship(ctx, "v1", "0"); err != nil {
		return err
	}
	m.traffic.startLoad()
	m.timeline.add(visitor, "%d requests per second", requestsPerSecond)
	m.showChart(ctx, "Error ratio in Prometheus", m.traffic.ratioInPrometheus)
	return m.becomesGood(ctx, "v1")
}

// failingRelease ships a bad release and waits until this number of Rollbacks have succeeded and
// the error ratio is 0 again.
func (m *metricsDemo) failingRelease(ctx context.Context, release string, rollbacks int) error {
	if err := m.ship(ctx, release, badRatio); err != nil {
		return err
	}
	err := until(ctx, "a Rollback that succeeded", 90*time.Second, func() error {
		all, err := m.cluster.rollbacks(ctx)
		if err != nil {
			return err
		}
		succeeded := 0
		for i := range all {
			if text(&all[i], "status", "phase") == "Succeeded" {
				succeeded++
			}
		}
		if succeeded < rollbacks {
			return errNotYet
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = until(ctx, "an error ratio of 0", 30*time.Second, func() error {
		if value, hasValue := m.now(); !hasValue || value > 0 {
			return errNotYet
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := m.visitorSees(ctx, "v1"); err != nil {
		return err
	}
	m.stopChart()
	return nil
}

func (m *metricsDemo) withoutPrometheus(ctx context.Context) error {
	m.traffic.stopPrometheus()
	m.timeline.add(user, "stop Prometheus")
	m.timeline.add(user, "kubectl apply -f policy.yaml   (podMetrics, failIf \"> %g\", interval "+
		"%.0f s)", errorLimit, interval.Seconds())
	if err := m.cluster.apply(ctx, "pod-metrics-policy.yaml"); err != nil {
		return err
	}
	m.showChart(ctx, "Error ratio that the visitors see", m.traffic.ratioOfVisitors)
	if err := m.passesIdle(ctx, "errors"); err != nil {
		return err
	}
	return m.failingRelease(ctx, "v3", 2)
}

// passesIdle waits until a new check of the policy has passed for the good revision. Before that
// its failure is no evidence, and the rollback would be held.
func (m *metricsDemo) passesIdle(ctx context.Context, check string) error {
	what := "the check " + check + " passes for the good revision"
	return until(ctx, what, 30*time.Second, func() error {
		guard, err := m.cluster.guard(ctx)
		if err != nil {
			return errNotYet
		}
		results, _, _ := unstructured.NestedSlice(guard.Object, "status", "idleResults")
		for _, result := range results {
			fields, _ := result.(map[string]any)
			if fields["check"] == check && fields["result"] == "Pass" {
				m.timeline.add(lastgood, "check %s passes: %v", check, fields["message"])
				return nil
			}
		}
		return errNotYet
	})
}

// showChart shows the ratio until stopChart is called.
func (m *metricsDemo) showChart(ctx context.Context, title string, now ratio) {
	m.now = now
	charting, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); m.timeline.showRatio(charting, title, now) }()
	m.stopChart = func() { cancel(); <-done }
}

// printDetections prints for each Rollback how long the check failed until the rollback.
func (m *metricsDemo) printDetections(ctx context.Context) error {
	all, err := m.cluster.rollbacks(ctx)
	if err != nil {
		return err
	}
	sources := []string{"prometheus", "podMetrics"}
	if len(all) != len(sources) {
		return fmt.Errorf("there are %d Rollbacks; want %d", len(all), len(sources))
	}
	slices.SortFunc(all, func(a, b unstructured.Unstructured) int {
		return cmp.Compare(generation(&a), generation(&b))
	})
	m.timeline.heading("First failing measurement to acknowledged patch")
	for i, source := range sources {
		first, err1 := time.Parse(time.RFC3339Nano, text(&all[i], "status", "firstFailure"))
		restored, err2 := time.Parse(time.RFC3339Nano,
			text(&all[i], "status", "templateRestored"))
		if err := errors.Join(err1, err2); err != nil {
			return fmt.Errorf("the Rollback has no valid times: %w", err)
		}
		m.timeline.print(fmt.Sprintf("  %-10s  %.2f s   (%d failures, %.0f s apart)\n", source,
			restored.Sub(first).Seconds(), threshold, interval.Seconds()))
	}
	return nil
}

func generation(rollback *unstructured.Unstructured) int64 {
	number, _, _ := unstructured.NestedInt64(rollback.Object, "spec", "generation")
	return number
}
