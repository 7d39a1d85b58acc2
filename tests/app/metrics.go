// The metrics of the application, in the text format of Prometheus:
// https://prometheus.io/docs/instrumenting/exposition_formats/
package main

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// bucketBounds are the default bounds of the Prometheus client libraries, in seconds.
var bucketBounds = [...]float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// histogram counts durations by bucket.
type histogram struct {
	// buckets has the durations of each bucket alone; the last is above all bounds.
	buckets [len(bucketBounds) + 1]int
	sum     time.Duration
}

func (h *histogram) observe(duration time.Duration) {
	bucket := 0
	for bucket < len(bucketBounds) && duration.Seconds() > bucketBounds[bucket] {
		bucket++
	}
	h.buckets[bucket]++
	h.sum += duration
}

// write writes the series of the histogram. Each bucket of the text format includes all lower
// buckets.
func (h *histogram) write(page io.Writer, name string) {
	count := 0
	for i, bound := range bucketBounds {
		count += h.buckets[i]
		fmt.Fprintf(page, "%s_bucket{le=\"%g\"} %d\n", name, bound, count)
	}
	count += h.buckets[len(bucketBounds)]
	fmt.Fprintf(page, "%[1]s_bucket{le=\"+Inf\"} %[2]d\n%[1]s_sum %[3]g\n%[1]s_count %[2]d\n", name,
		count, h.sum.Seconds())
}

func (a *App) metrics(w http.ResponseWriter, _ *http.Request) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	fmt.Fprint(w, "# HELP http_requests_total Requests for /, by status code.\n"+
		"# TYPE http_requests_total counter\n")
	// A series must exist before its first increase. Otherwise Prometheus would not see the
	// increase.
	for _, code := range []int{http.StatusOK, http.StatusInternalServerError} {
		fmt.Fprintf(w, "http_requests_total{code=\"%d\"} %d\n", code, a.requestsByCode[code])
	}
	fmt.Fprint(w, "# HELP http_request_duration_seconds Time from a request for / to its response.\n"+
		"# TYPE http_request_duration_seconds histogram\n")
	a.durations.write(w, "http_request_duration_seconds")
	fmt.Fprintf(w, "# HELP health_requests_total Requests for /health, by result.\n"+
		"# TYPE health_requests_total counter\n"+
		"health_requests_total{result=\"pass\"} %d\nhealth_requests_total{result=\"fail\"} %d\n",
		a.healthRequests.passed, a.healthRequests.failed)
}
