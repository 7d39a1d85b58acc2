// The rollout check: what Kubernetes itself says about a release. None of these has a health check.
package scenarios

import (
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

// Acted on in seconds, long before the progress deadline of ten minutes.
func TestARolloutThatCannotSucceedIsPutBack(t *testing.T) {
	t.Parallel()
	impatient := func(d *apps.Deployment) {
		seconds := int32(5)
		d.Spec.ProgressDeadlineSeconds = &seconds
	}
	const defaults, restartsTwice = "{}", "{rollout: {crashLoopRestarts: 2}}"
	v1 := story.NewApp("web", "v1")
	bad := v1.As("v2")
	for name, row := range map[string]struct {
		bad    story.App
		reason string
		policy string
	}{
		"a crash loop":                 {bad.Env("CRASH_AFTER", "0"), "CrashLoop", restartsTwice},
		"an image that does not exist": {bad.Image(story.EmptyRegistry(t) + "/demo-app:never-built"), "ImagePull", defaults},
		"a missing ConfigMap":          {bad.Edit(story.Needs("settings")), "ConfigError", defaults},
		"a missing key of a Secret":    {bad.Edit(needsSecret), "ConfigError", defaults},
		"the progress deadline":        {bad.Env("READY", "fail").Edit(story.ReadyBy("/ready")).Edit(impatient), "ProgressDeadlineExceeded", defaults},
		"too little memory":            {bad.Env("OOM", "true").Edit(littleMemory), "OOMKilled", restartsTwice},
	} {
		t.Run(name, func(t *testing.T) {
			s := story.New(t)
			s.Given().Policy("rollout", row.policy).RanBefore("rollout", v1)
			s.When().Shipped(row.bad)
			s.Then().IsPutBack(v1).BecauseOf("web", "rollout", row.reason).
				TemplateChangedBy("web", "person", "lastgood").
				EventSays("web", "RolledBack", "because check rollout is breached").
				StateIs("web", "Verifying", "RolledOut")
		})
	}
}

func TestPodsThatAreNotReadyAfterTheRolloutBreachIt(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Edit(story.Replicas(3)).Edit(story.ReadyBy("/ready"))
	s.Given().Policy("web", "{bakeTime: 10m, rollout: {unavailableFor: 4s}, rollback: {verifyFor: 2s}}").RanBefore("web", v1)
	s.When().Shipped(v1.As("v2")).Available("web")
	s.Then().StateIs("web", "Watching", "Baking")
	s.When().TurnedTo("READY=fail", "web")
	s.Then().IsPutBackAndVerified(v1).BecauseOf("web", "rollout", "NotReady").TemplateChangedBy("web", "person", "lastgood")
}

func needsSecret(d *apps.Deployment) {
	container := &d.Spec.Template.Spec.Containers[0]
	container.Env = append(container.Env, core.EnvVar{Name: "PASSWORD", ValueFrom: &core.EnvVarSource{
		SecretKeyRef: &core.SecretKeySelector{LocalObjectReference: core.LocalObjectReference{Name: "database"}, Key: "password"},
	}})
}

func littleMemory(d *apps.Deployment) {
	d.Spec.Template.Spec.Containers[0].Resources.Limits = core.ResourceList{core.ResourceMemory: resource.MustParse("32Mi")}
}
