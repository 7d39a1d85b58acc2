// A man in the middle between a controller and the API server: it counts the controller's writes, and can have the controller
// killed around any of them.
package story

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
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

	lock   sync.Mutex
	plan   plan
	writes []string
	hangs  chan struct{}
}

// A plan says at which write something happens, and what: it is given the means to forward the write.
type plan struct {
	is     func(number int, name string) bool
	act    func(forward func(http.ResponseWriter), w http.ResponseWriter)
	struck chan struct{}
}

func (s *Story) newProxy() *Proxy {
	s.T.Helper()
	target, err := url.Parse(s.Cluster.Config.Host)
	s.must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.Cluster.Config.CAData)
	p := &Proxy{story: s}
	p.forward = &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
		FlushInterval: -1,
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		// What a killed controller left behind is no news.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	p.server = httptest.NewUnstartedServer(p)
	p.server.Config.ErrorLog = p.forward.ErrorLog
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

// KillAt has the controller killed around its write number `at` from now on; none if it is 0. Counting begins anew.
func (p *Proxy) KillAt(at int, moment Moment) {
	p.killWhen(moment, func(number int, _ string) bool { return number == at })
}

// KillAfterNextStep has the controller killed after its next write to a Rollback or to a Deployment. Events and what is
// remembered of checks are left out: after a start they are told and asked afresh, and killed there it would never get further.
func (p *Proxy) KillAfterNextStep() {
	p.killWhen(After, func(_ int, name string) bool {
		return strings.Contains(name, " rollbacks") || strings.Contains(name, " deployments ")
	})
}

func (p *Proxy) killWhen(moment Moment, is func(int, string) bool) {
	p.set(plan{
		is: is,
		act: func(forward func(http.ResponseWriter), _ http.ResponseWriter) {
			if moment == After {
				// The answer goes nowhere.
				forward(httptest.NewRecorder())
			}
			p.kill()
		},
	})
}

// TerminateAt has the controller told to stop while its first write whose name begins like that is under way; the write is done.
func (p *Proxy) TerminateAt(write string) {
	done := false
	p.set(plan{
		is: func(_ int, name string) bool { return strings.HasPrefix(name, write) && !done },
		act: func(forward func(http.ResponseWriter), w http.ResponseWriter) {
			done = true
			p.story.Process.TellToStop()
			forward(w)
		},
	})
}

// Hang lets nothing through from now on, and answers nothing.
func (p *Proxy) Hang() {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.hangs = make(chan struct{}, 1000)
}

// AwaitHanging waits until somebody waits for an answer.
func (p *Proxy) AwaitHanging() {
	p.story.T.Helper()
	p.story.eventually("the controller asks the API server", func(context.Context) (bool, string) { return len(p.hangs) > 0, "not yet" })
}

func (p *Proxy) set(next plan) {
	p.lock.Lock()
	defer p.lock.Unlock()
	next.struck = make(chan struct{})
	p.plan, p.writes = next, nil
}

// Writes are the names of the writes that were counted.
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
	now := p.count(nameOfWrite(r))
	if now == nil {
		p.forward.ServeHTTP(w, r)
		return
	}
	answered := false
	now.act(func(to http.ResponseWriter) {
		answered = to == w
		p.forward.ServeHTTP(to, r)
	}, w)
	close(now.struck)
	if !answered {
		panic(http.ErrAbortHandler)
	}
}

func (p *Proxy) hanging() chan struct{} {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.hangs
}

// count is the plan when its moment has come.
func (p *Proxy) count(name string) *plan {
	p.lock.Lock()
	defer p.lock.Unlock()
	if name == "" || p.plan.is == nil {
		return nil
	}
	p.writes = append(p.writes, name)
	if !p.plan.is(len(p.writes), name) {
		return nil
	}
	now := p.plan
	return &now
}

// nameOfWrite is empty for reads and dry runs, and for writes that are no part of a release's life: the Lease, and policies'
// status, which come by the clock.
func nameOfWrite(r *http.Request) string {
	if r.Method == http.MethodGet || r.URL.Query().Has("dryRun") {
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

// AwaitStruck waits until the moment of the plan has come, or until done says that it will not.
func (p *Proxy) AwaitStruck(done func() bool) bool {
	p.story.T.Helper()
	p.lock.Lock()
	struck := p.plan.struck
	p.lock.Unlock()
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
			p.story.T.Fatalf("the moment to interrupt the controller did not come within %s; its writes were %q", patience, p.Writes())
		}
	}
}
