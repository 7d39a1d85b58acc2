// The API server is killed and restarted while the controller watches.
package scenarios

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// Before the restart, v2 of "evaluated" is being evaluated and begins to fail. Right after the
// restart, "released" gets a bad release, "new" is created and "deleted" is deleted. At that time
// the controller may still have no connection.
func TestMissesNothingWhenTheAPIServerRestarts(t *testing.T) {
	s := scenario.NewWithOwnController(t)
	evaluated := scenario.NewApp("evaluated", "v1").Guarded("web")
	released, deleted := evaluated.Named("released"), evaluated.Named("deleted")
	s.Given().Policy("web", longBakePolicy).
		Running(evaluated, released, deleted).
		ControllerStarted()
	s.Then().IsGood(evaluated).IsGood(released).IsGood(deleted)
	s.When().Applied(evaluated.As("v2")).Available("evaluated")
	s.Then().StateIs("evaluated", "Evaluating", "Baking")
	s.When().SetInRunningPods("evaluated", "HEALTH=fail")

	restartAPIServer(t, s)
	// The pod of "new" never becomes ready: if its rollout were complete, it could be presumed good.
	unready := scenario.NewApp("new", "v1").Guarded("web").
		Edit(scenario.ReadinessProbe("/ready")).Env("READY", "fail")
	s.When().Applied(released.As("v2").Env("HEALTH", "fail")).
		Applied(unready).
		Deleted("deleted")

	s.Then().IsRestoredAndVerified(evaluated).
		TemplateChangedBy("evaluated", "user", "lastgood").
		IsRestoredAndVerified(released).
		TemplateChangedBy("released", "user", "lastgood").
		StateIs("new", "Evaluating", "RollingOut").
		MetricIs("lastgood_guarded_deployments", 3)
}

func restartAPIServer(t *testing.T, s *scenario.Scenario) {
	t.Helper()
	if err := s.Local().RestartAPIServer(); err != nil {
		t.Fatal(err)
	}
}

// All watches fall behind the history that etcd still has: changes are made while the controller
// has no connection, etcd is compacted, and the API server restarts with an empty cache.
func TestMissesNothingWhenTheWatchesExpire(t *testing.T) {
	rounds := 1
	if scenario.IsLong() {
		rounds = 5
	}
	s := scenario.NewWithOwnController(t)
	app := scenario.NewApp("web", "v1")
	s.Given().Policy("web", firstFailureLongBake).ControllerStarted().
		PresumedGoodUnder("web", app)
	authors := []string{}
	for round := range rounds {
		restore := s.When().APIServerUnreachable()
		s.When().Applied(app.As(fmt.Sprintf("bad-%d", round)).Env("HEALTH", "fail")).Available("web")
		revision, err := s.Local().CompactEtcd()
		if err != nil {
			t.Fatal(err)
		}
		restartAPIServer(t, s)
		restore()
		restored := time.Now()
		s.Then().HasRollbacks("web", round+1).IsRestoredAndVerified(app)
		authors = append(authors, "user", "lastgood")
		s.Then().TemplateChangedBy("web", authors...)
		t.Logf("round %d: history before revision %s removed; restored and verified after %.1f s",
			round+1, revision, time.Since(restored).Seconds())
	}
	s.Then().MetricIsAtLeast("lastgood_watch_restarts_total", float64(rounds), `reason="Expired"`)
}

// Bad releases ship at random moments before and during each kill of the API server. The audit log
// lacks the writes that a killed API server has not logged yet. So the number of the Deployment's
// revision is the second proof that the template was changed twice: by the user and by the
// controller.
func TestRollsBackEachReleaseOnceWhileTheAPIServerIsKilled(t *testing.T) {
	scenario.OnlyLong(t)
	rounds := 1
	if scenario.IsLong() {
		rounds = 4
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	s := scenario.NewWithOwnController(t)
	var fleet []scenario.App
	for i := range 8 {
		fleet = append(fleet, scenario.NewApp(fmt.Sprintf("web-%d", i), "v1"))
	}
	s.Given().Policy("web", firstFailureLongBake).ControllerStarted().
		PresumedGoodUnder("web", fleet...)
	for round := range rounds {
		began := time.Now()
		shipDuringKills(t, s, fleet, fmt.Sprintf("bad-%d", round), random)
		ended := time.Now()
		for _, app := range fleet {
			s.Then().HasRollbacks(app.Name, round+1).IsRestoredAndVerified(app).
				HasTemplateRevisions(app.Name, 1+2*(round+1))
		}
		s.Then().ChangedTemplatesOnce()
		t.Logf("round %d: %d kills in %.1f s; all Deployments were restored and verified %.1f s later",
			round+1, killsOfARound, ended.Sub(began).Seconds(), time.Since(ended).Seconds())
	}
}

const killsOfARound = 5

// shipDuringKills kills the API server and starts it again, several times. Around each kill, some
// of the apps get a bad release.
func shipDuringKills(t *testing.T, s *scenario.Scenario, fleet []scenario.App, version string,
	random *rand.Rand) {
	t.Helper()
	local := s.Local()
	upTo := func(limit time.Duration) time.Duration {
		return time.Duration(random.Int64N(int64(limit)))
	}
	for kill := range killsOfARound {
		killed := make(chan error, 1)
		pause := upTo(8 * time.Second)
		go func() {
			time.Sleep(pause)
			killed <- local.RestartAPIServer()
		}()
		from, to := kill*len(fleet)/killsOfARound, (kill+1)*len(fleet)/killsOfARound
		for _, app := range fleet[from:to] {
			s.When().TimePassed(upTo(3 * time.Second)).
				AppliedWhenPossible(app.As(version).Env("HEALTH", "fail"))
		}
		if err := <-killed; err != nil {
			t.Fatal(err)
		}
	}
}
