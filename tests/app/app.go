// The HTTP handlers of the application. They do not depend on where the knobs come from or on how
// the ports are opened.
package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const floodBytes = 10 << 30

// App handles requests according to its knobs.
type App struct {
	mutex   sync.Mutex
	knobs   Knobs
	started time.Time
	// errorDebt grows by ErrorRatio with each request for "/", and healthDebt by HealthFailRatio with
	// each request for /health.
	errorDebt, healthDebt float64
	// requestsByCode counts the requests for "/" by status code.
	requestsByCode map[int]int
	// durations has the time of each request for "/".
	durations histogram
	// healthRequests counts the requests for /health that passed and that failed.
	healthRequests struct{ passed, failed int }
	// Changed is called after every change of the knobs.
	Changed func(Knobs)
}

// NewApp returns an application that starts now.
func NewApp(knobs Knobs) *App {
	return &App{
		knobs:          knobs,
		started:        time.Now(),
		requestsByCode: map[int]int{},
		Changed:        func(Knobs) {},
	}
}

// Knobs returns the current knobs.
func (a *App) Knobs() Knobs {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.knobs
}

// Handler returns the handler of all paths.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.root)
	mux.HandleFunc("GET /health", a.health)
	mux.HandleFunc("GET /ready", a.ready)
	mux.HandleFunc("GET /metrics", a.metrics)
	mux.HandleFunc("POST /set", a.set)
	return mux
}

// root returns an exact share of errors, not a random share. A request that the client gives up
// during the pause is counted too, as by other servers.
func (a *App) root(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	a.mutex.Lock()
	code := http.StatusOK
	if isDue(&a.errorDebt, a.knobs.ErrorRatio) {
		code = http.StatusInternalServerError
	}
	version, latency := a.knobs.Version, a.knobs.Latency
	a.mutex.Unlock()
	pause(r, latency)
	a.mutex.Lock()
	a.requestsByCode[code]++
	a.durations.observe(time.Since(began))
	a.mutex.Unlock()
	w.WriteHeader(code)
	fmt.Fprintf(w, "version %s\n", version)
}

// isDue adds the ratio to the debt. A debt of 1 is paid by an error.
func isDue(debt *float64, ratio float64) bool {
	*debt += ratio
	// A float has no exact 0.1, but ten requests with the ratio 0.1 must cause an error.
	if *debt < 1-1e-9 {
		return false
	}
	*debt--
	return true
}

// nextHealth returns the value of HEALTH for one request, and counts the request. dependency is the
// error of the dependency, or nil.
func (a *App) nextHealth(dependency error) string {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	health := a.knobs.HealthAt(time.Since(a.started))
	if isDue(&a.healthDebt, a.knobs.HealthFailRatio) {
		health = "fail"
	}
	if a.knobs.HealthFailNext > 0 {
		a.knobs.HealthFailNext--
		health = "fail"
	}
	if health == "ok" && dependency == nil {
		a.healthRequests.passed++
	} else {
		a.healthRequests.failed++
	}
	return health
}

func (a *App) health(w http.ResponseWriter, r *http.Request) {
	knobs := a.Knobs()
	if !pause(r, knobs.HealthDelay) {
		return
	}
	dependency := probeDependency(r.Context(), knobs.Dependency)
	health := a.nextHealth(dependency)
	if dependency != nil {
		http.Error(w, dependency.Error(), http.StatusServiceUnavailable)
		return
	}
	switch health {
	case "ok":
		fmt.Fprintln(w, "ok")
	case "fail":
		http.Error(w, "HEALTH is fail", http.StatusInternalServerError)
	case "redirect":
		http.Redirect(w, r, knobs.RedirectTo, http.StatusFound)
	case "hang":
		<-r.Context().Done()
	case "flood":
		flood(w)
	case "close":
		closeConnection(w, "")
	case "garbage":
		closeConnection(w, "\x16\x03\x01\x00\xff this is not HTTP \x00\x01\x02\r\n\r\n")
	default:
		// For "refuse" the port is closed, but existing connections may still send requests.
		code, err := strconv.Atoi(health)
		if err != nil {
			code = http.StatusServiceUnavailable
		}
		w.WriteHeader(code)
	}
}

func (a *App) ready(w http.ResponseWriter, _ *http.Request) {
	if a.Knobs().Ready != "ok" {
		http.Error(w, "READY is fail", http.StatusServiceUnavailable)
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

// pause returns false if the client closes the connection during the pause.
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
	for sent := 0; sent < floodBytes; sent += len(block) {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// closeConnection sends raw bytes instead of an HTTP response and closes the connection.
func closeConnection(w http.ResponseWriter, raw string) {
	hijacker, canHijack := w.(http.Hijacker)
	if !canHijack {
		return
	}
	connection, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	// The client may have closed the connection.
	_, _ = connection.Write([]byte(raw))
}
