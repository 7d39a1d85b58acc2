package main

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"os"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"lastgood.dev/tests/e2e/internal/load"
	"lastgood.dev/tests/e2e/internal/local/layout"
	"lastgood.dev/tests/e2e/internal/monitoring"
	"lastgood.dev/tests/e2e/internal/pods"
)

// appPort is the port of the test application.
const appPort = 8080

// traffic is the load on the application, and the Prometheus that measures it.
type traffic struct {
	cluster *cluster
	folder  string
	server  *monitoring.Prometheus
	// unfollow ends the updates of the targets of Prometheus.
	unfollow  func()
	generator *load.Generator

	lock sync.Mutex
	// counts has the responses of the window.
	counts []counted
}

// counted are the responses to the load until a time.
type counted struct {
	at          time.Time
	all, failed int
}

func newTraffic(c *cluster) (*traffic, error) {
	folder, err := os.MkdirTemp("", "lastgood-demo-")
	if err != nil {
		return nil, err
	}
	options := monitoring.Options{Program: c.prometheus}
	server, err := monitoring.NewPrometheus(layout.NodeAddress, folder, options)
	if err != nil {
		_ = os.RemoveAll(folder)
		return nil, err
	}
	return &traffic{cluster: c, folder: folder, server: server, unfollow: func() {}}, nil
}

func (t *traffic) startPrometheus() error {
	t.unfollow = pods.Follow(t.cluster.typed, t.cluster.namespace, t.server, appPort,
		func(err error) { fmt.Fprintln(os.Stderr, err) })
	return t.server.Start()
}

func (t *traffic) stopPrometheus() {
	t.unfollow()
	t.server.Kill()
}

func (t *traffic) startLoad() {
	namespace := t.cluster.typed.CoreV1().Pods(t.cluster.namespace)
	t.generator = load.Start(requestsPerSecond, func(ctx context.Context) ([]string, error) {
		found, err := namespace.List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		return pods.ReadyURLs(found.Items, appPort), nil
	})
}

// stop ends everything, and removes the data of Prometheus.
func (t *traffic) stop() {
	if t.generator != nil {
		t.generator.Stop()
	}
	t.stopPrometheus()
	_ = os.RemoveAll(t.folder)
}

// ratioInPrometheus asks Prometheus for the error ratio of all pods.
func (t *traffic) ratioInPrometheus() (float64, bool) {
	t.count()
	selector := fmt.Sprintf("namespace=%q", t.cluster.namespace)
	seconds := int(window.Seconds())
	found, err := t.server.Query(fmt.Sprintf(
		`(sum(rate(http_requests_total{%[1]s,code=~"5.."}[%[2]ds])) or vector(0)) / `+
			`sum(rate(http_requests_total{%[1]s}[%[2]ds]))`, selector, seconds))
	if err != nil || len(found) != 1 || math.IsNaN(found[0].Value) {
		return 0, false
	}
	return found[0].Value, true
}

// ratioOfVisitors returns the error ratio of the responses to the load in the window.
func (t *traffic) ratioOfVisitors() (float64, bool) {
	t.count()
	t.lock.Lock()
	defer t.lock.Unlock()
	return errorRatio(t.counts)
}

// count adds the responses to the load until now. Requests to pods that end have no response.
func (t *traffic) count() {
	counts := t.generator.Counts()
	now := counted{at: time.Now()}
	for code, count := range counts.ByCode {
		now.all += count
		if code >= http.StatusInternalServerError {
			now.failed += count
		}
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	t.counts = append(t.counts, now)
	for len(t.counts) > 2 && now.at.Sub(t.counts[1].at) >= window {
		t.counts = t.counts[1:]
	}
}

// errorRatio returns the part of the responses between the first and the last counts that failed.
func errorRatio(counts []counted) (float64, bool) {
	if len(counts) < 2 {
		return 0, false
	}
	first, last := counts[0], counts[len(counts)-1]
	if last.all == first.all {
		return 0, false
	}
	return float64(last.failed-first.failed) / float64(last.all-first.all), true
}
