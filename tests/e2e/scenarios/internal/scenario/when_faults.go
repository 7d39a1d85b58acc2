// When: faults of the cluster and of users, other than a bad release.
package scenario

import (
	"context"
	"fmt"
	"slices"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// ReplicaSetDeleted deletes the ReplicaSet of the current template, and waits until its pods are
// gone and the Deployment controller has created it again.
func (w *When) ReplicaSetDeleted(name string) *When {
	w.T.Helper()
	ctx := context.Background()
	replicaSets := w.Cluster.Typed.AppsV1().ReplicaSets(w.Namespace)
	old := w.currentReplicaSet(ctx, name)
	if old == nil {
		w.T.Fatalf("%s has no ReplicaSet with running pods", name)
	}
	w.must(replicaSets.Delete(ctx, old.Name, metav1.DeleteOptions{}))
	w.eventually("a new ReplicaSet of "+name, func(ctx context.Context) (bool, string) {
		now := w.currentReplicaSet(ctx, name)
		return now != nil && now.UID != old.UID, "none"
	})
	w.eventually("the end of the old pods of "+name, func(ctx context.Context) (bool, string) {
		pods, err := w.podsOf(ctx, name)
		if err != nil {
			return false, err.Error()
		}
		isOld := func(pod core.Pod) bool { return metav1.IsControlledBy(&pod, old) }
		return !slices.ContainsFunc(pods, isOld), "they still exist"
	})
	return w
}

// currentReplicaSet returns the ReplicaSet of the app's only revision with running pods, or nil.
func (s *Scenario) currentReplicaSet(ctx context.Context, name string) *apps.ReplicaSet {
	options := metav1.ListOptions{LabelSelector: "app=" + name}
	list, err := s.Cluster.Typed.AppsV1().ReplicaSets(s.Namespace).List(ctx, options)
	if err != nil {
		return nil
	}
	for _, replicaSet := range list.Items {
		if replicaSet.Status.ReadyReplicas > 0 && replicaSet.DeletionTimestamp == nil {
			return &replicaSet
		}
	}
	return nil
}

// PodsDeleted deletes all pods of a Deployment.
func (w *When) PodsDeleted(name string) *When {
	w.T.Helper()
	pods := w.Cluster.Typed.CoreV1().Pods(w.Namespace)
	w.must(pods.DeleteCollection(context.Background(), metav1.DeleteOptions{},
		metav1.ListOptions{LabelSelector: "app=" + name}))
	return w
}

// OnePodDeleted deletes one pod of a Deployment.
func (w *When) OnePodDeleted(name string) *When {
	w.T.Helper()
	pod := w.runningPods(name)[0].Name
	w.must(w.Cluster.Typed.CoreV1().Pods(w.Namespace).
		Delete(context.Background(), pod, metav1.DeleteOptions{}))
	return w
}

// ConfigMapChanged replaces the data of a ConfigMap. Running pods keep their environment.
func (w *When) ConfigMapChanged(name string, data map[string]string) *When {
	w.T.Helper()
	object := &core.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}
	_, err := w.Cluster.Typed.CoreV1().ConfigMaps(w.Namespace).
		Update(context.Background(), object, metav1.UpdateOptions{})
	w.must(err)
	return w
}

// NamespaceLabelled sets a label of the scenario's namespace.
func (w *When) NamespaceLabelled(key, value string) *When {
	w.T.Helper()
	patch := fmt.Sprintf(`{"metadata":{"labels":{%q:%q}}}`, key, value)
	_, err := w.Cluster.Typed.CoreV1().Namespaces().Patch(context.Background(), w.Namespace,
		types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: fieldManager})
	w.must(err)
	return w
}

