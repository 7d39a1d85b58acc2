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

// flight is a bad release of the Deployments from..to-1. The bench writes what the controllers of
// Kubernetes and the kubelet would write.
type flight struct {
	*scale
	from, to int
	// bad is the number of the release.
	bad int
}

// newFlight creates the ready pods of the good release, which the releases do not replace.
func (s *scale) newFlight(ctx context.Context, from, to int) (*flight, error) {
	s.releases++
	f := &flight{scale: s, from: from, to: to, bad: scaleRevisions + s.releases}
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

// release ships the bad release: its first pod runs and is not ready yet.
func (f *flight) release(ctx context.Context, number int) error {
	var shipped *appsv1.Deployment
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() (err error) {
		shipped, err = f.bench.deployments().Get(ctx, scaleName(number), metav1.GetOptions{})
		if err != nil {
			return err
		}
		shipped.Spec.Template = scaleTemplate(shipped.Name, f.bad)
		shipped, err = f.bench.deployments().
			Update(ctx, shipped, metav1.UpdateOptions{FieldManager: "helm"})
		return err
	})
	if err != nil {
		return err
	}
	set := scaleReplicaSet(shipped, f.bad, 1)
	revision := nextRevision(shipped)
	set.Annotations[revisionKey] = revision
	set, err = f.bench.AppsV1().ReplicaSets(f.bench.namespace).
		Create(ctx, set, metav1.CreateOptions{FieldManager: managerName})
	if err != nil {
		return err
	}
	if err := f.createPod(ctx, set, 0, false); err != nil {
		return err
	}
	return f.writeStatus(ctx, shipped, revision, rollingStatus(shipped, set.Name))
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
	return f.crashPod(ctx, podName(name+"-"+scaleHash(name, f.bad), 0))
}

// complete finishes the rollout of the restored template.
func (f *flight) complete(ctx context.Context, number int) error {
	name := scaleName(number)
	restored, err := f.bench.deployments().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	bad := name + "-" + scaleHash(name, f.bad)
	err = f.bench.CoreV1().Pods(f.bench.namespace).
		Delete(ctx, podName(bad, 0), metav1.DeleteOptions{})
	if err != nil {
		return err
	}
	sets, hash := f.bench.AppsV1().ReplicaSets(f.bench.namespace), scaleHash(name, scaleRevisions)
	revision, none := nextRevision(restored), int32(0)
	for setName, change := range map[string]func(*appsv1.ReplicaSet){
		bad:               func(set *appsv1.ReplicaSet) { set.Spec.Replicas = &none },
		name + "-" + hash: func(set *appsv1.ReplicaSet) { set.Annotations[revisionKey] = revision },
	} {
		set, err := sets.Get(ctx, setName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		change(set)
		options := metav1.UpdateOptions{FieldManager: managerName}
		if set, err = sets.Update(ctx, set, options); err != nil {
			return err
		}
		set.Status = replicaSetStatus(set)
		if _, err = sets.UpdateStatus(ctx, set, options); err != nil {
			return err
		}
	}
	return f.writeStatus(ctx, restored, revision, completeStatus(restored, hash))
}

// awaitState waits until the guards of the flight have the state.
func (f *flight) awaitState(ctx context.Context, state string) error {
	const limit = 5 * time.Minute
	guards := f.bench.Dynamic.Resource(client.Guards).Namespace(f.bench.namespace)
	left := ""
	err := f.bench.untilWithin(ctx, limit, time.Second, "the guards are "+state,
		func(ctx context.Context) (bool, error) {
			var lock sync.Mutex
			left = ""
			err := f.each(ctx, func(ctx context.Context, number int) error {
				guard, err := guards.Get(ctx, scaleName(number), metav1.GetOptions{})
				if err != nil {
					return err
				}
				got, _, _ := unstructured.NestedString(guard.Object, "status", "state")
				message, _, _ := unstructured.NestedString(guard.Object, "status", "message")
				if got != state {
					lock.Lock()
					left = guard.GetName() + " is " + got + ": " + message
					lock.Unlock()
				}
				return nil
			})
			return left == "", err
		})
	if err != nil && left != "" {
		err = fmt.Errorf("%w; %s", err, left)
	}
	return err
}

// restores reports when each Deployment of the flight was restored.
type restores struct {
	times map[string]time.Time
	err   error
	done  chan struct{}
}

// watchRestores watches until all Deployments of the flight have the good template again, and
// finishes their rollouts.
func (f *flight) watchRestores(ctx context.Context) (*restores, error) {
	list, err := f.bench.deployments().List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return nil, err
	}
	watch, err := f.bench.deployments().
		Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	if err != nil {
		return nil, err
	}
	r := &restores{times: map[string]time.Time{}, done: make(chan struct{})}
	wanted := map[string]bool{}
	for number := f.from; number < f.to; number++ {
		wanted[scaleName(number)] = true
	}
	go func() {
		defer close(r.done)
		defer watch.Stop()
		for len(r.times) < len(wanted) {
			select {
			case <-ctx.Done():
				r.err = fmt.Errorf("%d of %d Deployments were restored: %w", len(r.times),
					len(wanted), ctx.Err())
				return
			case event, open := <-watch.ResultChan():
				if !open {
					r.err = fmt.Errorf("the watch of Deployments has ended")
					return
				}
				deployment, ok := event.Object.(*appsv1.Deployment)
				if ok && wanted[deployment.Name] && isRestored(deployment) {
					if _, known := r.times[deployment.Name]; !known {
						r.times[deployment.Name] = time.Now()
					}
				}
			}
		}
	}()
	return r, nil
}

func isRestored(deployment *appsv1.Deployment) bool {
	return deployment.Spec.Template.Annotations[releaseKey] == strconv.Itoa(scaleRevisions)
}

// end completes the rollouts after the rollbacks, and waits until all are Idle.
func (f *flight) end(ctx context.Context) error {
	if err := f.each(ctx, f.complete); err != nil {
		return err
	}
	if err := f.awaitState(ctx, "Idle"); err != nil {
		return err
	}
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
