// A proxy between a controller and the API server. It counts the controller's writes and can kill
// the controller before or after any of them.
package scenario

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Timing is when the controller is killed, relative to its write.
type Timing int

const (
	// BeforeWrite: the API server never receives the write.
	BeforeWrite Timing = iota
	// AfterWrite: the write is done, but the controller never receives the response.
	AfterWrite
)

// Proxy forwards the requests of one controller and injects faults.
type Proxy struct {
	scenario *Scenario
	server   *httptest.Server
	forward  *httputil.ReverseProxy
	// kill kills the controller.
	kill func()
	// identity replaces the server's certificate for later connections, if it is not nil.
	identity atomic.Pointer[tls.Config]
	// target is the API server that gets the requests.
	target atomic.Pointer[url.URL]
	// delay is the time before a request is forwarded.
	delay atomic.Int64

	lock   sync.Mutex
	fault  fault
	writes []string
	// before is called before a write is forwarded, if it is not nil.
	before func(write string, r *http.Request)
	// hangs receives a value for each hanging request. It is nil while requests are forwarded.
	hangs chan struct{}
}

// fault is what the proxy does to one write.
type fault struct {
	// matches gets the number of a write, counted from 1, and its name.
	matches func(number int, write string) bool
	// inject gets a function that forwards the write.
	inject func(forward func(http.ResponseWriter), w http.ResponseWriter)
	// injected is closed after inject.
	injected chan struct{}
}

func (s *Scenario) newProxy() *Proxy {
	s.T.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.Cluster.Config.CAData)
	p := &Proxy{scenario: s}
	p.ForwardTo(s.Cluster.Config.Host)
	p.forward = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(p.target.Load())
			r.Out.Header.Set("User-Agent", throughProxy)
		},
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		},
		// -1 forwards each part of a response at once, which watches need.
		FlushInterval: -1,
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {
			panic(http.ErrAbortHandler)
		},
		// The connections of a killed controller fail as expected.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	p.server = httptest.NewUnstartedServer(p)
	p.server.Config.ErrorLog = p.forward.ErrorLog
	p.server.TLS = &tls.Config{MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return p.identity.Load(), nil
		},
	}
	p.server.StartTLS()
	s.T.Cleanup(func() {
		p.server.CloseClientConnections()
		p.server.Close()
	})
	return p
}

func (p *Proxy) address() (server string, authority []byte) {
	block := &pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw}
	return p.server.URL, pem.EncodeToMemory(block)
}

// KillAt kills the controller at the write with this number. The next write has number 1. With
// number 0 the controller is never killed.
func (p *Proxy) KillAt(number int, timing Timing) {
	p.killWhen(timing, func(current int, _ string) bool { return current == number })
}

// KillAfterNextStep kills the controller after its next write to a Rollback or a Deployment. Writes
// of Events and of guard status do not count: each new process repeats them first, so a controller
// that is killed after such a write would make no progress.
func (p *Proxy) KillAfterNextStep() {
	p.killWhen(AfterWrite, func(_ int, write string) bool {
		return strings.Contains(write, " rollbacks") || strings.Contains(write, " deployments ")
	})
}

func (p *Proxy) killWhen(timing Timing, matches func(int, string) bool) {
	p.setFault(fault{
		matches: matches,
		inject: func(forward func(http.ResponseWriter), _ http.ResponseWriter) {
			if timing == AfterWrite {
				// The response is discarded.
				forward(httptest.NewRecorder())
			}
			p.kill()
		},
	})
}

// TerminateDuring sends SIGTERM to the controller during its first write whose name begins with
// prefix. The write is forwarded.
func (p *Proxy) TerminateDuring(prefix string) {
	terminated := false
	p.setFault(fault{
		matches: func(_ int, name string) bool { return !terminated && strings.HasPrefix(name, prefix) },
		inject: func(forward func(http.ResponseWriter), w http.ResponseWriter) {
			terminated = true
			p.scenario.Process.Terminate()
			forward(w)
		},
	})
}

// Hang makes all later requests hang: they are not forwarded and get no response.
func (p *Proxy) Hang() {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.hangs = make(chan struct{}, 1000)
}

// AwaitHangingRequest waits until a request hangs.
func (p *Proxy) AwaitHangingRequest() {
	p.scenario.T.Helper()
	p.scenario.eventually("request of the controller", func(context.Context) (bool, string) {
		return len(p.hangs) > 0, "none"
	})
}

func (p *Proxy) setFault(next fault) {
	p.lock.Lock()
	defer p.lock.Unlock()
	next.injected = make(chan struct{})
	p.fault, p.writes = next, nil
}

// Writes returns the names of the writes since the last fault was set.
func (p *Proxy) Writes() []string {
	p.lock.Lock()
	defer p.lock.Unlock()
	return slices.Clone(p.writes)
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if hangs := p.hanging(); hangs != nil {
		hangs <- struct{}{}
		<-r.Context().Done()
		return
	}
	time.Sleep(time.Duration(p.delay.Load()))
	write := nameOfWrite(r)
	if before := p.actBefore(); before != nil {
		before(write, r)
	}
	dueFault := p.count(write)
	if dueFault == nil {
		p.forward.ServeHTTP(w, r)
		return
	}
	p.injectFault(dueFault, w, r)
}

// injectFault forwards a write also if its connection has ended meanwhile.
func (p *Proxy) injectFault(due *fault, w http.ResponseWriter, r *http.Request) {
	defer close(due.injected)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r = r.WithContext(context.WithoutCancel(r.Context()))
	r.Body = io.NopCloser(bytes.NewReader(body))
	// A fault may forward the write with another response writer. Then the controller gets no
	// response.
	responded := false
	due.inject(func(to http.ResponseWriter) {
		responded = to == w
		p.forward.ServeHTTP(to, r)
	}, w)
	if !responded {
		panic(http.ErrAbortHandler)
	}
}

func (p *Proxy) hanging() chan struct{} {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.hangs
}

func (p *Proxy) actBefore() func(string, *http.Request) {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.before
}

// count records a write and returns the fault if it is due for this write.
func (p *Proxy) count(write string) *fault {
	p.lock.Lock()
	defer p.lock.Unlock()
	if write == "" || p.fault.matches == nil {
		return nil
	}
	p.writes = append(p.writes, write)
	if !p.fault.matches(len(p.writes), write) {
		return nil
	}
	due := p.fault
	return &due
}

// AwaitFault returns true as soon as the fault is injected. It returns false if done returns true
// before that.
func (p *Proxy) AwaitFault(done func() bool) bool {
	p.scenario.T.Helper()
	p.lock.Lock()
	injected := p.fault.injected
	p.lock.Unlock()
	deadline := time.After(timeout)
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		select {
		case <-injected:
			return true
		case <-tick.C:
			if done() {
				return false
			}
		case <-deadline:
			p.scenario.T.Fatalf("no fault was injected within %s; the writes were %q", timeout,
				p.Writes())
		}
	}
}
