package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"lastgood.dev/tests/e2e/internal/client"
	"lastgood.dev/tests/e2e/internal/local/cluster"
)

const (
	// scaleWriters is the number of Deployments that are written at the same time.
	scaleWriters = 32
	managerName  = "kube-controller-manager"
)

// pausedComponents would change the objects of the bench: they have no pods.
var pausedComponents = []string{"kube-controller-manager", "kube-scheduler"}

// parallel calls the function for the numbers from..to-1, several at the same time. It returns the
// first error.
func parallel(ctx context.Context, workers, from, to int,
	call func(context.Context, int) error,
) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	numbers := make(chan int)
	for range min(workers, to-from) {
		running.Go(func() {
			for number := range numbers {
				if ctx.Err() != nil {
					continue
				}
				if err := call(ctx, number); err != nil {
					cancel(err)
				}
			}
		})
	}
	for number := from; number < to; number++ {
		numbers <- number
	}
	close(numbers)
	running.Wait()
	return context.Cause(ctx)
}

// pauseManagers stops the processes that would react to the objects of the bench. The returned
// function continues them.
func pauseManagers(local *cluster.Cluster) (resume func(), err error) {
	var stopped []int
	resume = func() {
		for _, pid := range stopped {
			if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
				fmt.Fprintf(os.Stderr, "process %d cannot be continued: %v\n", pid, err)
			}
		}
	}
	for _, name := range pausedComponents {
		pid := local.Processes.PID(name)
		if pid == 0 {
			resume()
			return nil, fmt.Errorf("%s does not run; start the cluster: ./dev cluster up", name)
		}
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			resume()
			return nil, fmt.Errorf("cannot pause %s: %w", name, err)
		}
		stopped = append(stopped, pid)
	}
	return resume, nil
}

// load creates the Deployments with the numbers from..to-1, and their ReplicaSets.
func (s *scale) load(ctx context.Context, from, to int) error {
	return parallel(ctx, scaleWriters, from, to, s.loadOne)
}

func (s *scale) loadOne(ctx context.Context, number int) error {
	created := metav1.CreateOptions{FieldManager: managerName}
	updated := metav1.UpdateOptions{FieldManager: managerName}
	deployment, err := s.bench.deployments().
		Create(ctx, scaleDeployment(number), metav1.CreateOptions{FieldManager: "helm"})
	if err != nil {
		return err
	}
	sets := s.bench.AppsV1().ReplicaSets(s.bench.namespace)
	for release := 1; release <= firstSeen; release++ {
		var replicas int32
		if release == firstSeen {
			replicas = scaleReplicas
		}
		set, err := sets.Create(ctx, scaleReplicaSet(deployment, release, replicas), created)
		if err != nil {
			return err
		}
		set.Status = replicaSetStatus(set)
		if _, err = sets.UpdateStatus(ctx, set, updated); err != nil {
			return err
		}
	}
	deployment.Status = completeStatus(deployment, scaleHash(deployment.Name, firstSeen))
	_, err = s.bench.deployments().UpdateStatus(ctx, deployment, updated)
	return err
}

// unload deletes all objects of the bench while the controller manager is paused: it would create
// pods for them. The owners are deleted at once, because only the garbage collector keeps them.
func (s *scale) unload(ctx context.Context) error {
	background := metav1.DeletePropagationBackground
	once := metav1.DeleteOptions{PropagationPolicy: &background}
	var failures error
	apps := s.bench.AppsV1()
	remove := func(err error) {
		if err != nil && !apierrors.IsNotFound(err) {
			failures = errors.Join(failures, err)
		}
	}
	remove(apps.Deployments(s.bench.namespace).DeleteCollection(ctx, once, metav1.ListOptions{}))
	for _, kind := range []string{"rollbackpolicies", "deploymentguards", "rollbacks"} {
		resource := client.Guards
		resource.Resource = kind
		remove(s.bench.Dynamic.Resource(resource).Namespace(s.bench.namespace).
			DeleteCollection(ctx, once, metav1.ListOptions{}))
	}
	remove(s.bench.CoreV1().Pods(s.bench.namespace).
		DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: new(int64)},
			metav1.ListOptions{}))
	remove(apps.ReplicaSets(s.bench.namespace).DeleteCollection(ctx, once, metav1.ListOptions{}))
	remove(apps.ControllerRevisions(s.bench.namespace).
		DeleteCollection(ctx, once, metav1.ListOptions{}))
	return failures
}

// patchPolicySpec merges a patch into the policy of the bench.
func (s *scale) patchPolicySpec(ctx context.Context, patch string) error {
	_, err := s.bench.Dynamic.Resource(client.Policies).Namespace(s.bench.namespace).
		Patch(ctx, "bench", types.MergePatchType, []byte(`{"spec":`+patch+`}`),
			metav1.PatchOptions{})
	return err
}
