package main

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// podRequestsPerSecond is the traffic of each pod of the bench, all without errors.
	podRequestsPerSecond = 50
	// otherSeries is the number of series of a pod that no check uses.
	otherSeries = 198
)

// pageServer serves a page of metrics, which depends on the time since its start.
type pageServer struct {
	server *http.Server
	port   int
	// served is the number of requests since the latest reset.
	served atomic.Int64
}

// servePage serves the page at the path /metrics of a free port of the host.
func servePage(host string, page func(elapsed time.Duration) string) (*pageServer, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, err
	}
	began := time.Now()
	s := &pageServer{port: listener.Addr().(*net.TCPAddr).Port}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		s.served.Add(1)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		// If the client is gone, nobody needs the page.
		_, _ = io.WriteString(w, page(time.Since(began)))
	})
	s.server = &http.Server{Handler: mux}
	go func() { _ = s.server.Serve(listener) }()
	return s, nil
}

func (s *pageServer) stop() { _ = s.server.Close() }

func requestsUntil(elapsed time.Duration) int {
	return int(elapsed.Seconds() * podRequestsPerSecond)
}

// podPage is the page of one pod: about 200 series.
func podPage(elapsed time.Duration) string {
	var page strings.Builder
	page.WriteString("# TYPE http_requests_total counter\n")
	fmt.Fprintf(&page, "http_requests_total{code=\"200\"} %d\n", requestsUntil(elapsed))
	page.WriteString("http_requests_total{code=\"500\"} 0\n# TYPE work_items_total counter\n")
	for i := range otherSeries {
		fmt.Fprintf(&page, "work_items_total{queue=\"queue-%d\",result=\"done\"} %d\n", i,
			requestsUntil(elapsed)+i)
	}
	return page.String()
}

// fleetPage is one page with the series of all pods, with the labels that Prometheus adds to them.
func fleetPage(namespace string, pods map[string]bool, elapsed time.Duration) string {
	var page strings.Builder
	page.WriteString("# TYPE http_requests_total counter\n")
	for _, pod := range slices.Sorted(maps.Keys(pods)) {
		const series = "http_requests_total{namespace=%q,pod=%q,code=\"%d\"} %d\n"
		fmt.Fprintf(&page, series, namespace, pod, http.StatusOK, requestsUntil(elapsed))
		fmt.Fprintf(&page, series, namespace, pod, http.StatusInternalServerError, 0)
	}
	return page.String()
}
