// A man in the middle between a controller and the API server: it counts the controller's writes, and can have the controller
// killed around any of them.
package story

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Moment is when the controller is interrupted, relative to its write.
type Moment int

const (
	// Before: the API server never sees the write.
	Before Moment = iota
	// After: it is done, and the controller never learns of it.
	After
)

// Proxy is that man.
type Proxy struct {
	story   *Story
	server  *httptest.Server
	forward *httputil.ReverseProxy
	kill    func()
	// Interrupt is called instead of kill, and then the write goes on as if nothing had been.
	Interrupt func()

	lock    sync.Mutex
	armed   bool
	writes  []string
	at      int
	moment  Moment
	struck  chan struct{}
	stopped bool
}

func (s *Story) newProxy() *Proxy {
	s.T.Helper()
	target, err := url.Parse(s.Cluster.Config.Host)
	s.must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.Cluster.Config.CAData)
	p := &Proxy{story: s, struck: make(chan struct{})}
	p.forward = &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
		FlushInterval: -1,
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	p.server = httptest.NewUnstartedServer(p)
	p.server.StartTLS()
	s.T.Cleanup(p.close)
	return p
}

func (p *Proxy) close() {
	p.lock.Lock()
	p.stopped = true
	p.lock.Unlock()
	p.server.CloseClientConnections()
	p.server.Close()
}

func (p *Proxy) address() (server string, authority []byte) {
	block := &pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw}
	return p.server.URL, pem.EncodeToMemory(block)
}

// KillAt has the controller killed around its write number `at` from now on; none if it is 0. Counting begins anew.
func (p *Proxy) KillAt(at int, moment Moment) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.armed, p.writes, p.at, p.moment, p.struck = true, nil, at, moment, make(chan struct{})
}

// Writes are the names of the writes that were counted.
func (p *Proxy) Writes() []string {
	p.lock.Lock()
	defer p.lock.Unlock()
	return append([]string(nil), p.writes...)
}

// Struck is closed when the controller was interrupted.
func (p *Proxy) Struck() <-chan struct{} {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.struck
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := nameOfWrite(r)
	strike, struck := p.count(name)
	if !strike {
		p.forward.ServeHTTP(w, r)
		return
	}
	if p.Interrupt != nil {
		p.Interrupt()
		close(struck)
		p.forward.ServeHTTP(w, r)
		return
	}
	if p.moment == After {
		// The answer goes nowhere.
		p.forward.ServeHTTP(httptest.NewRecorder(), r)
	}
	p.kill()
	close(struck)
	panic(http.ErrAbortHandler)
}

func (p *Proxy) count(name string) (strike bool, struck chan struct{}) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if !p.armed || name == "" {
		return false, nil
	}
	p.writes = append(p.writes, name)
	return len(p.writes) == p.at, p.struck
}

// nameOfWrite is empty for reads, and for writes that are no part of a release's life: the Lease, and policies' status, which
// come by the clock.
func nameOfWrite(r *http.Request) string {
	if r.Method == http.MethodGet {
		return ""
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	resource := parts[len(parts)-1]
	if r.Method != http.MethodPost {
		resource = parts[len(parts)-2]
	}
	if last := parts[len(parts)-1]; last == "status" {
		resource = parts[len(parts)-3] + "/status"
	}
	if resource == "leases" || resource == "rollbackpolicies/status" {
		return ""
	}
	return strings.ToLower(r.Method) + " " + resource + detail(r, resource)
}

// What a patch of a Deployment is about: its template, or who owns its fields.
func detail(r *http.Request, resource string) string {
	if resource != "deployments" {
		return ""
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return " unreadable"
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	var steps []struct{ Op, Path string }
	if json.Unmarshal(body, &steps) != nil {
		return ""
	}
	var changed []string
	for _, step := range steps {
		if step.Op != "test" {
			changed = append(changed, step.Path)
		}
	}
	return fmt.Sprintf(" %s", strings.Join(changed, " "))
}

// AwaitStruck waits until the controller was interrupted, or until done says that there was no such write.
func (p *Proxy) AwaitStruck(done func() bool) bool {
	p.story.T.Helper()
	struck := p.Struck()
	deadline := time.After(patience)
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-struck:
			return true
		case <-tick.C:
			if done() {
				return false
			}
		case <-deadline:
			p.story.T.Fatalf("the controller's write %d did not come within %s; there were %q", p.at, patience, p.Writes())
		}
	}
}
