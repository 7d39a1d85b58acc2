package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// maxQueryBytes is more than the controller sends.
const maxQueryBytes = 1 << 20

// recorder is a proxy in front of Prometheus. It records when each query arrives.
type recorder struct {
	server  *http.Server
	address string

	lock     sync.Mutex
	arrivals map[string][]time.Time
}

// startRecorder starts a proxy on a free port of the host.
func startRecorder(host, prometheus string) (*recorder, error) {
	target, err := url.Parse(prometheus)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, err
	}
	r := &recorder{address: "http://" + listener.Addr().String()}
	r.reset()
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 100}
	r.server = &http.Server{Handler: http.HandlerFunc(
		func(w http.ResponseWriter, request *http.Request) {
			if err := r.record(request); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			proxy.ServeHTTP(w, request)
		})}
	go func() { _ = r.server.Serve(listener) }()
	return r, nil
}

// record reads the query and leaves the request as it was.
func (r *recorder) record(request *http.Request) error {
	now := time.Now()
	body, err := io.ReadAll(io.LimitReader(request.Body, maxQueryBytes))
	if err != nil {
		return err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return fmt.Errorf("the body is no form: %w", err)
	}
	query := form.Get("query") + request.URL.Query().Get("query")
	r.lock.Lock()
	defer r.lock.Unlock()
	r.arrivals[query] = append(r.arrivals[query], now)
	return nil
}

// reset forgets all queries.
func (r *recorder) reset() {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.arrivals = map[string][]time.Time{}
}

// drifts returns the number of different queries, the number of requests, and how much the times
// between two requests with the same query differ from the interval.
func (r *recorder) drifts(interval time.Duration) (queries, requests int, drifts []time.Duration) {
	r.lock.Lock()
	defer r.lock.Unlock()
	for _, times := range r.arrivals {
		requests += len(times)
		for i := 1; i < len(times); i++ {
			drifts = append(drifts, (times[i].Sub(times[i-1]) - interval).Abs())
		}
	}
	return len(r.arrivals), requests, drifts
}

func (r *recorder) stop() { _ = r.server.Close() }
