// A user changes a Deployment between the decision of the controller and its patch.
package scenarios

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

const (
	racingDeployments = 10
	racesOfEach       = 10
	raceAnnotation    = "example.com/race"
)

// racePolicy has no gate that ends the races, and bakes the last release only shortly.
const racePolicy = `
bakeTime: 3s
checks:
- name: health
  http: {port: 8080, path: /health, timeout: 2s}
  interval: 2s
  failureThreshold: 1
rollback: {verifyFor: 1s, cooldown: 0s, limit: {count: 20}}
`

// racingUser changes a Deployment before each patch of the controller.
type racingUser struct {
	scenario *scenario.Scenario
	// releases is how many of the last changes are releases. The others set an annotation.
	releases int

	lock  sync.Mutex
	races map[string]int
}

// change is called before the API server gets a patch. Only the last release is good.
func (u *racingUser) change(name string) {
	u.lock.Lock()
	u.races[name]++
	race := u.races[name]
	u.lock.Unlock()
	app := scenario.NewApp(name, fmt.Sprintf("v2-%d", race))
	switch {
	case race <= racesOfEach-u.releases:
		u.scenario.When().Annotated(name, raceAnnotation, strconv.Itoa(race))
	case race < racesOfEach:
		u.scenario.When().Applied(app.Env("HEALTH", "fail"))
	default:
		u.scenario.When().Applied(app)
	}
}

// Each patch of a template meets a newer generation, which the API server got just before it. Each
// time, the controller must read the Deployment again. When it reads a release, it must not restore
// a template because of the previous release.
func TestNeverOverwritesAUserWhoRacesWithARollback(t *testing.T) {
	scenario.OnlyLong(t)
	s, proxy := scenario.NewBehindProxy(t)
	user := racingUser{scenario: s, releases: 1, races: map[string]int{}}
	if scenario.IsLong() {
		user.releases = 4
	}
	var fleet []scenario.App
	for i := range racingDeployments {
		fleet = append(fleet, scenario.NewApp(fmt.Sprintf("web-%d", i), "v1"))
	}
	s.Given().Policy("web", racePolicy).ControllerStarted().
		PresumedGoodUnder("web", fleet...)
	proxy.BeforeEach("patch deployments /spec/template", user.change)
	began := time.Now()
	for _, app := range fleet {
		s.When().Applied(app.As("v2").Env("HEALTH", "fail"))
	}
	byUsers := make([]string, 1+user.releases)
	for i := range byUsers {
		byUsers[i] = "user"
	}
	rejected, annotated := 0, strconv.Itoa(racesOfEach-user.releases)
	for _, app := range fleet {
		last := app.As(fmt.Sprintf("v2-%d", racesOfEach))
		s.Then().HasTemplateRevisions(app.Name, 1+len(byUsers)).IsGood(last).
			TemplateChangedBy(app.Name, byUsers...)
		rejected += s.Then().RejectedTemplatePatches(app.Name)
		d := s.Deployment(context.Background(), app.Name)
		if got := d.Annotations[raceAnnotation]; got != annotated {
			t.Errorf("the annotation of %s is %q; want %q", app.Name, got, annotated)
		}
	}
	t.Logf("%d patches of the controller met a change of a user, and none overwrote it; %.1f s",
		rejected, time.Since(began).Seconds())
	if rejected < racingDeployments*racesOfEach {
		t.Errorf("only %d patches met a change; want %d", rejected, racingDeployments*racesOfEach)
	}
}
