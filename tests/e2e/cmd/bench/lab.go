package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"lastgood.dev/tests/e2e/internal/client"
)

// An image reference that no kubelet accepts is a breach at the first look.
const badImage = "lastgood.dev/UPPER-CASE-IS-NO-IMAGE"

// lab is a namespace with one guarded Deployment and one that nobody guards, of no pods.
type lab struct {
	*client.Client
	namespace string
	image     string
}

func openLab(ctx context.Context, kubeconfig, image string) (*lab, error) {
	connected, err := client.Connect(kubeconfig, "")
	if err != nil {
		return nil, err
	}
	namespace, err := connected.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "lastgood-bench-"}}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return &lab{Client: connected, namespace: namespace.Name, image: image}, nil
}

func (l *lab) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_ = l.CoreV1().Namespaces().Delete(ctx, l.namespace, metav1.DeleteOptions{})
}

func (l *lab) deployment(name string, replicas int32, annotations map[string]string) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	grace := int64(0)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: annotations},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: &grace,
					Containers:                    []corev1.Container{{Name: "app", Image: l.image, ImagePullPolicy: corev1.PullIfNotPresent}},
				},
			},
		},
	}
}

// settle makes both Deployments and waits until the first release of the guarded one is good.
func (l *lab) settle(ctx context.Context) error {
	policy := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "lastgood.dev/v1alpha1", "kind": "RollbackPolicy", "metadata": map[string]any{"name": "bench"},
		"spec": map[string]any{"bakeTime": "2s", "rollback": map[string]any{
			"verifyFor": "1s", "cooldown": "0s", "limit": map[string]any{"count": int64(100)}}},
	}}
	if _, err := l.Dynamic.Resource(client.Policies).Namespace(l.namespace).Create(ctx, policy, metav1.CreateOptions{}); err != nil {
		return err
	}
	guarded := l.deployment("guarded", 1, map[string]string{"lastgood.dev/policy": "bench"})
	for _, deployment := range []*appsv1.Deployment{guarded, l.deployment("plain", 0, nil)} {
		if _, err := l.AppsV1().Deployments(l.namespace).Create(ctx, deployment, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return l.until(ctx, "the first release is good", func() (bool, error) {
		guard, err := l.Dynamic.Resource(client.Guards).Namespace(l.namespace).Get(ctx, "guarded", metav1.GetOptions{})
		if err != nil {
			return false, nil
		}
		kept, _, _ := unstructured.NestedString(guard.Object, "status", "current", "keptAs")
		return kept != "", nil
	})
}

// badRelease ships one and waits until its Rollback has succeeded: how long it took from decision to patch.
func (l *lab) badRelease(ctx context.Context, round int) (time.Duration, error) {
	patch := fmt.Sprintf(`[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"%s-%d"}]`, badImage, round)
	if _, err := l.AppsV1().Deployments(l.namespace).Patch(ctx, "guarded", types.JSONPatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		return 0, err
	}
	var took time.Duration
	err := l.until(ctx, fmt.Sprintf("bad release %d is put back", round), func() (bool, error) {
		list, err := l.Dynamic.Resource(client.Rollbacks).Namespace(l.namespace).List(ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) != round+1 {
			return false, err
		}
		newest := &list.Items[0]
		for i := range list.Items {
			if generation(&list.Items[i]) > generation(newest) {
				newest = &list.Items[i]
			}
		}
		if phase, _, _ := unstructured.NestedString(newest.Object, "status", "phase"); phase != "Succeeded" {
			return false, nil
		}
		took, err = between(newest)
		return true, err
	})
	return took, err
}

// plainPatch changes the template of a Deployment without pods: what the API server alone needs for it.
func (l *lab) plainPatch(ctx context.Context) (time.Duration, error) {
	patch := fmt.Sprintf(`[{"op":"add","path":"/spec/template/metadata/annotations","value":{"at":"%d"}}]`, time.Now().UnixNano())
	began := time.Now()
	_, err := l.AppsV1().Deployments(l.namespace).Patch(ctx, "plain", types.JSONPatchType, []byte(patch), metav1.PatchOptions{})
	return time.Since(began), err
}

func (l *lab) until(ctx context.Context, what string, is func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		if so, err := is(); so || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain until %s", what)
		case <-ticker.C:
		}
	}
}

func generation(rollback *unstructured.Unstructured) int64 {
	number, _, _ := unstructured.NestedInt64(rollback.Object, "spec", "generation")
	return number
}

func between(rollback *unstructured.Unstructured) (time.Duration, error) {
	detected, _, _ := unstructured.NestedString(rollback.Object, "spec", "detected")
	restored, _, _ := unstructured.NestedString(rollback.Object, "status", "templateRestored")
	from, err := time.Parse(time.RFC3339Nano, detected)
	if err != nil {
		return 0, err
	}
	to, err := time.Parse(time.RFC3339Nano, restored)
	return to.Sub(from), err
}
