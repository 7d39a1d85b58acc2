package main

import (
	"strings"
	"testing"
	"time"
)

func TestMetricsCountRequestsByCode(t *testing.T) {
	_, server := serve(t, map[string]string{"ERROR_RATIO": "0.5"})
	for range 4 {
		send(t, "GET", server.URL+"/")
	}
	expectLines(t, server.URL, `http_requests_total{code="200"} 2`,
		`http_requests_total{code="500"} 2`, `http_request_duration_seconds_count 4`)
}

func TestMetricsHaveEverySeriesBeforeTheFirstRequest(t *testing.T) {
	_, server := serve(t, nil)
	expectLines(t, server.URL, `http_requests_total{code="200"} 0`,
		`http_requests_total{code="500"} 0`,
		`http_request_duration_seconds_bucket{le="0.005"} 0`,
		`http_request_duration_seconds_bucket{le="+Inf"} 0`,
		`http_request_duration_seconds_sum 0`, `http_request_duration_seconds_count 0`)
}

func TestMetricsDoNotCountOtherPaths(t *testing.T) {
	_, server := serve(t, nil)
	for _, path := range []string{"/health", "/ready", "/metrics", "/nothing"} {
		send(t, "GET", server.URL+path)
	}
	expectLines(t, server.URL, `http_requests_total{code="200"} 0`,
		`http_request_duration_seconds_count 0`)
}

func TestLatencyDelaysRequestsAndIsMeasured(t *testing.T) {
	_, server := serve(t, nil)
	send(t, "POST", server.URL+"/set?LATENCY=0.06")
	began := time.Now()
	send(t, "GET", server.URL+"/")
	if took := time.Since(began); took < 60*time.Millisecond {
		t.Errorf("the response came after %s", took)
	}
	expectLines(t, server.URL, `http_request_duration_seconds_bucket{le="0.05"} 0`,
		`http_request_duration_seconds_bucket{le="10"} 1`, `http_request_duration_seconds_count 1`)
	send(t, "POST", server.URL+"/set?LATENCY=0")
	send(t, "GET", server.URL+"/")
	expectLines(t, server.URL, `http_request_duration_seconds_bucket{le="10"} 2`)
}

// The text format requires cumulative buckets, and a value at a bound belongs to its bucket.
func TestHistogramHasCumulativeBuckets(t *testing.T) {
	var durations histogram
	for _, value := range []time.Duration{
		time.Millisecond, 5 * time.Millisecond, 30 * time.Millisecond, 20 * time.Second,
	} {
		durations.observe(value)
	}
	var page strings.Builder
	durations.write(&page, "d")
	for _, line := range []string{
		`d_bucket{le="0.005"} 2`, `d_bucket{le="0.025"} 2`, `d_bucket{le="0.05"} 3`,
		`d_bucket{le="10"} 3`, `d_bucket{le="+Inf"} 4`, `d_sum 20.036`, `d_count 4`,
	} {
		if !strings.Contains(page.String(), line+"\n") {
			t.Errorf("%s is missing in\n%s", line, page.String())
		}
	}
}

func expectLines(t *testing.T, server string, lines ...string) {
	t.Helper()
	_, text := send(t, "GET", server+"/metrics")
	for _, line := range lines {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%s is missing in\n%s", line, text)
		}
	}
}
