package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"lastgood.dev/tests/e2e/internal/client"
)

const (
	// fleetWriters is the number of Deployments that are written at the same time.
	fleetWriters = 16
	fleetLimit   = 15 * time.Minute
)

// fleet is a number of Deployments on the fake node, all with the same policy.
type fleet struct {
	bench           *bench
	count, replicas int
}

// release brings all Deployments into the bake of a new revision.
func (f *fleet) release(ctx context.Context) error {
	err := f.each(ctx, func(ctx context.Context, name string) error {
		_, err := f.bench.deployments().Create(ctx, f.deployment(name), metav1.CreateOptions{})
		return err
	})
	if err == nil {
		err = f.until(ctx, "the pods of the fleet", f.isComplete)
	}
	if err != nil {
		return err
	}
	// A complete revision is presumed good when Lastgood sees the Deployment for the first time.
	const optIn = `{"metadata":{"annotations":{"lastgood.dev/policy":"bench"}}}`
	if err = f.patchAll(ctx, optIn); err == nil {
		err = f.until(ctx, "the fleet is Idle", f.areIn("Idle"))
	}
	if err != nil {
		return err
	}
	const release = `{"spec":{"template":{"metadata":{"annotations":{"release":"2"}}}}}`
	if err = f.patchAll(ctx, release); err == nil {
		err = f.until(ctx, "the fleet is Evaluating", f.areIn("Evaluating"))
	}
	if err != nil {
		return err
	}
	return f.until(ctx, "the rollouts of the fleet", f.isComplete)
}

// until polls slowly, because each poll reads all objects of the fleet.
func (f *fleet) until(ctx context.Context, what string,
	check func(context.Context) (bool, error),
) error {
	const interval = 2 * time.Second
	return f.bench.untilWithin(ctx, fleetLimit, interval, what, check)
}

// each calls the function for the names of all Deployments, several at the same time. It returns
// the first error.
func (f *fleet) each(ctx context.Context, call func(context.Context, string) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	slots := make(chan struct{}, fleetWriters)
	for number := range f.count {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			if ctx.Err() != nil {
				return
			}
			if err := call(ctx, fmt.Sprintf("web-%d", number)); err != nil {
				cancel(err)
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}

func (f *fleet) patchAll(ctx context.Context, patch string) error {
	return f.each(ctx, func(ctx context.Context, name string) error {
		_, err := f.bench.deployments().Patch(ctx, name, types.StrategicMergePatchType,
			[]byte(patch), metav1.PatchOptions{})
		return err
	})
}

func (f *fleet) deployment(name string) *appsv1.Deployment {
	deployment := f.bench.deployment(name, int32(f.replicas))
	pod := &deployment.Spec.Template.Spec
	pod.NodeSelector = map[string]string{nodeKey: "true"}
	pod.Tolerations = []corev1.Toleration{{Key: nodeKey, Operator: corev1.TolerationOpExists}}
	withoutToken := false
	pod.AutomountServiceAccountToken = &withoutToken
	return deployment
}

func (f *fleet) isComplete(ctx context.Context) (bool, error) {
	list, err := f.bench.deployments().List(ctx, metav1.ListOptions{})
	if err != nil {
		return false, err
	}
	complete := 0
	for _, deployment := range list.Items {
		want, status := *deployment.Spec.Replicas, deployment.Status
		if status.ObservedGeneration == deployment.Generation && status.Replicas == want &&
			status.UpdatedReplicas == want && status.AvailableReplicas == want {
			complete++
		}
	}
	return complete == f.count, nil
}

// areIn returns a function that reports whether all guards have the state.
func (f *fleet) areIn(state string) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		list, err := f.bench.Dynamic.Resource(client.Guards).Namespace(f.bench.namespace).
			List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		count := 0
		for i := range list.Items {
			got, _, _ := unstructured.NestedString(list.Items[i].Object, "status", "state")
			if got == state {
				count++
			}
		}
		return count == f.count, nil
	}
}
