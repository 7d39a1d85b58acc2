package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	typed "k8s.io/client-go/kubernetes/typed/apps/v1"

	"lastgood.dev/tests/e2e/internal/client"
)

const pollInterval = 100 * time.Millisecond

// badImage is a reference that kubelet rejects at once, so the rollout check is breached at once.
const badImage = "lastgood.dev/UPPER-CASE-IS-NO-IMAGE"

// bench is the namespace of one part of the bench. The part rollbacks has two Deployments in it:
// "guarded" is guarded, and "plain" is not guarded and has no pods.
type bench struct {
	*client.Client
	namespace string
	image     string
}

// newBench creates the namespace, with a generated name if the options name none.
func newBench(ctx context.Context, o options) (*bench, error) {
	connected, err := client.Connect(o.kubeconfig, "")
	if err != nil {
		return nil, err
	}
	meta := metav1.ObjectMeta{Name: o.namespace}
	if o.namespace == "" {
		meta.GenerateName = "lastgood-bench-"
	}
	namespace, err := connected.CoreV1().Namespaces().
		Create(ctx, &corev1.Namespace{ObjectMeta: meta}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return &bench{Client: connected, namespace: namespace.Name, image: o.image}, nil
}

// close deletes the namespace and waits until it is gone, also after an interrupt.
func (b *bench) close() {
	const limit = 3 * time.Minute
	ctx := context.Background()
	namespaces := b.CoreV1().Namespaces()
	err := b.untilWithin(ctx, limit, time.Second, "the end of namespace "+b.namespace,
		func(ctx context.Context) (bool, error) {
			_, err := namespaces.Get(ctx, b.namespace, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return true, nil
			}
			// The deletion goes on after the first request.
			_ = namespaces.Delete(ctx, b.namespace, metav1.DeleteOptions{})
			return false, nil
		})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func (b *bench) deployments() typed.DeploymentInterface {
	return b.AppsV1().Deployments(b.namespace)
}

func (b *bench) deployment(name string, replicas int32) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	grace := int64(0)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: &grace,
					Containers: []corev1.Container{
						{Name: "app", Image: b.image, ImagePullPolicy: corev1.PullIfNotPresent},
					},
				},
			},
		},
	}
}

func (b *bench) createPolicy(ctx context.Context, spec map[string]any) error {
	policy := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "lastgood.dev/v1alpha1", "kind": "RollbackPolicy",
		"metadata": map[string]any{"name": "bench"}, "spec": spec,
	}}
	_, err := b.Dynamic.Resource(client.Policies).Namespace(b.namespace).
		Create(ctx, policy, metav1.CreateOptions{})
	return err
}

// prepare creates the policy and both Deployments, and waits until the guarded Deployment has a
// snapshot, so that a rollback has a target.
func (b *bench) prepare(ctx context.Context) error {
	err := b.createPolicy(ctx, map[string]any{"bakeTime": "2s", "rollback": map[string]any{
		"verifyFor": "1s", "cooldown": "0s", "limit": map[string]any{"count": int64(100)}}})
	if err != nil {
		return err
	}
	guarded := b.deployment("guarded", 1)
	guarded.Annotations = map[string]string{"lastgood.dev/policy": "bench"}
	for _, deployment := range []*appsv1.Deployment{guarded, b.deployment("plain", 0)} {
		if _, err := b.deployments().Create(ctx, deployment, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	guards := b.Dynamic.Resource(client.Guards).Namespace(b.namespace)
	return b.until(ctx, "the first release is good", func() (bool, error) {
		guard, err := guards.Get(ctx, "guarded", metav1.GetOptions{})
		if err != nil {
			return false, nil
		}
		snapshot, _, _ := unstructured.NestedString(guard.Object, "status", "current", "snapshot")
		return snapshot != "", nil
	})
}

// badRelease ships a bad release and waits until its Rollback has succeeded. It returns the time
// from the decision to roll back until the API server has accepted the patch of the controller.
func (b *bench) badRelease(ctx context.Context, earlierReleases int) (time.Duration, error) {
	patch := fmt.Sprintf(
		`[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"%s-%d"}]`,
		badImage, earlierReleases)
	if err := b.patch(ctx, "guarded", patch); err != nil {
		return 0, err
	}
	rollbacks := b.Dynamic.Resource(client.Rollbacks).Namespace(b.namespace)
	var took time.Duration
	what := fmt.Sprintf("rollback of bad release %d", earlierReleases+1)
	err := b.until(ctx, what, func() (bool, error) {
		list, err := rollbacks.List(ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) != earlierReleases+1 {
			return false, err
		}
		newest := newestOf(list.Items)
		phase, _, _ := unstructured.NestedString(newest.Object, "status", "phase")
		if phase != "Succeeded" {
			return false, nil
		}
		took, err = durationFromDecisionToPatch(newest)
		return true, err
	})
	return took, err
}

// plainPatch changes the template of the Deployment without pods, and returns how long the request
// took. The bench compares a rollback with this patch, in which Lastgood has no part.
func (b *bench) plainPatch(ctx context.Context) (time.Duration, error) {
	patch := fmt.Sprintf(
		`[{"op":"add","path":"/spec/template/metadata/annotations","value":{"at":"%d"}}]`,
		time.Now().UnixNano())
	started := time.Now()
	err := b.patch(ctx, "plain", patch)
	return time.Since(started), err
}

func (b *bench) patch(ctx context.Context, name, patch string) error {
	_, err := b.deployments().
		Patch(ctx, name, types.JSONPatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

func (b *bench) until(ctx context.Context, what string, check func() (bool, error)) error {
	const limit = 90 * time.Second
	return b.untilWithin(ctx, limit, pollInterval, what,
		func(context.Context) (bool, error) { return check() })
}

// untilWithin polls until the check is done or fails, at most for the limit or until ctx is
// cancelled.
func (b *bench) untilWithin(ctx context.Context, limit, interval time.Duration, what string,
	check func(context.Context) (bool, error),
) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		done, err := check(ctx)
		switch {
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			return fmt.Errorf("timed out after %s waiting for: %s", limit, what)
		case ctx.Err() != nil:
			return ctx.Err()
		case done || err != nil:
			return err
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// newestOf returns the Rollback of the latest release. The list is not empty.
func newestOf(rollbacks []unstructured.Unstructured) *unstructured.Unstructured {
	newest := &rollbacks[0]
	for i := range rollbacks {
		if deploymentGeneration(&rollbacks[i]) > deploymentGeneration(newest) {
			newest = &rollbacks[i]
		}
	}
	return newest
}

func deploymentGeneration(rollback *unstructured.Unstructured) int64 {
	number, _, _ := unstructured.NestedInt64(rollback.Object, "spec", "generation")
	return number
}

func durationFromDecisionToPatch(rollback *unstructured.Unstructured) (time.Duration, error) {
	detected, _, _ := unstructured.NestedString(rollback.Object, "spec", "detected")
	restored, _, _ := unstructured.NestedString(rollback.Object, "status", "templateRestored")
	from, err := time.Parse(time.RFC3339Nano, detected)
	if err != nil {
		return 0, err
	}
	to, err := time.Parse(time.RFC3339Nano, restored)
	return to.Sub(from), err
}
