// The application's answers. Must not know where its knobs come from or how its ports are opened.
package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// No answer is longer, however long somebody listens.
const floodSize = 10 << 30

// App answers requests as its knobs say.
type App struct {
	mutex    sync.Mutex
	knobs    Knobs
	started  time.Time
	debt     float64
	requests map[int]int
	// Changed is told of every change of the knobs.
	Changed func(Knobs)
}

// NewApp starts the application's clock.
func NewApp(knobs Knobs) *App {
	return &App{knobs: knobs, started: time.Now(), requests: map[int]int{}, Changed: func(Knobs) {}}
}

// Knobs are the current ones.
func (a *App) Knobs() Knobs {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.knobs
}

// Handler serves everything.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.root)
	mux.HandleFunc("GET /health", a.health)
	mux.HandleFunc("GET /ready", a.ready)
	mux.HandleFunc("GET /metrics", a.metrics)
	mux.HandleFunc("POST /set", a.set)
	return mux
}

// The share of errors is exact and not a matter of luck: each request adds to a debt, and a whole one is paid with an error.
func (a *App) root(w http.ResponseWriter, _ *http.Request) {
	a.mutex.Lock()
	code := http.StatusOK
	a.debt += a.knobs.ErrorRatio
	// A tenth has no exact representation: ten of them must still make a whole.
	if a.debt >= 1-1e-9 {
		a.debt--
		code = http.StatusInternalServerError
	}
	a.requests[code]++
	version := a.knobs.Version
	a.mutex.Unlock()
	w.WriteHeader(code)
	fmt.Fprintf(w, "version %s\n", version)
}

func (a *App) health(w http.ResponseWriter, r *http.Request) {
	knobs := a.Knobs()
	if !pause(r, knobs.HealthDelay) {
		return
	}
	if err := askDependency(r.Context(), knobs.Dependency); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	answer := knobs.HealthAt(time.Since(a.started))
	switch answer {
	case "ok":
		fmt.Fprintln(w, "ok")
	case "fail":
		http.Error(w, "failing, as it was told to", http.StatusInternalServerError)
	case "redirect":
		http.Redirect(w, r, knobs.RedirectTo, http.StatusFound)
	case "hang":
		<-r.Context().Done()
	case "flood":
		flood(w)
	case "close", "garbage":
		takeOver(w, answer == "garbage")
	default:
		// The port is closed for "refuse", but a connection that was open before still gets here.
		code, err := strconv.Atoi(answer)
		if err != nil {
			code = http.StatusServiceUnavailable
		}
		w.WriteHeader(code)
	}
}

func (a *App) ready(w http.ResponseWriter, _ *http.Request) {
	if a.Knobs().Ready != "ok" {
		http.Error(w, "not ready, as it was told to", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

func (a *App) set(w http.ResponseWriter, r *http.Request) {
	a.mutex.Lock()
	err := a.knobs.SetAll(r.URL.Query())
	knobs := a.knobs
	a.mutex.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintln(w, "set")
	a.Changed(knobs)
}

func (a *App) metrics(w http.ResponseWriter, _ *http.Request) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	fmt.Fprint(w, "# HELP http_requests_total Requests for /, by status code.\n# TYPE http_requests_total counter\n")
	// A series must be there before its first count, or its first increase is not seen.
	for _, code := range []int{http.StatusOK, http.StatusInternalServerError} {
		fmt.Fprintf(w, "http_requests_total{code=\"%d\"} %d\n", code, a.requests[code])
	}
}

// pause is false when the client has gone meanwhile.
func pause(r *http.Request, duration time.Duration) bool {
	if duration == 0 {
		return true
	}
	select {
	case <-time.After(duration):
		return true
	case <-r.Context().Done():
		return false
	}
}

func flood(w http.ResponseWriter) {
	block := []byte(strings.Repeat("flood ", 10_000))
	for sent := 0; sent < floodSize; sent += len(block) {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// takeOver leaves HTTP: it closes the connection, after some bytes that mean nothing.
func takeOver(w http.ResponseWriter, garbage bool) {
	hijacker, able := w.(http.Hijacker)
	if !able {
		return
	}
	connection, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	if garbage {
		// The client may have gone, which is all the same.
		_, _ = connection.Write([]byte("\x16\x03\x01\x00\xff this is not HTTP \x00\x01\x02\r\n\r\n"))
	}
}
