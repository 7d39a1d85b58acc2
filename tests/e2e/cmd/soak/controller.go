// The controller that the soak watches: its pod, its process and its metrics.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"lastgood.dev/tests/e2e/internal/client"
	"lastgood.dev/tests/e2e/internal/usage"
)

// controller is the only process of Lastgood in the cluster.
type controller struct {
	usage.Process
	// user is the name of its ServiceAccount in the audit log.
	user string
	// metrics is the URL of its metrics page, which does not need the API server.
	metrics string
	// started identifies the process, because another process may get its PID.
	started int64
}

func findController(ctx context.Context, c *client.Client) (*controller, error) {
	pods, err := c.CoreV1().Pods("").
		List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=lastgood"})
	if err != nil {
		return nil, err
	}
	if len(pods.Items) != 1 || len(pods.Items[0].Status.ContainerStatuses) == 0 {
		return nil, fmt.Errorf("lastgood has %d pods; the soak needs one running pod", len(pods.Items))
	}
	pod := pods.Items[0]
	found, err := usage.OfContainer(pod.Status.ContainerStatuses[0].ContainerID)
	if err != nil {
		return nil, err
	}
	now, err := found.Usage()
	return &controller{
		Process: found,
		user:    "system:serviceaccount:" + pod.Namespace + ":" + pod.Spec.ServiceAccountName,
		metrics: fmt.Sprintf("http://%s:8080/metrics", pod.Status.PodIP),
		started: now.Started,
	}, err
}

// measurement is what the controller used until a time.
type measurement struct {
	usage.Usage
	usage.ResidentMemory
	usage.Descriptors
	at time.Time
	// requests is the number of requests to the API server since the start.
	requests float64
}

var errEnded = errors.New("the process of the controller has ended")

func (c *controller) measure(ctx context.Context) (measurement, error) {
	m := measurement{at: time.Now()}
	var err error
	if m.Usage, err = c.Usage(); err != nil || m.Started != c.started {
		return m, errEnded
	}
	if m.ResidentMemory, err = c.ResidentMemory(); err != nil {
		return m, errEnded
	}
	if m.Descriptors, err = c.Descriptors(); err != nil {
		return m, errEnded
	}
	page, err := c.page(ctx)
	m.requests = usage.SumOfSeries(page, "rest_client_requests_total")
	return m, err
}

// page returns the metrics page.
func (c *controller) page(ctx context.Context) (string, error) {
	const limit = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.metrics, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(c.metrics + ": " + response.Status)
	}
	return string(body), err
}
