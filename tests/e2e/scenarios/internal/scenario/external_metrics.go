// Given: the API of external metrics, served by an adapter of the test.
package scenario

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"strconv"

	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"lastgood.dev/tests/e2e/internal/local/layout"
	"lastgood.dev/tests/e2e/internal/local/pki"
	"lastgood.dev/tests/e2e/internal/monitoring"
)

const (
	adapterName    = "external-metrics"
	adapterService = "v1beta1.external.metrics.k8s.io"
)

var apiServices = schema.GroupVersionResource{
	Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices",
}

// ExternalMetrics registers an adapter for the API of external metrics, and removes it at the end
// of the scenario. The cluster can have only one, so only one scenario at a time may have it.
func (g *Given) ExternalMetrics() *monitoring.ExternalMetrics {
	g.T.Helper()
	authority, err := pki.NewAuthority("external metrics")
	g.must(err)
	identity, err := authority.Issue(adapterName, nil, adapterName+"."+g.Namespace+".svc")
	g.must(err)
	adapter, err := monitoring.NewExternalMetrics(layout.NodeAddress, identity)
	g.must(err)
	g.T.Cleanup(func() {
		if err := adapter.Stop(); err != nil {
			g.T.Error(err)
		}
	})
	g.serveAt(adapter.Address)
	g.registerAPI(authority.CertificatePEM)
	return adapter
}

// serveAt creates a Service for an address outside the cluster.
func (g *Given) serveAt(address string) {
	g.T.Helper()
	host, portText, err := net.SplitHostPort(address)
	g.must(err)
	port, err := strconv.ParseInt(portText, 10, 32)
	g.must(err)
	ctx, create := context.Background(), metav1.CreateOptions{}
	_, err = g.Cluster.Typed.CoreV1().Services(g.Namespace).Create(ctx, &core.Service{
		ObjectMeta: metav1.ObjectMeta{Name: adapterName},
		Spec:       core.ServiceSpec{Ports: []core.ServicePort{{Name: "https", Port: 443}}},
	}, create)
	g.must(err)
	name, number := "https", int32(port)
	_, err = g.Cluster.Typed.DiscoveryV1().EndpointSlices(g.Namespace).Create(ctx,
		&discovery.EndpointSlice{
			ObjectMeta: metav1.ObjectMeta{Name: adapterName,
				Labels: map[string]string{discovery.LabelServiceName: adapterName}},
			AddressType: discovery.AddressTypeIPv4,
			Endpoints:   []discovery.Endpoint{{Addresses: []string{host}}},
			Ports:       []discovery.EndpointPort{{Name: &name, Port: &number}},
		}, create)
	g.must(err)
}

// registerAPI registers the adapter, and waits until the API server can reach it.
func (g *Given) registerAPI(authority []byte) {
	g.T.Helper()
	api := g.Cluster.Dynamic.Resource(apiServices)
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
		"metadata": map[string]any{"name": adapterService},
		"spec": map[string]any{
			"group": "external.metrics.k8s.io", "version": "v1beta1",
			"groupPriorityMinimum": int64(100), "versionPriority": int64(100),
			"caBundle": base64.StdEncoding.EncodeToString(authority),
			"service":  map[string]any{"namespace": g.Namespace, "name": adapterName},
		},
	}}
	_, err := api.Create(context.Background(), object, metav1.CreateOptions{})
	g.must(err)
	g.T.Cleanup(func() {
		if err := g.Cluster.removeExternalMetrics(); err != nil {
			g.T.Error(err)
		}
	})
	g.eventually("the API server reaches the adapter", func(ctx context.Context) (bool, string) {
		got, err := api.Get(ctx, adapterService, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		conditions, _, _ := unstructured.NestedSlice(got.Object, "status", "conditions")
		for _, condition := range conditions {
			fields, _ := condition.(map[string]any)
			if fields["type"] == "Available" && fields["status"] == "True" {
				return true, ""
			}
		}
		return false, fmt.Sprint(conditions)
	})
}

// removeExternalMetrics removes the API of external metrics, if a scenario has registered it.
func (c *Cluster) removeExternalMetrics() error {
	err := c.Dynamic.Resource(apiServices).
		Delete(context.Background(), adapterService, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
