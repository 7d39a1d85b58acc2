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

// The controller acts within seconds; the default progress deadline is ten minutes.
func TestRollsBackWhenARolloutCannotSucceed(t *testing.T) {
	t.Parallel()
	const defaults, restartsTwice = "{}", "{rollout: {crashLoopRestarts: 2}}"
	v1 := scenario.NewApp("web", "v1")
	bad := v1.As("v2")
	neverReady := bad.Env("READY", "fail").
		Edit(scenario.ReadinessProbe("/ready")).Edit(setShortDeadline)
	withoutConfigMap := bad.Edit(scenario.EnvFromConfigMap("settings"))
	missingImage := scenario.EmptyRegistry(t) + "/demo-app:never-built"
	for name, row := range map[string]struct {
		bad    scenario.App
		reason string
		policy string
	}{
		"crash loop":        {bad.Env("CRASH_AFTER", "0"), "CrashLoop", restartsTwice},
		"missing image":     {bad.Image(missingImage), "ImagePull", defaults},
		"missing ConfigMap": {withoutConfigMap, "ConfigError", defaults},
		"missing Secret":    {bad.Edit(needSecret), "ConfigError", defaults},
		"progress deadline": {neverReady, "ProgressDeadlineExceeded", defaults},
		"too little memory": {bad.Env("OOM", "true").Edit(limitMemory), "OOMKilled", restartsTwice},
	} {
		t.Run(name, func(t *testing.T) {
			s := scenario.New(t)
			s.Given().Policy("rollout", row.policy).PresumedGood("rollout", v1)
			s.When().Applied(row.bad)
			s.Then().IsRolledBack(v1).CausedByCheck("web", "rollout", row.reason).
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
		PresumedGood("web", v1)
	s.When().Applied(v1.As("v2")).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking")
	s.When().KnobSet("READY=fail", "web")
	s.Then().IsRolledBackAndVerified(v1).CausedByCheck("web", "rollout", "NotReady").
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
