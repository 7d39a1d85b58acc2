package load

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// server counts its requests.
type server struct {
	*httptest.Server
	requests atomic.Int64
}

func serve(t *testing.T, respond func(http.ResponseWriter, *http.Request)) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			s.requests.Add(1)
			respond(w, r)
		}))
	t.Cleanup(s.Close)
	return s
}

func ok(http.ResponseWriter, *http.Request) {}

func fixed(urls ...string) Targets {
	return func(context.Context) ([]string, error) { return urls, nil }
}

// run runs a generator for this time and returns its counts.
func run(t *testing.T, perSecond int, targets Targets, duration time.Duration) Counts {
	t.Helper()
	g := Start(perSecond, targets)
	t.Cleanup(g.Stop)
	time.Sleep(duration)
	g.Stop()
	return g.Counts()
}

func TestSendsAtTheRateAndEquallyToAllTargets(t *testing.T) {
	a, b := serve(t, ok), serve(t, ok)
	got := run(t, 200, fixed(a.URL, b.URL), time.Second)
	if sent := got.ByCode[200]; sent < 150 || sent > 220 || got.Failed != 0 {
		t.Errorf("got %v; want about 200 responses", got)
	}
	if difference := a.requests.Load() - b.requests.Load(); difference < -2 || difference > 2 {
		t.Errorf("one target got %d requests, the other %d", a.requests.Load(), b.requests.Load())
	}
}

func TestSlowTargetDoesNotChangeTheRate(t *testing.T) {
	slow := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	run(t, 100, fixed(slow.URL), time.Second)
	if sent := slow.requests.Load(); sent < 75 {
		t.Errorf("%d requests were sent, want about 100", sent)
	}
}

func TestCountsCodesAndMissingResponses(t *testing.T) {
	bad := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	got := run(t, 100, fixed(bad.URL, "http://127.0.0.1:1"), 500*time.Millisecond)
	if got.ByCode[500] < 15 || got.Failed < 15 || len(got.ByCode) != 1 {
		t.Errorf("got %v", got)
	}
	if got := run(t, 100, fixed(), 200*time.Millisecond); got.Skipped == 0 || got.Failed != 0 {
		t.Errorf("without targets: got %v", got)
	}
}

func TestFollowsChangedTargetsAndKeepsThemAfterAnError(t *testing.T) {
	first, second := serve(t, ok), serve(t, ok)
	var calls atomic.Int64
	targets := func(context.Context) ([]string, error) {
		switch calls.Add(1) {
		case 1:
			return []string{first.URL}, nil
		case 2:
			return nil, errors.New("the API server restarts")
		}
		return []string{second.URL}, nil
	}
	got := run(t, 100, targets, 3*refreshInterval)
	if first.requests.Load() < 50 || second.requests.Load() < 15 || got.Failed != 0 {
		t.Errorf("the first target got %d requests, the second %d; %v", first.requests.Load(),
			second.requests.Load(), got)
	}
}

func TestSendsNothingAfterStop(t *testing.T) {
	s := serve(t, ok)
	run(t, 100, fixed(s.URL), 200*time.Millisecond)
	// The server may still receive the last request.
	time.Sleep(200 * time.Millisecond)
	early := s.requests.Load()
	time.Sleep(200 * time.Millisecond)
	if late := s.requests.Load(); early == 0 || late != early {
		t.Errorf("%d requests 200 ms after Stop, %d after 400 ms; want the same, and not 0", early,
			late)
	}
}
