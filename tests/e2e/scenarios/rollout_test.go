// The rollout check, which uses only the status that Kubernetes reports. These scenarios have no
// health check.
package scenarios

import (
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

func TestRollsBackWhenARolloutCannotSucceed(t *testing.T) {
	t.Parallel()
	const defaultPolicy = "{}"
	const breachAfterTwoRestarts = "{rollout: {crashLoopRestarts: 2}}"
	v1 := scenario.NewApp("web", "v1")
	bad := v1.As("v2")
	neverReady := bad.Env("READY", "fail").
		Edit(scenario.ReadinessProbe("/ready")).Edit(setShortDeadline)
	withoutConfigMap := bad.Edit(scenario.EnvFromConfigMap("settings"))
	outOfMemory := bad.Env("OOM", "true").Edit(limitMemory)
	missingImage := scenario.EmptyRegistry(t) + "/demo-app:never-built"
	for name, row := range map[string]struct {
		bad    scenario.App
		reason string
		policy string
	}{
		"crash loop":        {bad.Env("CRASH_AFTER", "0"), "CrashLoop", breachAfterTwoRestarts},
		"missing image":     {bad.Image(missingImage), "ImagePull", defaultPolicy},
		"missing ConfigMap": {withoutConfigMap, "ConfigError", defaultPolicy},
		"missing Secret":    {bad.Edit(needSecret), "ConfigError", defaultPolicy},
		"progress deadline": {neverReady, "ProgressDeadlineExceeded", defaultPolicy},
		"too little memory": {outOfMemory, "OOMKilled", breachAfterTwoRestarts},
	} {
		t.Run(name, func(t *testing.T) {
			s := scenario.New(t)
			s.Given().Policy("rollout", row.policy).PresumedGoodUnder("rollout", v1)
			s.When().Applied(row.bad)
			s.Then().IsRestored(v1).CausedByCheck("web", "rollout", row.reason).
				TemplateChangedBy("web", "user", "lastgood").
				HasEvent("web", "RolledBack", "rollout").
				StateIs("web", "Verifying", "RolledOut")
		})
	}
}

func TestRollsBackWhenPodsAreNotReadyAfterTheRollout(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").
		Edit(scenario.Replicas(3)).Edit(scenario.ReadinessProbe("/ready"))
	s.Given().
		Policy("web", "{bakeTime: 10m, rollout: {unavailableFor: 4s}, rollback: {verifyFor: 2s}}").
		PresumedGoodUnder("web", v1)
	s.When().Applied(v1.As("v2")).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking")
	s.When().SetInRunningPods("web", "READY=fail")
	s.Then().IsRestoredAndVerified(v1).CausedByCheck("web", "rollout", "NotReady").
		TemplateChangedBy("web", "user", "lastgood")
}

func setShortDeadline(d *apps.Deployment) {
	seconds := int32(5)
	d.Spec.ProgressDeadlineSeconds = &seconds
}

func needSecret(d *apps.Deployment) {
	source := &core.EnvVarSource{SecretKeyRef: &core.SecretKeySelector{
		LocalObjectReference: core.LocalObjectReference{Name: "database"}, Key: "password",
	}}
	container := &d.Spec.Template.Spec.Containers[0]
	container.Env = append(container.Env, core.EnvVar{Name: "PASSWORD", ValueFrom: source})
}

func limitMemory(d *apps.Deployment) {
	limits := core.ResourceList{core.ResourceMemory: resource.MustParse("32Mi")}
	d.Spec.Template.Spec.Containers[0].Resources.Limits = limits
}
