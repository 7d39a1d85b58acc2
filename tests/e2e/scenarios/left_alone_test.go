// When nothing is done. Each time a twin that is not spared gets the same bad release a little later: once the twin is back,
// the controller has had the time to act on the other, and the audit log says that it did not.
package scenarios

import (
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

func TestADeploymentThatIsScaledToZeroIsLeftAlone(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	twin := v1.Named("twin")
	s.Given().Policy("web", quick).Good(v1, twin)
	s.When().Shipped(v1.As("v2").Env("HEALTH", "fail").Edit(story.Replicas(0))).Shipped(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().StateIs("web", "Watching", "ScaledToZero").IsPutBackAndVerified(twin).
		StateIs("web", "Watching", "ScaledToZero").NothingWasDoneTo("web").TemplateChangedBy("web", "person")
	s.When().Scaled("web", 1)
	s.Then().IsPutBack(v1)
}

func TestAPausedDeploymentIsLeftAloneUntilItIsResumed(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1")
	twin := v1.Named("twin")
	s.Given().Policy("web", long).RanBefore("web", v1, twin)
	s.When().Shipped(v1.As("v2"), twin.As("v2")).Available("web").Available("twin")
	s.Then().StateIs("web", "Watching", "Baking").StateIs("twin", "Watching", "Baking")
	s.When().Paused("web", true).TurnedTo("HEALTH=fail", "web").TurnedTo("HEALTH=fail", "twin")
	s.Then().StateIs("web", "Held", "DeploymentPaused").
		EventSays("web", "RollbackHeld", "DeploymentPaused", "kubectl rollout resume").
		IsPutBackAndVerified(twin).NothingWasDoneTo("web").TemplateChangedBy("web", "person")
	s.When().Paused("web", false)
	s.Then().IsPutBack(v1).TemplateChangedBy("web", "person", "lastgood")
}

func TestASuspendedPolicyDoesNothing(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	twin := v1.Named("twin").Guarded("twins")
	s.Given().Policy("web", quick).Policy("twins", quick).Good(v1, twin)
	s.When().Policy("web", "suspend: true"+quick)
	s.Then().ConditionSays("web", "Governed", "True", "Suspended", "nothing is done").EventSays("web", "Suspended", "nothing is done")
	s.When().Shipped(v1.As("v2").Env("HEALTH", "fail")).Shipped(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().IsPutBackAndVerified(twin).StateIs("web", "Watching", "Suspended").NothingWasDoneTo("web").TemplateChangedBy("web", "person")
	s.When().Policy("web", quick)
	s.Then().IsPutBack(v1)
}

// Without a startup probe a container counts as started as soon as it runs. That it refuses before it is ready says nothing; the
// twin has no readiness probe, so it is ready at once.
func TestAnApplicationThatTakesLongToStartIsLeftAlone(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web").Edit(story.ReadyBy("/ready"))
	twin := story.NewApp("twin", "v1").Guarded("web")
	s.Given().Policy("web", quick).Good(v1, twin)
	s.When().Shipped(v1.As("v2").Env("START_DELAY", "10"), twin.As("v2").Env("START_DELAY", "10"))
	s.Then().IsPutBackAndVerified(twin).IsGood(v1.As("v2")).NothingWasDoneTo("web").TemplateChangedBy("web", "person")
}

// An image that nobody has is the release's fault, which the twin shows; a registry that is down is not.
func TestAReleaseWhoseRegistryIsDownIsLeftAlone(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1")
	twin := v1.Named("twin")
	s.Given().Policy("web", "{}").RanBefore("web", v1, twin)
	s.When().Shipped(v1.As("v2").Image(story.BusyRegistry(t)+"/demo-app:v2"), twin.As("v2").Image(story.EmptyRegistry(t)+"/demo-app:v2"))
	s.Then().IsPutBack(twin).BecauseOf("twin", "rollout", "ImagePull").StateIs("web", "Watching", "RollingOut").
		CheckSays("web", "rollout", "Unknown", "RegistryUnavailable").NothingWasDoneTo("web").TemplateChangedBy("web", "person")
}

const pauseKey = "lastgood.dev/pause-until"

func TestUntilThePauseIsTakenBackNothingIsDone(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	twin := v1.Named("twin")
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	s.Given().Policy("web", quick).Good(v1, twin)
	s.When().Annotated("web", pauseKey, until).Shipped(v1.As("v2").Env("HEALTH", "fail")).Shipped(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().Holds("web", "PausedUntil", "lastgood.dev/pause-until says to leave it alone until "+until).
		IsPutBackAndVerified(twin).StateIs("web", "Held", "PausedUntil").HasRecords("web", 0).NothingWasDoneTo("web").TemplateChangedBy("web", "person")
	s.When().Annotated("web", pauseKey, "")
	s.Then().IsPutBackAndVerified(v1).TemplateChangedBy("web", "person", "lastgood")
}

func TestWhenItsTimeIsOverAPauseEndsByItself(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", quick).Good(v1)
	until := time.Now().Add(20 * time.Second).UTC().Truncate(time.Second)
	s.When().Annotated("web", pauseKey, until.Format(time.RFC3339)).Shipped(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().Holds("web", "PausedUntil", until.Format(time.RFC3339)).TemplateChangedBy("web", "person").
		IsPutBackAndVerified(v1).TemplateChangedBy("web", "person", "lastgood")
	s.Then().Between("from the end of the pause to the patch", s.Then().Rolledback("web").Status.TemplateRestored.Sub(until), 0, 5*time.Second)
}

// A check that gets no answer says neither good nor bad, and so does the release that it was to judge.
func TestWithoutAnAnswerFromAnythingNothingIsDone(t *testing.T) {
	t.Parallel()
	for name, http := range map[string]string{
		"a name that does not resolve": `{url: "http://no-such-service.scenario.example:8080/health"}`,
		"a Service that is not there":  `{service: gone, port: 8080, path: /health}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := story.New(t)
			v1 := story.NewApp("web", "v1").Guarded("web")
			s.Given().Policy("web", quick).Good(v1)
			s.When().Policy("web", `{bakeTime: 3s, checks: [{name: health, interval: 1s, failureThreshold: 1, http: `+http+`}]}`).
				Shipped(v1.As("v2").Env("HEALTH", "fail"))
			s.Then().VerdictIs("web", "Unjudged").StateIs("web", "Idle", "Unjudged").
				EventSays("web", "ReleaseUnjudged", "no answer came from health").
				NothingWasDoneTo("web").TemplateChangedBy("web", "person")
		})
	}
}
