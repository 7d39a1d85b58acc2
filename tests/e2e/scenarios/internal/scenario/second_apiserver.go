// A second API server for a controller behind a proxy, which freezes.
package scenario

import "lastgood.dev/tests/e2e/internal/local/cluster"

// SecondAPIServer is another API server with the same etcd.
type SecondAPIServer struct {
	scenario *Scenario
	proxy    *Proxy
}

// SecondAPIServer starts another API server and lets the proxy use it. All other clients use the
// first one.
func (s *Scenario) SecondAPIServer(proxy *Proxy) *SecondAPIServer {
	s.T.Helper()
	local := s.Local()
	s.T.Cleanup(func() {
		if err := local.StopSecondAPIServer(); err != nil {
			s.T.Error(err)
		}
	})
	url, err := local.StartSecondAPIServer()
	s.must(err)
	proxy.ForwardTo(url)
	return &SecondAPIServer{s, proxy}
}

// Freeze stops the process. The watches of the controller stay open and silent. Its later requests
// go to the first API server, as a load balancer does after a health check.
func (a *SecondAPIServer) Freeze() {
	a.scenario.T.Helper()
	a.scenario.must(a.scenario.Local().FreezeSecondAPIServer())
	a.proxy.ForwardTo(cluster.APIServerURL())
}

// Continue continues the frozen process: it sends the events that happened meanwhile, and executes
// the requests that it has already received.
func (a *SecondAPIServer) Continue() {
	a.scenario.T.Helper()
	a.scenario.must(a.scenario.Local().ContinueSecondAPIServer())
}
