// Package load sends requests at a constant rate, as users do: a slow or failed response does not
// change the rate. This package must not know a cluster.
package load

import (
	"context"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"
)

const (
	tick = 5 * time.Millisecond
	// refreshInterval is the time after which a new target gets requests.
	refreshInterval = 500 * time.Millisecond
	requestTimeout  = 10 * time.Second
	// maxPending bounds the memory if no target responds.
	maxPending = 2000
	// maxBehind bounds the burst of requests after the machine was busy.
	maxBehind = time.Second
)

// Targets returns the URLs that share the requests equally. After an error, the generator keeps the
// URLs that it has.
type Targets func(context.Context) ([]string, error)

// Counts has the results of all requests.
type Counts struct {
	// ByCode has the number of responses by status code.
	ByCode map[int]int
	// Failed is the number of requests without a response.
	Failed int
	// Skipped is the number of requests that were not sent, because there was no target or too many
	// requests were pending.
	Skipped int
}

// Generator sends GET requests until it is stopped.
type Generator struct {
	perSecond int
	targets   Targets
	client    http.Client
	cancel    context.CancelFunc
	// running has the two loops and all pending requests.
	running sync.WaitGroup
	pending chan struct{}

	lock   sync.Mutex
	urls   []string
	counts Counts
}

// Start starts a generator that sends this number of requests per second in total, to all targets.
func Start(perSecond int, targets Targets) *Generator {
	ctx, cancel := context.WithCancel(context.Background())
	g := &Generator{
		perSecond: perSecond, targets: targets, cancel: cancel,
		client: http.Client{
			Timeout:   requestTimeout,
			Transport: &http.Transport{MaxIdleConnsPerHost: perSecond},
		},
		pending: make(chan struct{}, maxPending),
		counts:  Counts{ByCode: map[int]int{}},
	}
	g.running.Go(func() { g.refresh(ctx) })
	g.running.Go(func() { g.send(ctx) })
	return g
}

// Stop cancels the pending requests and waits for their end. It may be called more than once.
func (g *Generator) Stop() {
	g.cancel()
	g.running.Wait()
	g.client.CloseIdleConnections()
}

// Counts returns the results until now.
func (g *Generator) Counts() Counts {
	g.lock.Lock()
	defer g.lock.Unlock()
	counts := g.counts
	counts.ByCode = maps.Clone(counts.ByCode)
	return counts
}

func (g *Generator) refresh(ctx context.Context) {
	timer := time.NewTicker(refreshInterval)
	defer timer.Stop()
	for {
		if urls, err := g.targets(ctx); err == nil {
			g.lock.Lock()
			g.urls = urls
			g.lock.Unlock()
		}
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

// send computes the number of due requests from the time, because a ticker drops ticks on a busy
// machine.
func (g *Generator) send(ctx context.Context) {
	timer := time.NewTicker(tick)
	defer timer.Stop()
	interval := time.Second / time.Duration(g.perSecond)
	next := time.Now()
	for number := 0; ; {
		if oldest := time.Now().Add(-maxBehind); next.Before(oldest) {
			next = oldest
		}
		for ; !next.After(time.Now()); next = next.Add(interval) {
			g.sendOne(ctx, number)
			number++
		}
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

func (g *Generator) sendOne(ctx context.Context, number int) {
	g.lock.Lock()
	defer g.lock.Unlock()
	if len(g.urls) == 0 {
		g.counts.Skipped++
		return
	}
	url := g.urls[number%len(g.urls)]
	select {
	case g.pending <- struct{}{}:
		g.running.Go(func() {
			defer func() { <-g.pending }()
			g.count(ctx, g.get(ctx, url))
		})
	default:
		g.counts.Skipped++
	}
}

// get returns the status code, or 0 without a response.
func (g *Generator) get(ctx context.Context, url string) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	response, err := g.client.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	// A connection is used again only if the body was read.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	return response.StatusCode
}

// count does not count requests that Stop has cancelled.
func (g *Generator) count(ctx context.Context, code int) {
	g.lock.Lock()
	defer g.lock.Unlock()
	switch {
	case code != 0:
		g.counts.ByCode[code]++
	case ctx.Err() == nil:
		g.counts.Failed++
	}
}
