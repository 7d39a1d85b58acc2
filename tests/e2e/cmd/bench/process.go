package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"lastgood.dev/tests/e2e/internal/usage"
)

// findController returns the leader of Lastgood. A PID other than 0 is that of a controller outside
// the cluster.
func (b *bench) findController(ctx context.Context, pid int) (usage.Process, error) {
	if pid != 0 {
		return usage.Process{PID: pid}, nil
	}
	pods, err := b.controllerPods(ctx)
	if err != nil {
		return usage.Process{}, err
	}
	for i := range pods {
		metrics, err := b.metricsOf(ctx, &pods[i])
		if err != nil || !usage.IsLeader(metrics) || len(pods[i].Status.ContainerStatuses) == 0 {
			continue
		}
		return usage.OfContainer(pods[i].Status.ContainerStatuses[0].ContainerID)
	}
	return usage.Process{}, fmt.Errorf("none of the %d pods of Lastgood is the leader", len(pods))
}

func (b *bench) controllerPods(ctx context.Context) ([]corev1.Pod, error) {
	pods, err := b.CoreV1().Pods("").
		List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=lastgood"})
	if err != nil {
		return nil, err
	}
	return pods.Items, nil
}

func (b *bench) metricsOf(ctx context.Context, pod *corev1.Pod) (string, error) {
	text, err := b.CoreV1().Pods(pod.Namespace).
		ProxyGet("http", pod.Name, "8080", "/metrics", nil).DoRaw(ctx)
	return string(text), err
}

// measure returns the usage at the begin and at the end of this time.
func measure(ctx context.Context, p usage.Process, duration time.Duration) (from, to usage.Usage,
	err error) {
	if from, err = p.Usage(); err != nil {
		return from, to, err
	}
	if err = sleep(ctx, duration); err != nil {
		return from, to, err
	}
	to, err = p.Usage()
	return from, to, err
}

func sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(duration):
		return nil
	}
}
