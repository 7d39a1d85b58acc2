// Faults of the cluster: the message names the fault, and the release is not blamed for it.
package scenarios

import (
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// severalRolloutChecks is a time in which the rollout is checked at least twice.
const severalRolloutChecks = 5 * time.Second

// kubelet reports a missing ConfigMap of a volume only in an Event, and the pod stays in
// ContainerCreating.
func TestRollsBackAndNamesTheConfigMapThatAVolumeNeeds(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1")
	s.Given().Policy("web", "{}").PresumedGoodUnder("web", v1)
	s.When().Applied(v1.As("v2").Edit(volumeFromConfigMap("settings")))
	s.Then().IsRestored(v1).CausedByCheck("web", "rollout", "ConfigError").
		HasEvent("web", "RolledBack", "ConfigMap settings").
		TemplateChangedBy("web", "user", "lastgood")
}

func volumeFromConfigMap(name string) func(*apps.Deployment) {
	return func(d *apps.Deployment) {
		spec := &d.Spec.Template.Spec
		spec.Volumes = []core.Volume{{Name: name, VolumeSource: core.VolumeSource{
			ConfigMap: &core.ConfigMapVolumeSource{
				LocalObjectReference: core.LocalObjectReference{Name: name},
			},
		}}}
		spec.Containers[0].VolumeMounts = []core.VolumeMount{
			{Name: name, MountPath: "/settings"},
		}
	}
}

// The quota has no room for the additional pod of the release, and no old pod may be removed. The
// hold begins after 20 s without the pod, and continues after the progress deadline. When the quota
// has room, the pod has the whole deadline to start.
func TestHoldsWithTheWordsOfTheQuotaWhenItIsFull(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Edit(func(d *apps.Deployment) {
		seconds, none, one := int32(30), intstr.FromInt32(0), intstr.FromInt32(1)
		d.Spec.ProgressDeadlineSeconds = &seconds
		d.Spec.Strategy.RollingUpdate = &apps.RollingUpdateDeployment{
			MaxUnavailable: &none, MaxSurge: &one,
		}
	})
	s.Given().Policy("web", quickPolicy).PresumedGoodUnder("web", v1)
	s.When().PodQuota("1").Applied(v1.As("v2"))
	s.Then().IsHeld("web", "ClusterFault", "exceeded quota", "pods=1").
		HasRollbackObjects("web", 0).HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	s.When().ProgressDeadlineExceeded("web").TimePassed(severalRolloutChecks)
	s.Then().StateIs("web", "Held", "ClusterFault").
		HasRollbackObjects("web", 0).HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	s.When().PodQuota("10")
	s.Then().IsGood(v1.As("v2")).HasNoControllerWrites("web")
}

// One of two nodes fails during the bake. Its pods do not respond, and are not ready after a while.
// The rollback of a twin on another node shows that the controller had the time to act.
func TestDoesNothingAndNamesTheNodeWhenANodeIsLost(t *testing.T) {
	s := scenario.New(t)
	stays, lost := s.Given().ExtraNode(), s.Given().ExtraNode()
	v1 := scenario.NewApp("web", "v1").Edit(scenario.Replicas(2)).
		Edit(scenario.On(stays, lost)).Edit(scenario.ReadinessProbe("/ready"))
	twin := scenario.NewApp("twin", "v1")
	s.Given().Policy("web", startupPolicy).PresumedGoodUnder("web", v1, twin)
	s.When().Applied(v1.As("v2"), twin.As("v2")).Available("web").Available("twin")
	s.Then().StateIs("web", "Evaluating", "Baking").CheckIs("web", "health", "Pass", "Passed").
		StateIs("twin", "Evaluating", "Baking")
	s.When().NodeLost(lost)
	s.Then().CheckMentions("web", "health", lost.Name())
	s.When().NodeNotReady(lost).SetInRunningPods("twin", "HEALTH=fail")
	s.Then().IsRestoredAndVerified(twin).
		StateIs("web", "Evaluating", "").HasRollbackObjects("web", 0).
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
}
