// Faults at a write that has a name, such as "patch deployments /spec/template".
package scenario

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"
)

// ForwardTo sends all later requests to another API server. Requests that have begun, such as
// watches, stay where they are.
func (p *Proxy) ForwardTo(server string) {
	p.scenario.T.Helper()
	target, err := url.Parse(server)
	p.scenario.must(err)
	p.target.Store(target)
}

// Delay makes each later request take this time longer.
func (p *Proxy) Delay(duration time.Duration) { p.delay.Store(int64(duration)) }

// KillDuring kills the controller at its next write whose name begins with prefix.
func (p *Proxy) KillDuring(prefix string, timing Timing) {
	p.onceDuring(prefix, func(forward func(http.ResponseWriter), _ http.ResponseWriter) {
		if timing == AfterWrite {
			// The response is discarded.
			forward(httptest.NewRecorder())
		}
		p.kill()
	})
}

// FreezeDuring stops the controller for this time at its next write whose name begins with prefix.
// With BeforeWrite the API server receives the write when the controller continues: it was on its
// way all the time. With AfterWrite the response waits for the controller.
func (p *Proxy) FreezeDuring(prefix string, timing Timing, duration time.Duration) {
	p.onceDuring(prefix, func(forward func(http.ResponseWriter), w http.ResponseWriter) {
		if timing == BeforeWrite {
			p.scenario.Process.StopFor(duration)
			// The controller does not wait so long for the response.
			forward(httptest.NewRecorder())
			return
		}
		go p.scenario.Process.StopFor(duration)
		time.Sleep(pollInterval)
		forward(w)
		time.Sleep(duration)
	})
}

// Before calls act before the next write whose name begins with prefix is forwarded.
func (p *Proxy) Before(prefix string, act func()) {
	p.onceDuring(prefix, func(forward func(http.ResponseWriter), w http.ResponseWriter) {
		act()
		forward(w)
	})
}

func (p *Proxy) onceDuring(prefix string,
	inject func(forward func(http.ResponseWriter), w http.ResponseWriter),
) {
	isDone := false
	p.setFault(fault{
		matches: func(_ int, name string) bool {
			isThis := !isDone && strings.HasPrefix(name, prefix)
			isDone = isDone || isThis
			return isThis
		},
		inject: inject,
	})
}

// BeforeEach calls act with the name of the object before each write whose name begins with prefix
// is forwarded. Calls for several objects may be concurrent.
func (p *Proxy) BeforeEach(prefix string, act func(object string)) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.before = func(write string, r *http.Request) {
		if write != "" && strings.HasPrefix(write, prefix) {
			act(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
		}
	}
}
