// Readiness of the cluster: probes of each component. This file must not start or stop a component.
package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"lastgood.dev/tests/e2e/internal/local/layout"
)

const poll = 50 * time.Millisecond

// Failure is an error with the component whose log explains the error.
type Failure struct {
	Component string
	Err       error
}

func (f *Failure) Error() string { return f.Component + ": " + f.Err.Error() }

func (f *Failure) Unwrap() error { return f.Err }

// await polls until check returns nil. It returns an error if the component ends or the time is
// over.
func (c *Cluster) await(component, what string, within time.Duration, check func() error) error {
	var last error
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(poll) {
		if last = check(); last == nil {
			return nil
		}
		if !c.Processes.Alive(component) {
			return &Failure{component, errors.New("the process ended during its start")}
		}
	}
	return &Failure{component,
		fmt.Errorf("timed out after %s waiting for: %s: %w", within, what, last)}
}

// client sends requests to the API server as the administrator.
type client struct {
	http *http.Client
	base string
}

func (c *Cluster) client() (*client, error) {
	authority, err := os.ReadFile(c.Cert("ca"))
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(c.Cert("admin"), c.Key("admin"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{
			RootCAs:      roots,
			Certificates: []tls.Certificate{pair},
			MinVersion:   tls.VersionTLS12,
		},
	}
	return &client{
		http: &http.Client{Transport: transport, Timeout: 5 * time.Second},
		base: serverURL(),
	}, nil
}

func (a *client) get(path string) ([]byte, error) { return get(a.http, a.base+path) }

func get(client *http.Client, url string) ([]byte, error) {
	response, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s returned %s", url, response.Status)
	}
	return body, err
}

// healthCheck returns a function that returns nil if GET of the URL returns 200.
func healthCheck(url string) func() error {
	return func() error {
		_, err := get(&http.Client{Timeout: 2 * time.Second}, url)
		return err
	}
}

func (a *client) apiServerReady() error {
	_, err := a.get("/readyz")
	return err
}

func (a *client) nodeReady(name string) error {
	body, err := a.get("/api/v1/nodes/" + name)
	if err != nil {
		return err
	}
	var node struct {
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := json.Unmarshal(body, &node); err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type != "Ready" {
			continue
		}
		if condition.Status == "True" {
			return nil
		}
		return errors.New(condition.Message)
	}
	return errors.New("the node has no Ready condition")
}

// deleteNode deletes a Node object. It returns nil if the object does not exist.
func (a *client) deleteNode(name string) error {
	request, err := http.NewRequest(http.MethodDelete, a.base+"/api/v1/nodes/"+name, nil)
	if err != nil {
		return err
	}
	response, err := a.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusNotFound {
		return fmt.Errorf("DELETE %s returned %s", request.URL, response.Status)
	}
	return nil
}

func (a *client) defaultServiceAccountExists() error {
	_, err := a.get("/api/v1/namespaces/default/serviceaccounts/default")
	return err
}

// serviceNamesResolve returns nil if the cluster's DNS server resolves kubernetes.default.svc.
func serviceNamesResolve() error {
	resolver := &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network,
				fmt.Sprintf("%s:%d", layout.NodeAddress, layout.DNSPort))
		},
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	addresses, err := resolver.LookupHost(ctx, "kubernetes.default.svc."+layout.ClusterDomain+".")
	if err == nil && (len(addresses) != 1 || addresses[0] != layout.ServiceIP) {
		err = fmt.Errorf("kubernetes.default.svc resolves to %v", addresses)
	}
	return err
}

// milestone is a state that the cluster must reach, and the component that must reach it.
type milestone struct {
	component, what string
	check           func() error
}

func (a *client) milestones() []milestone {
	return []milestone{
		{apiServer, "the API server is ready", a.apiServerReady},
		{controllerManager, "the default ServiceAccount exists", a.defaultServiceAccountExists},
		{scheduler, "the scheduler is healthy", a.schedulerHealthy},
		{kubelet, "the node is ready", func() error {
			return a.nodeReady(layout.NodeName)
		}},
		{
			kubeProxy,
			"kube-proxy is healthy",
			healthCheck(fmt.Sprintf("http://127.0.0.1:%d/healthz", layout.ProxyHealthPort)),
		},
		{coreDNS, "Service names resolve", serviceNamesResolve},
	}
}

// schedulerHealthy does not verify the certificate of the scheduler, because it is self-signed.
func (a *client) schedulerHealthy() error {
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives: true,
	}
	_, err := get(&http.Client{Transport: transport, Timeout: 2 * time.Second},
		fmt.Sprintf("https://127.0.0.1:%d/healthz", layout.SchedulerPort))
	return err
}
