// Limits of one Deployment: a pause from one rollback to the next, and how many there may be before a person has to look.
package scenarios

import (
	"context"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

const judgedInSeconds = `
bakeTime: 3s
checks:
- name: health
  http: {port: 8080, path: /health, expectedStatus: "200", timeout: 500ms}
  interval: 1s
  failureThreshold: 2
`

func TestAfterARollbackTheNextOneWaitsForTheCooldown(t *testing.T) {
	const cooldown = 45 * time.Second
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", judgedInSeconds+"rollback: {verifyFor: 1s, cooldown: 45s}").Good(v1)
	s.When().Shipped(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().IsPutBackAndVerified(v1)
	first := s.Then().Rolledback("web").Status.TemplateRestored
	s.When().Shipped(v1.As("v3").Env("HEALTH", "fail"))
	s.Then().Holds("web", "Cooldown", "ago", "the next rollback is due at", "cooldown 45s").TemplateChangedBy("web", "person", "lastgood", "person")
	s.Then().HasRollbacks("web", 2).IsPutBackAndVerified(v1).TemplateChangedBy("web", "person", "lastgood", "person", "lastgood")
	second := s.Then().Rolledback("web").Status.TemplateRestored
	s.Then().Between("from one rollback to the next", second.Sub(*first), cooldown, cooldown+5*time.Second)
}

// Three ways out, and each is a person's.
func TestWhenTheLimitIsReachedAPersonIsNeeded(t *testing.T) {
	t.Parallel()
	v1 := story.NewApp("web", "v1").Guarded("web")
	isPutBack := func(s *story.Story) {
		s.Then().EventSays("web", "Resumed", "A person has resumed it", "judged afresh").HasRollbacks("web", 2).IsPutBackAndVerified(v1).
			TemplateChangedBy("web", "person", "lastgood", "person", "lastgood")
	}
	for name, end := range map[string]func(s *story.Story){
		"resumed by annotation": func(s *story.Story) {
			s.When().Resumes("web")
			isPutBack(s)
		},
		"the freeze taken away": func(s *story.Story) {
			s.When().RemovesFreeze("web")
			isPutBack(s)
		},
		"a new template": func(s *story.Story) {
			s.When().Shipped(v1.As("v4"))
			s.Then().IsGood(v1.As("v4")).TemplateChangedBy("web", "person", "lastgood", "person", "person")
			if guard, _ := s.ThisGuard(context.Background(), "web"); guard.Status.Freeze != nil {
				s.T.Errorf("the freeze outlived the template: %+v", guard.Status.Freeze)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := story.New(t)
			s.Given().Policy("web", judgedInSeconds+"rollback: {verifyFor: 1s, cooldown: 0s, limit: {count: 1, within: 1h}}").Good(v1)
			s.When().Shipped(v1.As("v2").Env("HEALTH", "fail"))
			s.Then().IsPutBackAndVerified(v1)
			s.When().Shipped(v1.As("v3").Env("HEALTH", "fail"))
			s.Then().IsFrozen("web", "LimitReached", "rolled back 1 times within 1h", "limit 1", "lastgood.dev/resume").
				TemplateChangedBy("web", "person", "lastgood", "person")
			end(s)
		})
	}
}
