// A small adapter for the API of external metrics, as KEDA and prometheus-adapter are. The API
// server forwards the requests to it.
// https://kubernetes.io/docs/tasks/extend-kubernetes/setup-an-extension-api-server/
package monitoring

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"lastgood.dev/tests/e2e/internal/local/pki"
)

// headerLimit is how long a client may take to send the headers of a request.
const headerLimit = 30 * time.Second

const externalMetricsPath = "/apis/external.metrics.k8s.io/v1beta1"

// ExternalMetric is one value of a metric.
type ExternalMetric struct {
	// Value is a quantity of Kubernetes, such as "1500m".
	Value  string
	Labels map[string]string
	// Age is how long ago the value was measured.
	Age time.Duration
}

// ExternalMetrics is an adapter with the values that a test sets. It verifies no client.
type ExternalMetrics struct {
	// Address is the host and the port.
	Address string

	server http.Server
	lock   sync.Mutex
	// values are the values of each metric, by namespace and name: "shop/queue_depth".
	values map[string][]ExternalMetric
	// status is the status of every response about a metric; 0: 200.
	status int
}

// NewExternalMetrics starts an adapter on a free port of the host, with the certificate that the
// API server expects.
func NewExternalMetrics(host string, identity pki.Identity) (*ExternalMetrics, error) {
	certificate, err := tls.X509KeyPair(identity.Certificate, identity.Key)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, err
	}
	e := &ExternalMetrics{Address: listener.Addr().String(), values: map[string][]ExternalMetric{}}
	e.server = http.Server{Handler: e, ReadHeaderTimeout: headerLimit,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}}
	go func() {
		if err := e.server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			fmt.Println("the adapter for external metrics has ended:", err)
		}
	}()
	return e, nil
}

// Set replaces the values of a metric. Without values, the metric exists and has none.
func (e *ExternalMetrics) Set(namespace, metric string, values ...ExternalMetric) {
	e.lock.Lock()
	defer e.lock.Unlock()
	e.values[namespace+"/"+metric] = values
}

// SetStatus makes every response about a metric fail with this status; 0: none fails.
func (e *ExternalMetrics) SetStatus(status int) {
	e.lock.Lock()
	defer e.lock.Unlock()
	e.status = status
}

// Stop ends the adapter.
func (e *ExternalMetrics) Stop() error { return e.server.Shutdown(context.Background()) }

func (e *ExternalMetrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, isVersion := strings.CutPrefix(r.URL.Path, externalMetricsPath)
	switch parts := strings.Split(strings.Trim(path, "/"), "/"); {
	case isVersion && path == "":
		respond(w, http.StatusOK, map[string]any{"kind": "APIResourceList", "apiVersion": "v1",
			"groupVersion": "external.metrics.k8s.io/v1beta1", "resources": []any{}})
	case isVersion && len(parts) == 3 && parts[0] == "namespaces":
		e.serveMetric(w, parts[1], parts[2], r.URL.Query().Get("labelSelector"))
	default:
		respond(w, http.StatusNotFound, failure(http.StatusNotFound, "there is no "+r.URL.Path))
	}
}

func (e *ExternalMetrics) serveMetric(w http.ResponseWriter, namespace, metric, selector string) {
	e.lock.Lock()
	defer e.lock.Unlock()
	values, exists := e.values[namespace+"/"+metric]
	if e.status != 0 || !exists {
		status := http.StatusNotFound
		if e.status != 0 {
			status = e.status
		}
		respond(w, status, failure(status, "there is no metric "+metric))
		return
	}
	items := []any{}
	for _, value := range values {
		if selects(selector, value.Labels) {
			items = append(items, map[string]any{"metricName": metric, "value": value.Value,
				"metricLabels": value.Labels,
				"timestamp":    time.Now().Add(-value.Age).UTC().Format(time.RFC3339)})
		}
	}
	respond(w, http.StatusOK, map[string]any{"kind": "ExternalMetricValueList",
		"apiVersion": "external.metrics.k8s.io/v1beta1", "metadata": map[string]any{},
		"items": items})
}

// selects understands only selectors such as "a=b,c=d".
func selects(selector string, labels map[string]string) bool {
	for _, part := range strings.Split(selector, ",") {
		name, value, isEqual := strings.Cut(part, "=")
		if isEqual && labels[name] != value {
			return false
		}
	}
	return true
}

func failure(status int, message string) map[string]any {
	return map[string]any{"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{},
		"status": "Failure", "message": message, "code": status,
		"reason": strings.ReplaceAll(http.StatusText(status), " ", "")}
}

func respond(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client may be gone.
	_ = json.NewEncoder(w).Encode(body)
}
