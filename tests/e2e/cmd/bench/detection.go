package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"lastgood.dev/tests/e2e/internal/client"
	"lastgood.dev/tests/e2e/internal/load"
	"lastgood.dev/tests/e2e/internal/monitoring"
	"lastgood.dev/tests/e2e/internal/pods"
)

const (
	// The ports of the test application.
	appPort, knobPort = 8080, 8081

	detectionRounds   = 3
	detectionInterval = 2 * time.Second
	detectionLimit    = 0.05
	// badRatio is the part of the requests that a bad release answers with 500.
	badRatio      = "0.2"
	loadPerSecond = 50
	// detectionQuery is the error ratio of the pods of one revision. The controller, or
	// awaitBadValue, replaces the variables.
	detectionQuery = `(sum(rate(http_requests_total{namespace="$namespace",pod=~"$pods",` +
		`code=~"5.."}[10s])) or vector(0)) / ` +
		`sum(rate(http_requests_total{namespace="$namespace",pod=~"$pods"}[10s]))`
)

// detection is a guarded Deployment under load, and the Prometheus that measures it.
type detection struct {
	*bench
	server *monitoring.Prometheus
	// rollbacks is the number of Rollbacks until now.
	rollbacks int
}

// measureDetection prints how long it takes from the first bad value in Prometheus until the API
// server has accepted the patch, for checks with different `for`.
func measureDetection(ctx context.Context, o options) error {
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	server, remove, err := startPrometheus(o.prometheus)
	if err != nil {
		return err
	}
	defer remove()
	d := &detection{bench: b, server: server}
	defer pods.Follow(b, b.namespace, server, appPort, func(error) {})()
	generator := load.Start(loadPerSecond, d.urls)
	defer generator.Stop()
	if err := d.prepare(ctx); err != nil {
		return err
	}
	for _, hold := range []time.Duration{0, 10 * time.Second} {
		if err := d.setFor(ctx, hold); err != nil {
			return err
		}
		var times []string
		for range detectionRounds {
			took, err := d.round(ctx)
			if err != nil {
				return err
			}
			times = append(times, fmt.Sprintf("%5.2f s", took.Seconds()))
		}
		what := fmt.Sprintf("first bad value to patch, `for` %.0fs", hold.Seconds())
		bound := hold + detectionInterval + time.Second
		fmt.Printf("%-33s %s   (bound %.0f s: `for`, one interval of %.0f s, and 1 s)\n", what,
			strings.Join(times, "   "), bound.Seconds(), detectionInterval.Seconds())
	}
	return nil
}

func (d *detection) check(hold time.Duration) map[string]any {
	return map[string]any{
		"name": "errors", "interval": detectionInterval.String(), "failureThreshold": int64(1),
		"for": hold.String(),
		"prometheus": map[string]any{
			"address": d.server.URL(), "query": detectionQuery,
			"failIf": fmt.Sprintf("> %g", detectionLimit),
		},
	}
}

// prepare creates the policy and the Deployment.
func (d *detection) prepare(ctx context.Context) error {
	err := d.createPolicy(ctx, map[string]any{
		"rollback": map[string]any{"verifyFor": "1s", "cooldown": "0s",
			"limit": map[string]any{"count": int64(20)}},
	})
	if err != nil {
		return err
	}
	guarded := d.deployment("guarded", 2)
	guarded.Annotations = map[string]string{"lastgood.dev/policy": "bench"}
	_, err = d.deployments().Create(ctx, guarded, metav1.CreateOptions{})
	return err
}

// setFor changes the check, and ships a release that becomes good: a check that has never passed
// rolls nothing back. The bake of this release is longer than the time until Prometheus scrapes new
// pods. The bake of the next releases is so long that it does not end.
func (d *detection) setFor(ctx context.Context, hold time.Duration) error {
	if err := d.setPolicy(ctx, hold, "15s"); err != nil {
		return err
	}
	if err := d.release(ctx); err != nil {
		return err
	}
	deployment, err := d.deployments().Get(ctx, "guarded", metav1.GetOptions{})
	if err != nil {
		return err
	}
	err = d.untilGuard(ctx, "a good release", func(guard *unstructured.Unstructured) bool {
		seen, _, _ := unstructured.NestedInt64(guard.Object, "status", "deploymentGeneration")
		reason, _, _ := unstructured.NestedString(guard.Object, "status", "reason")
		return seen == deployment.Generation && reason == "Good"
	})
	if err != nil {
		return err
	}
	return d.setPolicy(ctx, hold, "1h")
}

func (d *detection) setPolicy(ctx context.Context, hold time.Duration, bake string) error {
	patch, err := json.Marshal(map[string]any{
		"spec": map[string]any{"bakeTime": bake, "checks": []any{d.check(hold)}},
	})
	if err != nil {
		return err
	}
	return d.patchPolicy(ctx, string(patch))
}

