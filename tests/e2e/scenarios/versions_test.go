// Another version of Lastgood wrote a value that this version does not know, or the chart is
// upgraded during a rollback.
package scenarios

import (
	"fmt"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

// newerValue is a value of an enum that only a newer version knows.
const newerValue = "Newer"

// The guard of "web" has a newer state when the releases of "web" and of its twin begin to fail.
func TestLeavesADeploymentAloneWhoseGuardIsOfANewerVersion(t *testing.T) {
	s, app := presumedGood(t)
	twin := app.Named("twin")
	s.Given().PresumedGoodUnder("web", twin)
	s.When().Applied(app.As("v2"), twin.As("v2")).Available("web").Available("twin")
	s.Then().IsBaking("web").IsBaking("twin").
		CheckIs("web", "health", "Pass", "Passed").CheckIs("twin", "health", "Pass", "Passed")
	s.When().EnumExtended("deploymentguards", "state", newerValue).
		StatusSet("deploymentguards", "web", "state", newerValue)
	s.Then().HasEvent("web", "StateUnreadable", newerValue)
	unreadable := time.Now()
	s.When().SetInRunningPods("web", "HEALTH=fail").SetInRunningPods("twin", "HEALTH=fail")
	s.Then().IsRestoredAndVerified(twin).HasNoWritesSince("web", unreadable).
		HasRollbackObjects("web", 0)
	s.When().StatusSet("deploymentguards", "web", "state", "Evaluating")
	expectOneRollback(s)
}

// The Rollback of the first bad release has a newer phase when "web" and its twin get the second.
func TestLeavesADeploymentAloneWhoseRollbackIsOfANewerVersion(t *testing.T) {
	scenario.OnlyLong(t)
	s, app := presumedGood(t)
	twin := app.Named("twin")
	s.Given().PresumedGoodUnder("web", twin)
	s.When().Applied(app.As("v2").Env("HEALTH", "fail"))
	expectOneRollback(s)
	rollback := s.Then().LatestRollback("web").Metadata.Name
	s.When().EnumExtended("rollbacks", "phase", newerValue).
		StatusSet("rollbacks", rollback, "phase", newerValue)
	s.Then().HasEvent("web", "StateUnreadable", newerValue, rollback)
	unreadable := time.Now()
	s.When().Applied(app.As("v3").Env("HEALTH", "fail"), twin.As("v3").Env("HEALTH", "fail"))
	s.Then().IsRestoredAndVerified(twin).HasNoWritesSince("web", unreadable).
		HasRollbackObjects("web", 1)
	s.When().StatusSet("rollbacks", rollback, "phase", "Succeeded")
	s.Then().HasRollbacks("web", 2).IsRestoredAndVerified(app).
		TemplateChangedBy("web", "user", "lastgood", "user", "lastgood").ChangedTemplatesOnce()
}

// Releases begin to fail one after the other while the pods of the controller are replaced.
func TestRollsBackOnceWhileTheChartIsUpgraded(t *testing.T) {
	scenario.OnlyLong(t)
	const (
		rounds     = 3
		betweenTwo = 1500 * time.Millisecond
	)
	s := scenario.NewUnderChart(t)
	s.Given().Policy("web", firstFailureLongBake)
	var fleet []scenario.App
	for number := range 6 {
		fleet = append(fleet, scenario.NewApp(fmt.Sprintf("web-%d", number), "v1"))
	}
	s.Given().PresumedGoodUnder("web", fleet...)
	for round := range rounds {
		version := fmt.Sprintf("v2-%d", round)
		for _, app := range fleet {
			s.When().Applied(app.As(version)).Available(app.Name)
		}
		for _, app := range fleet {
			s.Then().IsBaking(app.Name).CheckIs(app.Name, "health", "Pass", "Passed")
		}
		completed := s.When().ChartUpgraded()
		for _, app := range fleet {
			s.When().SetInRunningPods(app.Name, "HEALTH=fail").TimePassed(betweenTwo)
		}
		completed()
		for _, app := range fleet {
			s.Then().HasRollbacks(app.Name, round+1).IsRestoredAndVerified(app)
		}
	}
	var authors []string
	for range rounds {
		authors = append(authors, "user", "lastgood")
	}
	for _, app := range fleet {
		s.Then().TemplateChangedBy(app.Name, authors...)
	}
	s.Then().ChangedTemplatesOnce()
}
