package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/retry"

	"lastgood.dev/tests/e2e/internal/client"
)

// flight is a release of the Deployments from..to-1. The bench writes what the controllers of
// Kubernetes and the kubelet would write.
type flight struct {
	*scale
	from, to int
	// release is the number of the release.
	release int
}

// newFlight creates the ready pods of the good release, which the releases do not replace.
func (s *scale) newFlight(ctx context.Context, from, to int) (*flight, error) {
	s.releases++
	f := &flight{scale: s, from: from, to: to, release: scaleRevisions + s.releases}
	sets := s.bench.AppsV1().ReplicaSets(s.bench.namespace)
	err := f.each(ctx, func(ctx context.Context, number int) error {
		name := scaleName(number)
		set, err := sets.Get(ctx, name+"-"+scaleHash(name, scaleRevisions), metav1.GetOptions{})
		for i := 0; err == nil && i < scaleReplicas; i++ {
			err = s.createPod(ctx, set, i, true)
		}
		return err
	})
	return f, err
}

func (f *flight) each(ctx context.Context, call func(context.Context, int) error) error {
	return parallel(ctx, scaleWriters, f.from, f.to, call)
}

// start ships a bad release: its first pod runs and is not ready yet.
func (f *flight) start(ctx context.Context, number int) error {
	shipped, set, err := f.ship(ctx, number, 1)
	if err != nil {
		return err
	}
	if err := f.createPod(ctx, set, 0, false); err != nil {
		return err
	}
	return f.writeStatus(ctx, shipped, set.Annotations[revisionKey], rollingStatus(shipped, set.Name))
}