// release ships a release and waits for the end of its rollout.
func (d *detection) release(ctx context.Context) error {
	patch := fmt.Sprintf(`[{"op":"add","path":"/spec/template/metadata/annotations",`+
		`"value":{"at":"%d"}}]`, time.Now().UnixNano())
	if err := d.patch(ctx, "guarded", patch); err != nil {
		return err
	}
	f := fleet{bench: d.bench, count: 1}
	return d.untilWithin(ctx, fleetLimit, pollInterval, "the rollout", f.isComplete)
}

// round ships a good release, makes its running pods bad, and returns the time from the first bad
// value until the patch.
func (d *detection) round(ctx context.Context) (time.Duration, error) {
	if err := d.release(ctx); err != nil {
		return 0, err
	}
	if err := d.untilGuard(ctx, "a release that passes its check", passesItsCheck); err != nil {
		return 0, err
	}
	found, err := d.podsOfDeployment(ctx)
	if err != nil {
		return 0, err
	}
	// The status has just changed, so the next query is an interval away. The errors begin at a
	// random time between two queries.
	if err := sleep(ctx, rand.N(detectionInterval)); err != nil {
		return 0, err
	}
	if err := setBad(ctx, found); err != nil {
		return 0, err
	}
	firstBad, err := d.awaitBadValue(ctx, found)
	if err != nil {
		return 0, err
	}
	patched, err := d.awaitRollback(ctx)
	return patched.Sub(firstBad), err
}

func passesItsCheck(guard *unstructured.Unstructured) bool {
	state, _, _ := unstructured.NestedString(guard.Object, "status", "state")
	checks, _, _ := unstructured.NestedSlice(guard.Object, "status", "checks")
	for _, check := range checks {
		fields, isObject := check.(map[string]any)
		if isObject && fields["name"] == "errors" && fields["result"] == "Pass" {
			return state == "Evaluating"
		}
	}
	return false
}

// awaitBadValue queries Prometheus until the value is over the limit, and returns the time of that
// query.
func (d *detection) awaitBadValue(ctx context.Context, found []corev1.Pod) (time.Time, error) {
	var names []string
	for i := range found {
		names = append(names, found[i].Name)
	}
	query := strings.NewReplacer("$namespace", d.namespace, "$pods", strings.Join(names, "|")).
		Replace(detectionQuery)
	var queried time.Time
	err := d.until(ctx, "a bad value in Prometheus", func() (bool, error) {
		queried = time.Now()
		series, err := d.server.Query(query)
		return err == nil && len(series) == 1 && series[0].Value > detectionLimit, nil
	})
	return queried, err
}

// awaitRollback waits for the next Rollback and its verification. It returns the time of the patch.
func (d *detection) awaitRollback(ctx context.Context) (time.Time, error) {
	d.rollbacks++
	var patched time.Time
	err := d.until(ctx, "the Rollback", func() (bool, error) {
		list, err := d.Dynamic.Resource(client.Rollbacks).Namespace(d.namespace).
			List(ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) != d.rollbacks {
			return false, err
		}
		newest := newestOf(list.Items)
		phase, _, _ := unstructured.NestedString(newest.Object, "status", "phase")
		if phase != "Succeeded" {
			return false, nil
		}
		text, _, _ := unstructured.NestedString(newest.Object, "status", "templateRestored")
		patched, err = time.Parse(time.RFC3339Nano, text)
		return true, err
	})
	return patched, err
}

func (d *detection) untilGuard(ctx context.Context, what string,
	isReached func(*unstructured.Unstructured) bool,
) error {
	guards := d.Dynamic.Resource(client.Guards).Namespace(d.namespace)
	return d.until(ctx, what, func() (bool, error) {
		guard, err := guards.Get(ctx, "guarded", metav1.GetOptions{})
		// The guard may not exist yet.
		return err == nil && isReached(guard), nil
	})
}

// podsOfDeployment returns the pods that are not being deleted.
func (d *detection) podsOfDeployment(ctx context.Context) ([]corev1.Pod, error) {
	list, err := d.CoreV1().Pods(d.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var found []corev1.Pod
	for _, pod := range list.Items {
		if pod.DeletionTimestamp == nil {
			found = append(found, pod)
		}
	}
	return found, nil
}

func (d *detection) urls(ctx context.Context) ([]string, error) {
	found, err := d.podsOfDeployment(ctx)
	return pods.ReadyURLs(found, appPort), err
}

// setBad makes the running pods answer some requests with an error.
func setBad(ctx context.Context, found []corev1.Pod) error {
	if len(found) == 0 {
		return errors.New("the release has no pods")
	}
	for i := range found {
		url := fmt.Sprintf("http://%s:%d/set?ERROR_RATIO=%s", found[i].Status.PodIP, knobPort,
			badRatio)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("POST %s: %s", url, response.Status)
		}
	}
	return nil
}
