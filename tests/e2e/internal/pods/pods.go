// Package pods turns the pods of a namespace into the targets of Prometheus and of the load.
package pods

import (
	"context"
	"fmt"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"lastgood.dev/tests/e2e/internal/monitoring"
)

// targetsInterval is the time after which Prometheus gets a changed list of pods.
const targetsInterval = 500 * time.Millisecond

// Targets returns this port of each running pod, with the labels namespace and pod. The pods need
// not be ready: Prometheus scrapes unready pods too.
func Targets(pods []core.Pod, port int) []monitoring.Target {
	var targets []monitoring.Target
	for _, pod := range pods {
		if pod.Status.Phase != core.PodRunning || pod.Status.PodIP == "" {
			continue
		}
		targets = append(targets, monitoring.Target{
			Address: fmt.Sprintf("%s:%d", pod.Status.PodIP, port),
			Labels:  map[string]string{"namespace": pod.Namespace, "pod": pod.Name},
		})
	}
	return targets
}

// ReadyURLs returns the URL of this port of each ready pod that is not being deleted.
func ReadyURLs(pods []core.Pod, port int) []string {
	var urls []string
	for _, pod := range pods {
		if isReady(pod) && pod.DeletionTimestamp == nil {
			urls = append(urls, fmt.Sprintf("http://%s:%d/", pod.Status.PodIP, port))
		}
	}
	return urls
}

func isReady(pod core.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == core.PodReady {
			return condition.Status == core.ConditionTrue
		}
	}
	return false
}

// Follow gives the server the list of the namespace's pods until stop is called. stop waits until
// no update runs any more. report gets errors of the server. While the API server does not respond,
// the server keeps its targets, as with discovery.
func Follow(cluster kubernetes.Interface, namespace string, server *monitoring.Prometheus,
	port int, report func(error),
) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		timer := time.NewTicker(targetsInterval)
		defer timer.Stop()
		for ctx.Err() == nil {
			found, err := cluster.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
			if err == nil {
				err = server.SetTargets(Targets(found.Items, port))
				if err != nil {
					report(fmt.Errorf("cannot write the targets of Prometheus: %w", err))
				}
			}
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}