// ship changes the template of a Deployment, and creates the ReplicaSet of the release.
func (f *flight) ship(ctx context.Context, number int, replicas int32,
) (shipped *appsv1.Deployment, set *appsv1.ReplicaSet, err error) {
	err = retry.RetryOnConflict(retry.DefaultBackoff, func() (err error) {
		shipped, err = f.bench.deployments().Get(ctx, scaleName(number), metav1.GetOptions{})
		if err != nil {
			return err
		}
		shipped.Spec.Template = scaleTemplate(shipped.Name, f.release)
		shipped, err = f.bench.deployments().
			Update(ctx, shipped, metav1.UpdateOptions{FieldManager: "helm"})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	set = scaleReplicaSet(shipped, f.release, replicas)
	set.Annotations[revisionKey] = nextRevision(shipped)
	set, err = f.bench.AppsV1().ReplicaSets(f.bench.namespace).
		Create(ctx, set, metav1.CreateOptions{FieldManager: managerName})
	return shipped, set, err
}

// nextRevision is the revision that the controller of Kubernetes gives to a new template.
func nextRevision(deployment *appsv1.Deployment) string {
	// Another text than a number counts as 0.
	number, _ := strconv.Atoi(deployment.Annotations[revisionKey])
	return strconv.Itoa(number + 1)
}

// rollingStatus is the status while the first pod of a release is starting.
func rollingStatus(deployment *appsv1.Deployment, set string) appsv1.DeploymentStatus {
	status := completeStatus(deployment, "")
	status.Replicas++
	status.UpdatedReplicas, status.UnavailableReplicas = 1, 1
	status.Conditions[1].Reason = "ReplicaSetUpdated"
	status.Conditions[1].Message = fmt.Sprintf("ReplicaSet %q is progressing.", set)
	return status
}

// writeStatus writes the revision and the status of a Deployment, which Lastgood may change at the
// same time.
func (f *flight) writeStatus(ctx context.Context, deployment *appsv1.Deployment, revision string,
	status appsv1.DeploymentStatus,
) error {
	options := metav1.UpdateOptions{FieldManager: managerName}
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		current, err := f.bench.deployments().Get(ctx, deployment.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		current.Annotations[revisionKey] = revision
		written, err := f.bench.deployments().Update(ctx, current, options)
		if err != nil {
			return err
		}
		written.Status = status
		// A change of the annotations is a new generation too.
		written.Status.ObservedGeneration = written.Generation
		_, err = f.bench.deployments().UpdateStatus(ctx, written, options)
		return err
	})
}

// crash makes the pod of the bad release crash.
func (f *flight) crash(ctx context.Context, number int) error {
	name := scaleName(number)
	return f.crashPod(ctx, podName(name+"-"+scaleHash(name, f.release), 0))
}

// complete finishes the rollout of the restored template.
func (f *flight) complete(ctx context.Context, number int) error {
	name := scaleName(number)
	restored, err := f.bench.deployments().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	bad := name + "-" + scaleHash(name, f.release)
	err = f.bench.CoreV1().Pods(f.bench.namespace).
		Delete(ctx, podName(bad, 0), metav1.DeleteOptions{})
	if err != nil {
		return err
	}
	if err := f.scaleToZero(ctx, bad); err != nil {
		return err
	}
	hash, revision := scaleHash(name, scaleRevisions), nextRevision(restored)
	err = f.changeSet(ctx, name+"-"+hash, func(set *appsv1.ReplicaSet) {
		set.Annotations[revisionKey] = revision
	})
	if err != nil {
		return err
	}
	return f.writeStatus(ctx, restored, revision, completeStatus(restored, hash))
}

func (f *flight) scaleToZero(ctx context.Context, name string) error {
	none := int32(0)
	return f.changeSet(ctx, name, func(set *appsv1.ReplicaSet) { set.Spec.Replicas = &none })
}

// changeSet changes a ReplicaSet and writes the status that follows from it.
func (f *flight) changeSet(ctx context.Context, name string,
	change func(*appsv1.ReplicaSet),
) error {
	sets := f.bench.AppsV1().ReplicaSets(f.bench.namespace)
	options := metav1.UpdateOptions{FieldManager: managerName}
	set, err := sets.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	change(set)
	if set, err = sets.Update(ctx, set, options); err != nil {
		return err
	}
	set.Status = replicaSetStatus(set)
	_, err = sets.UpdateStatus(ctx, set, options)
	return err
}

// awaitState waits until the guards of the flight have the state.
func (f *flight) awaitState(ctx context.Context, state string) error {
	return f.awaitGuards(ctx, state, func(guard *unstructured.Unstructured) bool {
		got, _, _ := unstructured.NestedString(guard.Object, "status", "state")
		return got == state
	})
}

// awaitGuards waits until each guard of the flight matches. The error has the message of one that
// does not match.
func (f *flight) awaitGuards(ctx context.Context, what string,
	matches func(*unstructured.Unstructured) bool,
) error {
	const limit = 5 * time.Minute
	guards := f.bench.Dynamic.Resource(client.Guards).Namespace(f.bench.namespace)
	left := ""
	err := f.bench.untilWithin(ctx, limit, time.Second, "the guards are "+what,
		func(ctx context.Context) (bool, error) {
			var lock sync.Mutex
			left = ""
			err := f.each(ctx, func(ctx context.Context, number int) error {
				guard, err := guards.Get(ctx, scaleName(number), metav1.GetOptions{})
				if err == nil && !matches(guard) {
					message, _, _ := unstructured.NestedString(guard.Object, "status", "message")
					lock.Lock()
					left = guard.GetName() + ": " + message
					lock.Unlock()
				}
				return err
			})
			return left == "", err
		})
	if err != nil && left != "" {
		err = fmt.Errorf("%w; %s", err, left)
	}
	return err
}

// end completes the rollouts after the rollbacks, and waits until all are Idle.
func (f *flight) end(ctx context.Context) error {
	if err := f.each(ctx, f.complete); err != nil {
		return err
	}
	if err := f.awaitState(ctx, "Idle"); err != nil {
		return err
	}
	return f.deletePods(ctx)
}

func (f *flight) deletePods(ctx context.Context) error {
	return f.bench.CoreV1().Pods(f.bench.namespace).
		DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{})
}

// patchTimes returns the times from the decision to the patch of the Rollbacks of the flight.
func (f *flight) patchTimes(ctx context.Context) ([]time.Duration, error) {
	list, err := f.bench.Dynamic.Resource(client.Rollbacks).Namespace(f.bench.namespace).
		List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var times []time.Duration
	for i := range list.Items {
		if took, err := durationFromDecisionToPatch(&list.Items[i]); err == nil {
			times = append(times, took)
		}
	}
	return times, nil
}
