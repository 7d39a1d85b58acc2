// When: what people do. They are the cluster's administrator, with the field manager of a server-side apply.
package story

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// The field manager of `kubectl apply --server-side`: whoever is not known to be a person is taken for a machine.
const person = "kubectl"

// Shipped applies new versions of apps, as server-side apply does: never by force, so that whoever took a field from its owner
// is found out.
func (w *When) Shipped(apps ...App) *When {
	w.T.Helper()
	for _, app := range apps {
		w.ship(app)
	}
	return w
}

// TurnedTo turns a knob of the demo application in all running pods of a Deployment: "HEALTH=fail".
func (w *When) TurnedTo(knob, name string) *When {
	w.T.Helper()
	return w.turned(knob, w.runningPods(name))
}

// TurnedInVersion is TurnedTo in the running pods of one version alone.
func (w *When) TurnedInVersion(knob string, app App) *When {
	w.T.Helper()
	others := func(pod core.Pod) bool { return pod.Spec.Containers[0].Env[0].Value != app.Version }
	pods := slices.DeleteFunc(w.runningPods(app.Name), others)
	if len(pods) == 0 {
		w.T.Fatalf("no pod of %s runs", app.key())
	}
	return w.turned(knob, pods)
}

func (w *When) turned(knob string, pods []core.Pod) *When {
	w.T.Helper()
	for _, pod := range pods {
		url := fmt.Sprintf("http://%s:%d/set?%s", pod.Status.PodIP, knobPort, knob)
		client := http.Client{Timeout: 10 * time.Second}
		answer, err := client.Post(url, "", nil)
		w.must(err)
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			w.T.Fatalf("%s: %s", url, text)
		}
	}
	return w
}

// Annotated sets an annotation of a Deployment; an empty value removes it.
func (w *When) Annotated(name, key, value string) *When {
	w.T.Helper()
	var set any = value
	if value == "" {
		set = nil
	}
	return w.patched(name, map[string]any{"metadata": map[string]any{"annotations": map[string]any{key: set}}})
}

// Scaled scales a Deployment.
func (w *When) Scaled(name string, replicas int) *When {
	w.T.Helper()
	return w.patched(name, map[string]any{"spec": map[string]any{"replicas": replicas}})
}

// Paused pauses or resumes a Deployment's rollout.
func (w *When) Paused(name string, paused bool) *When {
	w.T.Helper()
	return w.patched(name, map[string]any{"spec": map[string]any{"paused": paused}})
}

// Policy changes the spec of a policy, or makes another.
func (w *When) Policy(name, spec string) *When {
	w.T.Helper()
	w.applyPolicy(name, spec)
	return w
}

// ConfigMap creates one.
func (w *When) ConfigMap(name string, data map[string]string) *When {
	w.T.Helper()
	w.applyConfigMap(name, data)
	return w
}

// Deleted deletes a Deployment and waits until it is gone.
func (w *When) Deleted(name string) *When {
	w.T.Helper()
	deployments := w.Cluster.Typed.AppsV1().Deployments(w.Namespace)
	w.must(deployments.Delete(context.Background(), name, metav1.DeleteOptions{}))
	w.eventually("Deployment "+name+" is gone", func(ctx context.Context) (bool, string) {
		_, err := deployments.Get(ctx, name, metav1.GetOptions{})
		return err != nil, "it is still there"
	})
	return w
}

// Available waits until a rollout is complete.
func (w *When) Available(name string) *When {
	w.T.Helper()
	w.awaitAvailable(name)
	return w
}

func (w *When) patched(name string, change any) *When {
	w.T.Helper()
	patch, err := json.Marshal(change)
	w.must(err)
	_, err = w.Cluster.Typed.AppsV1().Deployments(w.Namespace).
		Patch(context.Background(), name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: person})
	w.must(err)
	return w
}

func (s *Story) ship(app App) {
	s.T.Helper()
	manifest, err := json.Marshal(app.Manifest())
	s.must(err)
	_, err = s.Cluster.Typed.AppsV1().Deployments(s.Namespace).
		Patch(context.Background(), app.Name, types.ApplyPatchType, manifest, metav1.PatchOptions{FieldManager: person})
	if err != nil {
		s.T.Fatalf("%s cannot be shipped: %v", app.key(), err)
	}
}

func (s *Story) runningPods(name string) []core.Pod {
	s.T.Helper()
	var running []core.Pod
	s.eventually(name+" has running pods", func(ctx context.Context) (bool, string) {
		running = nil
		pods, err := s.Cluster.Typed.CoreV1().Pods(s.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + name})
		if err != nil {
			return false, err.Error()
		}
		for _, pod := range pods.Items {
			if pod.Status.Phase == core.PodRunning && pod.Status.PodIP != "" && pod.DeletionTimestamp == nil {
				running = append(running, pod)
			}
		}
		return len(running) > 0, "none"
	})
	return running
}
