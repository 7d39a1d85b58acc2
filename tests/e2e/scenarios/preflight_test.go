// Preflight: before a rollback is needed, the controller finds out whether the rollback would work.
// The controller does not begin a rollback that would not work. The rollback of a twin shows that
// the controller had the time to act.
package scenarios

import (
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// outOfSupport is the message of the admission policies that deny the target of a rollback.
const outOfSupport = "version v1 is out of support"

func TestHoldsWhileTheTargetsConfigMapIsMissing(t *testing.T) {
	s := scenario.New(t)
	settings := map[string]string{"color": "blue"}
	v1 := scenario.NewApp("web", "v1").Edit(scenario.EnvFromConfigMap("settings"))
	twin := scenario.NewApp("twin", "v1")
	s.Given().Policy("web", longBakePolicy).ConfigMap("settings", settings).
		PresumedGoodUnder("web", v1, twin)
	s.When().ConfigMapDeleted("settings").
		Applied(scenario.NewApp("web", "v2"), twin.As("v2")).Available("web").Available("twin")
	s.Then().HasCondition("twin", "RollbackReady", "True", "Ready", "revision 1").
		HasCondition("web", "RollbackReady", "False", "MissingReference",
			"revision 1", "ConfigMap settings").
		StateIs("web", "Evaluating", "Baking").StateIs("twin", "Evaluating", "Baking")
	s.When().SetInRunningPods("web", "HEALTH=fail").SetInRunningPods("twin", "HEALTH=fail")
	s.Then().IsHeld("web", "MissingReference", "revision 1", "ConfigMap settings").
		IsRestoredAndVerified(twin).
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	s.When().ConfigMap("settings", settings)
	s.Then().IsRestoredAndVerified(v1).TemplateChangedBy("web", "user", "lastgood")
}

// The controller reports the message of the admission policy. It creates no Rollback while the
// template would be denied.
func TestHoldsWhileAdmissionDeniesTheTarget(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1")
	s.Given().Policy("web", longBakePolicy).PresumedGoodUnder("web", v1)
	allow := s.When().VersionDenied(v1, outOfSupport)
	s.When().Applied(v1.As("v2")).Available("web")
	s.Then().
		HasCondition("web", "RollbackReady", "False", "AdmissionDenied",
			"revision 1", outOfSupport).
		StateIs("web", "Evaluating", "Baking")
	s.When().SetInRunningPods("web", "HEALTH=fail")
	s.Then().IsHeld("web", "AdmissionDenied", "revision 1", outOfSupport).
		HasRollbacks("web", 0).HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	allow()
	s.Then().IsRestoredAndVerified(v1).TemplateChangedBy("web", "user", "lastgood")
}

// The last preflight passed. The admission policy is created shortly before the breach.
func TestHoldsWhenAdmissionDeniesTheTargetShortlyBeforeTheBreach(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1")
	s.Given().Policy("web", longBakePolicy).PresumedGoodUnder("web", v1)
	s.When().Applied(v1.As("v2")).Available("web")
	s.Then().HasCondition("web", "RollbackReady", "True", "Ready").
		StateIs("web", "Evaluating", "Baking")
	allow := s.When().VersionDenied(v1, outOfSupport)
	s.When().SetInRunningPods("web", "HEALTH=fail")
	s.Then().StateIs("web", "Held", "AdmissionDenied").
		HasCondition("web", "Stalled", "True", "AdmissionDenied", outOfSupport).
		HasCondition("web", "RollbackReady", "False", "AdmissionDenied", outOfSupport).
		TemplateChangedBy("web", "user")
	allow()
	s.Then().IsRestoredAndVerified(v1).TemplateChangedBy("web", "user", "lastgood")
}

// The pods of v1 violate the pod security standard that the namespace gets before v2 is released.
// The API server admits the Deployment of v1 with a warning, but would not admit its pods.
func TestHoldsWhenTheNamespaceRejectsThePodsOfTheTarget(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1")
	s.Given().Policy("web", longBakePolicy).PresumedGoodUnder("web", v1)
	s.When().NamespaceLabelled("pod-security.kubernetes.io/enforce", "restricted").
		Applied(v1.As("v2").Edit(restricted)).Available("web")
	s.Then().HasCondition("web", "RollbackReady", "False", "PodSecurityViolation",
		"violates PodSecurity").
		StateIs("web", "Evaluating", "Baking")
	s.When().SetInRunningPods("web", "HEALTH=fail")
	s.Then().IsHeld("web", "PodSecurityViolation", "violates PodSecurity", "restricted").
		HasRollbacks("web", 0).HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	s.When().NamespaceLabelled("pod-security.kubernetes.io/enforce", "privileged")
	s.Then().IsRestoredAndVerified(v1)
}

// restricted is an edit: the pods comply with the pod security standard "restricted".
func restricted(d *apps.Deployment) {
	yes, no := true, false
	d.Spec.Template.Spec.SecurityContext = &core.PodSecurityContext{
		RunAsNonRoot:   &yes,
		SeccompProfile: &core.SeccompProfile{Type: core.SeccompProfileTypeRuntimeDefault},
	}
	d.Spec.Template.Spec.Containers[0].SecurityContext = &core.SecurityContext{
		AllowPrivilegeEscalation: &no,
		Capabilities:             &core.Capabilities{Drop: []core.Capability{"ALL"}},
	}
}

// Both releases have the same tag, and the registry has replaced the image of this tag. The old
// template would run the new image.
func TestHoldsWhenTheTagOfTheTargetHasAnotherImage(t *testing.T) {
	s := scenario.New(t)
	image := "lastgood.dev/" + s.Namespace + ":latest"
	s.When().ImageLoaded(image, "BUILD=1")
	v1 := scenario.NewApp("web", "v1").Image(image).
		Edit(scenario.Container(func(c *core.Container) { c.ImagePullPolicy = core.PullNever }))
	twin := scenario.NewApp("twin", "v1").Guarded("web")
	s.Given().Policy("web", quickPolicy).Good(v1.Guarded("web"), twin)
	s.When().ImageLoaded(image, "BUILD=2", "HEALTH=fail").
		Applied(v1.Guarded("web").As("v2"), twin.As("v2").Env("HEALTH", "fail"))
	s.Then().IsHeld("web", "SameImage", image).
		IsRestoredAndVerified(twin).StateIs("web", "Held", "SameImage").
		HasRollbackObjects("web", 0).HasNoControllerWrites("web").TemplateChangedBy("web", "user")
}
