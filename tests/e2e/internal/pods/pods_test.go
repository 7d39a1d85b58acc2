package pods

import (
	"slices"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func podOf(name string, phase core.PodPhase, ready core.ConditionStatus) core.Pod {
	return core.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
		Status: core.PodStatus{Phase: phase, PodIP: "10.244.0.20",
			Conditions: []core.PodCondition{{Type: core.PodReady, Status: ready}}},
	}
}

func TestTargetsAreTheRunningPodsWithTheirNames(t *testing.T) {
	without := podOf("without-address", core.PodRunning, core.ConditionFalse)
	without.Status.PodIP = ""
	got := Targets([]core.Pod{
		podOf("ready", core.PodRunning, core.ConditionTrue),
		podOf("unready", core.PodRunning, core.ConditionFalse),
		podOf("ended", core.PodFailed, core.ConditionFalse),
		podOf("starting", core.PodPending, core.ConditionFalse),
		without,
	}, 8080)
	var names []string
	for _, target := range got {
		names = append(names, target.Labels["pod"])
		if target.Address != "10.244.0.20:8080" || target.Labels["namespace"] != "shop" {
			t.Errorf("got %v", target)
		}
	}
	if !slices.Equal(names, []string{"ready", "unready"}) {
		t.Errorf("got %q", names)
	}
}

func TestLoadGoesToReadyPodsThatAreNotDeleted(t *testing.T) {
	deleted := podOf("deleted", core.PodRunning, core.ConditionTrue)
	deleted.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	for name, row := range map[string]struct {
		pod  core.Pod
		want int
	}{
		"ready":   {podOf("web", core.PodRunning, core.ConditionTrue), 1},
		"unready": {podOf("web", core.PodRunning, core.ConditionFalse), 0},
		"deleted": {deleted, 0},
		"new":     {core.Pod{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ReadyURLs([]core.Pod{row.pod}, 8080); len(got) != row.want {
				t.Errorf("got %q", got)
			}
		})
	}
}