// PodQuota creates or changes a ResourceQuota that allows this number of pods in the namespace.
func (w *When) PodQuota(pods string) *When {
	w.T.Helper()
	hard := core.ResourceList{core.ResourcePods: resource.MustParse(pods)}
	quotas := w.Cluster.Typed.CoreV1().ResourceQuotas(w.Namespace)
	patch := fmt.Sprintf(`{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"pods"},`+
		`"spec":{"hard":{"pods":%q}}}`, pods)
	force := true
	_, err := quotas.Patch(context.Background(), "pods", types.ApplyPatchType, []byte(patch),
		metav1.PatchOptions{FieldManager: fieldManager, Force: &force})
	w.must(err)
	w.eventually("the quota of "+pods+" pods is used", func(ctx context.Context) (bool, string) {
		quota, err := quotas.Get(ctx, "pods", metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		got, want := quota.Status.Hard[core.ResourcePods], hard[core.ResourcePods]
		return got.Equal(want), got.String()
	})
	return w
}

// ProgressDeadlineExceeded waits until the Deployment controller reports that the progress deadline
// of a Deployment is exceeded.
func (w *When) ProgressDeadlineExceeded(name string) *When {
	w.T.Helper()
	deployments := w.Cluster.Typed.AppsV1().Deployments(w.Namespace)
	what := "exceeded progress deadline of " + name
	w.eventually(what, func(ctx context.Context) (bool, string) {
		d, err := deployments.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		isExceeded := func(condition apps.DeploymentCondition) bool {
			return condition.Type == apps.DeploymentProgressing &&
				condition.Reason == "ProgressDeadlineExceeded"
		}
		return slices.ContainsFunc(d.Status.Conditions, isExceeded),
			fmt.Sprintf("%+v", d.Status.Conditions)
	})
	return w
}

// TimePassed waits for a time that a fault or a period of a policy must last.
func (w *When) TimePassed(duration time.Duration) *When {
	time.Sleep(duration)
	return w
}

// ImageLoaded loads an image of the test application into the node under this name. The image
// sets these environment variables, which a container can override.
func (w *When) ImageLoaded(name string, environment ...string) *When {
	w.T.Helper()
	w.must(w.Local().LoadDemoImage(name, environment...))
	return w
}

// HealthRequestsFailed waits until the pods of one version have failed at least this number of
// requests for /health.
func (w *When) HealthRequestsFailed(app App, count int) *When {
	w.T.Helper()
	return w.healthRequests(app, "fail", count)
}

// HealthRequestsPassed waits until the pods of one version have passed at least this number of
// requests for /health.
func (w *When) HealthRequestsPassed(app App, count int) *When {
	w.T.Helper()
	return w.healthRequests(app, "pass", count)
}

// MoreHealthRequestsPassed waits until the pods of one version have passed this number of requests
// for /health since the begin of this step.
func (w *When) MoreHealthRequestsPassed(app App, count int) *When {
	w.T.Helper()
	before := 0
	what := "the number of requests for /health of " + app.key()
	w.eventually(what, func(context.Context) (bool, string) {
		got, err := w.countHealthRequests(app, "pass")
		before = got
		return err == nil, fmt.Sprint(err)
	})
	return w.healthRequests(app, "pass", before+count)
}

func (w *When) healthRequests(app App, result string, count int) *When {
	w.T.Helper()
	what := fmt.Sprintf("%d requests for /health of %s with result %s", count, app.key(), result)
	w.eventually(what, func(context.Context) (bool, string) {
		got, err := w.countHealthRequests(app, result)
		if err != nil {
			return false, err.Error()
		}
		return got >= count, fmt.Sprintf("%d", got)
	})
	return w
}

func (w *When) countHealthRequests(app App, result string) (int, error) {
	w.T.Helper()
	total := 0
	for _, pod := range w.podsOfVersion(app) {
		page, err := tryGet(fmt.Sprintf("http://%s:%d/metrics", pod.Status.PodIP, knobPort))
		if err != nil {
			return 0, err
		}
		total += int(sumOf(page, "health_requests_total", fmt.Sprintf("result=%q", result)))
	}
	return total, nil
}

// InitContainerRestarted waits until an init container has crashed and was restarted at least this
// number of times.
func (w *When) InitContainerRestarted(name string, restarts int32) *When {
	w.T.Helper()
	what := fmt.Sprintf("%d restarts of an init container of %s", restarts, name)
	w.eventually(what, func(ctx context.Context) (bool, string) {
		pods, err := w.podsOf(ctx, name)
		if err != nil {
			return false, err.Error()
		}
		most := int32(0)
		for _, pod := range pods {
			for _, status := range pod.Status.InitContainerStatuses {
				most = max(most, status.RestartCount)
			}
		}
		return most >= restarts, fmt.Sprint(most)
	})
	return w
}
