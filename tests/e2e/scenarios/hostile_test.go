// Health endpoints that mean harm, or are only broken. Each costs its timeout at most, and nobody else's checks wait for it.
package scenarios

import (
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

// A neighbour is asked every second for its page "/", which it counts.
const countedPage = `
bakeTime: 10m
checks:
- {name: page, http: {port: 8080, path: /, timeout: 500ms}, interval: 1s, failureThreshold: 3}
`

func TestAHostileHealthEndpointCostsItsTimeoutAndDisturbsNobody(t *testing.T) {
	const interval, failures, timeout, load = time.Second, 2, 500 * time.Millisecond, 300 * time.Millisecond
	s := story.New(t)
	ways := map[string]string{
		"hang": "TimedOut", "flood": "", "garbage": "Malformed", "redirect": "WrongStatus", "close": "Closed", "refuse": "Refused",
	}
	neighbour := story.NewApp("neighbour", "v1").Guarded("page")
	s.Given().Policy("web", quick).Policy("page", countedPage)
	for way := range ways {
		s.Given().Deployed(story.NewApp(way, "v1").Guarded("web"))
	}
	for way := range ways {
		s.Then().IsGood(story.NewApp(way, "v1"))
	}
	s.Given().Running(neighbour)
	s.Then().StateIs("neighbour", "Watching", "Baking")
	asked := s.Asked("neighbour")
	began := time.Now()
	for way := range ways {
		s.When().Shipped(story.NewApp(way, "v2").Guarded("web").Env("HEALTH", way))
	}
	for way, reason := range ways {
		if reason == "" {
			// A flood begins with a status, and that is all that is read.
			s.Then().IsGood(story.NewApp(way, "v2")).NothingWasDoneTo(way)
			continue
		}
		s.Then().IsPutBackAndVerified(story.NewApp(way, "v1")).BecauseOf(way, "health", reason)
		at := s.Then().Rolledback(way).Status
		s.Then().Between("putting back what answers by "+way, at.TemplateRestored.Sub(*at.FirstFailure), (failures-1)*interval-load, failures*interval+timeout)
	}
	turns := time.Since(began).Seconds()
	if rate := float64(s.Asked("neighbour")-asked) / turns; rate < 0.9 || rate > 1.1 {
		t.Errorf("the neighbour was asked %.2f times a second meanwhile; its interval is 1s", rate)
	}
	s.Then().StateIs("neighbour", "Watching", "Baking").MemoryBelow(32 << 20)
}
