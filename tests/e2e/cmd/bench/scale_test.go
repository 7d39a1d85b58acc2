package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

func TestNumbersAfterThePartsAreTheSizes(t *testing.T) {
	names, sizes, err := splitSizes([]string{"scale", "500", "2000"})
	if err != nil || !slices.Equal(names, []string{"scale"}) ||
		!slices.Equal(sizes, []int{500, 2000}) {
		t.Errorf("got %v, %v, %v", names, sizes, err)
	}
	for _, wrong := range [][]string{{"0"}, {"-5"}, {"20001"}, {"2000", "500"}, {"500", "500"}} {
		if _, _, err := splitSizes(wrong); err == nil {
			t.Errorf("%v was accepted", wrong)
		}
	}
}

func TestScaleRunsOnlyByItsName(t *testing.T) {
	has := func(names ...string) bool {
		chosen, err := chooseParts(names)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(chosen, func(p part) bool { return p.name == "scale" })
	}
	if has() || has("pods") || !has("scale") {
		t.Error("the part scale was chosen without its name, or not chosen with it")
	}
}

func TestLineComparesTheFigureWithItsBudget(t *testing.T) {
	for want, l := range map[string]line{
		"budget 40.0: met":     {value: 40, unit: "MB", budget: 40},
		"budget 40.0: not met": {value: 40.1, unit: "MB", budget: 40},
		"(3 samples)":          {value: 1, note: "3 samples"},
	} {
		if got := l.String(); !strings.Contains(got, want) {
			t.Errorf("%q does not contain %q", got, want)
		}
	}
	if got := (line{value: 7}).String(); strings.Contains(got, "budget") {
		t.Errorf("a line without a budget is %q", got)
	}
}

func TestMemoryBudgetGrowsWithTheDeployments(t *testing.T) {
	if got := memoryBudget(steadyBudget, 2000); got != 40_000_000 {
		t.Errorf("got %g for 2,000", got)
	}
	if got := memoryBudget(steadyBudget, 10_000); got != 104_000_000 {
		t.Errorf("got %g for 10,000", got)
	}
}

func TestAddressIsReadFromTheLog(t *testing.T) {
	const log = "{\"message\":\"x\"}\nno JSON\n{\"message\":\"serving\",\"port\":4711}\n"
	if got := addressInLog(log); got != "127.0.0.1:4711" {
		t.Errorf("got %q", got)
	}
	if got := addressInLog("{\"message\":\"x\"}\n"); got != "" {
		t.Errorf("got %q without a port", got)
	}
}

func TestReplicaSetsOfADeploymentDifferAndAreAsLargeAsUsual(t *testing.T) {
	owner := scaleDeployment(7)
	seen := map[string]bool{}
	for release := 1; release <= scaleRevisions; release++ {
		set := scaleReplicaSet(owner, release, 0)
		if seen[set.Name] || set.Labels[hashLabel] == "" {
			t.Errorf("release %d has the ReplicaSet %q", release, set.Name)
		}
		seen[set.Name] = true
		text, err := json.Marshal(set)
		// The API server adds about 2,700 bytes of managedFields.
		if err != nil || len(text) < 1800 || len(text) > 3000 {
			t.Errorf("release %d has %d bytes, error %v", release, len(text), err)
		}
	}
}

func TestParallelCallsEachNumberOnceAndReturnsTheFirstError(t *testing.T) {
	var sum atomic.Int64
	err := parallel(context.Background(), 8, 10, 20, func(_ context.Context, n int) error {
		sum.Add(int64(n))
		return nil
	})
	if err != nil || sum.Load() != 145 {
		t.Errorf("got %d, %v", sum.Load(), err)
	}
	broken := errors.New("broken")
	err = parallel(context.Background(), 2, 0, 1000, func(_ context.Context, n int) error {
		if n == 3 {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestRequestsAreCountedByMethod(t *testing.T) {
	got := window{duration: 2 * time.Second, requests: map[string]float64{"GET": 4, "PATCH": 3}}
	if got.total() != 7 || got.perSecond() != 3.5 || got.byMethod() != "GET 4, PATCH 3" {
		t.Errorf("got %g, %g, %q", got.total(), got.perSecond(), got.byMethod())
	}
}

func TestRolloutOfAReleaseIsNotComplete(t *testing.T) {
	deployment := scaleDeployment(1)
	if status := completeStatus(deployment, "x"); status.UnavailableReplicas != 0 ||
		status.UpdatedReplicas != scaleReplicas {
		t.Errorf("a complete rollout has the status %+v", status)
	}
	status := rollingStatus(deployment, "web-1")
	if status.UpdatedReplicas != 1 || status.Replicas != scaleReplicas+1 ||
		status.UnavailableReplicas != 1 || status.Conditions[1].Reason != "ReplicaSetUpdated" {
		t.Errorf("a release has the status %+v", status)
	}
}

func TestNextRevisionFollowsTheAnnotation(t *testing.T) {
	deployment := scaleDeployment(1)
	if got := nextRevision(deployment); got != "10" {
		t.Errorf("got %s", got)
	}
	deployment.Annotations[revisionKey] = "x"
	if got := nextRevision(deployment); got != "1" {
		t.Errorf("got %s after an invalid revision", got)
	}
}

func TestRestoredDeploymentHasTheGoodRelease(t *testing.T) {
	deployment := scaleDeployment(1)
	deployment.Spec.Template = scaleTemplate(deployment.Name, scaleRevisions)
	if !isRestored(deployment) {
		t.Error("the good release is not recognized")
	}
	deployment.Spec.Template = scaleTemplate(deployment.Name, scaleRevisions+1)
	if isRestored(deployment) {
		t.Error("a bad release counts as the good one")
	}
}

func TestCrashedContainerWaitsForItsRestart(t *testing.T) {
	var patch struct{ Status corev1.PodStatus }
	if err := json.Unmarshal([]byte(crashPatch(time.Now())), &patch); err != nil {
		t.Fatal(err)
	}
	container := patch.Status.ContainerStatuses[0]
	if container.State.Waiting == nil || container.State.Waiting.Reason != "CrashLoopBackOff" ||
		container.RestartCount < 3 || container.LastTerminationState.Terminated == nil {
		t.Errorf("got %+v", container)
	}
}
