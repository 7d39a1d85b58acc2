// When: steps of users, as the administrator of the cluster and with the field manager of kubectl.
package scenario

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

// fieldManager is the field manager of `kubectl apply --server-side`. The controller treats a
// change by an unknown field manager as a change by a tool.
const fieldManager = "kubectl"

// Applied applies new versions of apps by server-side apply. It does not force conflicts, so it
// fails if another manager has taken a field.
func (w *When) Applied(apps ...App) *When {
	w.T.Helper()
	for _, app := range apps {
		w.apply(app)
	}
	return w
}

// SetInRunningPods sets a variable of the test application, such as "HEALTH=fail", in all running
// pods of a Deployment. This is no release, unlike App.Env.
func (w *When) SetInRunningPods(name, variable string) *When {
	w.T.Helper()
	return w.setInPods(w.runningPods(name), variable)
}

// SetInPodsOfVersion is SetInRunningPods for the pods of one version.
func (w *When) SetInPodsOfVersion(app App, variable string) *When {
	w.T.Helper()
	pods := w.podsOfVersion(app)
	if len(pods) == 0 {
		w.T.Fatalf("no pod of %s is running", app.key())
	}
	return w.setInPods(pods, variable)
}

// podsOfVersion returns the running pods of one version.
func (s *Scenario) podsOfVersion(app App) []core.Pod {
	s.T.Helper()
	isOtherVersion := func(pod core.Pod) bool {
		return pod.Spec.Containers[0].Env[0].Value != app.Version
	}
	return slices.DeleteFunc(s.runningPods(app.Name), isOtherVersion)
}

// setInPods repeats a request that got no response: the application may just have started.
func (w *When) setInPods(pods []core.Pod, variable string) *When {
	w.T.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	for _, pod := range pods {
		url := fmt.Sprintf("http://%s:%d/set?%s", pod.Status.PodIP, knobPort, variable)
		w.eventually("a response to POST "+url, func(context.Context) (bool, string) {
			response, err := client.Post(url, "", nil)
			if err != nil {
				return false, err.Error()
			}
			defer response.Body.Close()
			text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
			if response.StatusCode != http.StatusOK {
				w.T.Fatalf("POST %s returned %s: %s", url, response.Status, text)
			}
			return true, ""
		})
	}
	return w
}

// Scheduled waits until a pod of a Deployment has a scheduling gate, and removes the gate of all
// such pods.
func (w *When) Scheduled(name string) *When {
	w.T.Helper()
	pods := w.Cluster.Typed.CoreV1().Pods(w.Namespace)
	what := "a pod of " + name + " with a scheduling gate"
	w.eventually(what, func(ctx context.Context) (bool, string) {
		all, err := w.podsOf(ctx, name)
		if err != nil {
			return false, err.Error()
		}
		removed := 0
		for _, pod := range all {
			if len(pod.Spec.SchedulingGates) == 0 {
				continue
			}
			pod.Spec.SchedulingGates = nil
			// The update fails if the pod has changed since it was read.
			if _, err := pods.Update(ctx, &pod, metav1.UpdateOptions{}); err != nil {
				return false, err.Error()
			}
			removed++
		}
		return removed > 0, "none"
	})
	return w
}

// Annotated sets an annotation of a Deployment. An empty value removes it.
func (w *When) Annotated(name, key, value string) *When {
	w.T.Helper()
	var set any = value
	if value == "" {
		set = nil
	}
	annotations := map[string]any{key: set}
	return w.patched(name, map[string]any{"metadata": map[string]any{"annotations": annotations}})
}

// Scaled scales a Deployment.
func (w *When) Scaled(name string, replicas int) *When {
	w.T.Helper()
	return w.patched(name, map[string]any{"spec": map[string]any{"replicas": replicas}})
}

// Paused pauses the rollout of a Deployment.
func (w *When) Paused(name string) *When {
	w.T.Helper()
	return w.patched(name, map[string]any{"spec": map[string]any{"paused": true}})
}

// Unpaused resumes the rollout of a Deployment.
func (w *When) Unpaused(name string) *When {
	w.T.Helper()
	return w.patched(name, map[string]any{"spec": map[string]any{"paused": false}})
}

// Policy creates a policy or changes its spec. If the controller in the cluster is used, waits
// until it has seen the policy, so that the next release is not evaluated by the old policy.
func (w *When) Policy(name, spec string) *When {
	w.T.Helper()
	w.applyPolicy(name, spec)
	if w.Process == nil {
		w.awaitPolicySeen(name)
	}
	return w
}

// ConfigMap creates a ConfigMap.
func (w *When) ConfigMap(name string, data map[string]string) *When {
	w.T.Helper()
	w.createConfigMap(name, data)
	return w
}

// ConfigMapDeleted deletes a ConfigMap.
func (w *When) ConfigMapDeleted(name string) *When {
	w.T.Helper()
	configMaps := w.Cluster.Typed.CoreV1().ConfigMaps(w.Namespace)
	w.must(configMaps.Delete(context.Background(), name, metav1.DeleteOptions{}))
	return w
}

// Deleted deletes a Deployment and waits until it is gone.
func (w *When) Deleted(name string) *When {
	w.T.Helper()
	deployments := w.Cluster.Typed.AppsV1().Deployments(w.Namespace)
	w.must(deployments.Delete(context.Background(), name, metav1.DeleteOptions{}))
	w.eventually("deletion of Deployment "+name, func(ctx context.Context) (bool, string) {
		_, err := deployments.Get(ctx, name, metav1.GetOptions{})
		return err != nil, "it still exists"
	})
	return w
}

// Available waits until the rollout of a Deployment is complete.
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
		Patch(context.Background(), name, types.MergePatchType, patch,
			metav1.PatchOptions{FieldManager: fieldManager})
	w.must(err)
	return w
}

// AppliedWhenPossible is Applied for an API server that may be away for a time.
func (w *When) AppliedWhenPossible(app App) *When {
	w.T.Helper()
	w.eventually("the API server applies "+app.key(), func(context.Context) (bool, string) {
		err := w.tryApply(app)
		return err == nil, fmt.Sprint(err)
	})
	return w
}

func (s *Scenario) apply(app App) {
	s.T.Helper()
	if err := s.tryApply(app); err != nil {
		s.T.Fatalf("cannot apply %s: %v", app.key(), err)
	}
}

func (s *Scenario) tryApply(app App) error {
	manifest, err := json.Marshal(app.Manifest())
	if err != nil {
		return err
	}
	_, err = s.Cluster.Typed.AppsV1().Deployments(s.Namespace).
		Patch(context.Background(), app.Name, types.ApplyPatchType, manifest,
			metav1.PatchOptions{FieldManager: fieldManager})
	return err
}

func (s *Scenario) runningPods(name string) []core.Pod {
	s.T.Helper()
	var running []core.Pod
	s.eventually("running pods of "+name, func(ctx context.Context) (bool, string) {
		running = nil
		pods, err := s.podsOf(ctx, name)
		if err != nil {
			return false, err.Error()
		}
		for _, pod := range pods {
			isRunning := pod.Status.Phase == core.PodRunning && pod.Status.PodIP != ""
			if isRunning && pod.DeletionTimestamp == nil {
				running = append(running, pod)
			}
		}
		return len(running) > 0, "none"
	})
	return running
}
