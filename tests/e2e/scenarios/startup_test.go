// Start-up: a release that is slow is not bad. Kubernetes keeps traffic off a pod that is not
// ready, and the progress deadline of the Deployment decides. The rollback of a twin shows that the
// controller had the time to act.
package scenarios

import (
	"strconv"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// startupPolicy has limits for unready pods and for restarts. The slow starts of these tests exceed
// them.
const startupPolicy = longBakePolicy + "rollout: {unavailableFor: 4s, crashLoopRestarts: 2}\n"

func TestDoesNothingWhileHealthFailsBehindAReadinessProbe(t *testing.T) {
	s := scenario.New(t)
	v1 := scenario.NewApp("web", "v1").Guarded("web").Edit(scenario.ReadinessProbe("/health"))
	twin := scenario.NewApp("twin", "v1").Guarded("web")
	v2 := v1.As("v2").Env("HEALTH_AFTER", "45")
	s.Given().Policy("web", quickPolicy).Good(v1, twin)
	s.When().Applied(v2, twin.As("v2").Env("HEALTH_AFTER", "45"))
	s.Then().IsRestoredAndVerified(twin).
		IsGood(v2).HasNoControllerWrites("web").TemplateChangedBy("web", "user")
}

// The init container of v2 migrates a database that is not ready. The container of the twin
// crashes as often, and is not an init container.
func TestDoesNothingWhileAnInitContainerCrashes(t *testing.T) {
	s := scenario.New(t)
	database := scenario.NewApp("database", "v1")
	v1 := scenario.NewApp("web", "v1")
	twin := scenario.NewApp("twin", "v1")
	s.Given().Policy("web", startupPolicy).Running(database).Service("database", "database").
		PresumedGoodUnder("web", v1, twin)
	s.When().SetInRunningPods("database", "HEALTH=fail")
	v2 := v1.As("v2").Edit(initContainer(healthURLOf(s, "database")))
	s.When().Applied(v2, twin.As("v2").Env("CRASH_AFTER", "0")).InitContainerRestarted("web", 2)
	s.Then().IsRestored(twin).
		StateIs("web", "Evaluating", "RollingOut").
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	s.When().SetInRunningPods("database", "HEALTH=ok").Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking").HasNoControllerWrites("web")
}

func initContainer(url string) func(*apps.Deployment) {
	return func(d *apps.Deployment) {
		d.Spec.Template.Spec.InitContainers = []core.Container{{
			Name: "migration", Image: demoImage, Env: []core.EnvVar{{Name: "ONCE", Value: url}},
		}}
	}
}

// The start of a pod takes as long as the ConfigMap "speed" says, so that new pods of the same
// template can be slower than the first pods.
func slowStarter(version string) scenario.App {
	return scenario.NewApp("web", version).Edit(scenario.EnvFromConfigMap("speed")).
		Edit(scenario.ReadinessProbe("/ready")).Edit(scenario.Replicas(2))
}

func startDelay(delay time.Duration) map[string]string {
	return map[string]string{"START_DELAY": strconv.Itoa(int(delay.Seconds()))}
}

func TestDoesNothingWhenAPodStartsLateDuringTheBake(t *testing.T) {
	t.Parallel()
	for name, makeLate := range map[string]func(*scenario.Scenario){
		"replaced":  func(s *scenario.Scenario) { s.When().OnePodDeleted("web") },
		"scaled up": func(s *scenario.Scenario) { s.When().Scaled("web", 3) },
	} {
		t.Run(name, func(t *testing.T) {
			doNothingWhenAPodStartsLate(scenario.New(t), makeLate, 40*time.Second)
		})
		t.Run(name+", late by six minutes", func(t *testing.T) {
			doNothingWhenAPodStartsLate(scenario.NewLong(t), makeLate, 6*time.Minute)
		})
	}
}

func doNothingWhenAPodStartsLate(s *scenario.Scenario, makeLate func(*scenario.Scenario),
	delay time.Duration) {
	s.T.Helper()
	v1 := slowStarter("v1")
	s.Given().Policy("web", startupPolicy).ConfigMap("speed", startDelay(0)).
		PresumedGoodUnder("web", v1)
	s.When().Applied(v1.As("v2")).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking").CheckIs("web", "health", "Pass", "Passed")
	s.When().ConfigMapChanged("speed", startDelay(delay))
	makeLate(s)
	s.When().TimePassed(delay).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking").
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
	s.When().ConfigMapChanged("speed", startDelay(0)).SetInRunningPods("web", "HEALTH=fail")
	s.Then().IsRestored(v1).
		TemplateChangedBy("web", "user", "lastgood")
}

// The pod of v2 waits for a node for more than five minutes, and then starts slowly.
func TestDoesNothingWhileAHealthyReleaseWaitsForACordonedNode(t *testing.T) {
	s := scenario.NewLong(t)
	node := s.Given().ExtraNode()
	v1 := scenario.NewApp("web", "v1").Edit(scenario.On(node)).
		Edit(scenario.ReadinessProbe("/ready"))
	v2 := v1.As("v2").Env("START_DELAY", "40")
	s.Given().Policy("web", startupPolicy).PresumedGoodUnder("web", v1)
	s.When().NodeCordoned(node, true).Applied(v2).TimePassed(5*time.Minute+10*time.Second).
		NodeCordoned(node, false).Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking").
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
}

func TestDoesNothingWhenThePortOpensBeforeALongProgressDeadline(t *testing.T) {
	s := scenario.NewLong(t)
	v1 := scenario.NewApp("web", "v1").Edit(scenario.ReadinessProbe("/ready")).
		Edit(func(d *apps.Deployment) {
			seconds := int32(1800)
			d.Spec.ProgressDeadlineSeconds = &seconds
		})
	s.Given().Policy("web", startupPolicy).PresumedGoodUnder("web", v1)
	s.When().Applied(v1.As("v2").Env("START_DELAY", "345")).TimePassed(345 * time.Second).
		Available("web")
	s.Then().StateIs("web", "Evaluating", "Baking").
		HasNoControllerWrites("web").TemplateChangedBy("web", "user")
}
