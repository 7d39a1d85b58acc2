// Drills: the whole way but the write. And what is left of all that was done: records, the newest twenty.
package scenarios

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

func TestADrillGoesTheWholeWayButTheWrite(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", judgedInSeconds+"rollback: {verifyFor: 1s, drill: {afterGood: true}}").Good(v1)
	s.When().Shipped(v1.As("v2"))
	s.Then().IsGood(v1.As("v2")).HasDrilled("web")
	guard, _ := s.ThisGuard(context.Background(), "web")
	passes(s, s.Record(guard.Status.LastDrill.Rollback))

	s.When().AsksForRollback("rehearsal", "{deployment: web, drill: true}")
	s.Then().RecordIs("rehearsal", "Succeeded", "The drill passed", "revision 1")
	passes(s, s.Record("rehearsal"))
	s.Then().NothingWasDoneTo("web").TemplateChangedBy("web", "person").StateIs("web", "Idle", "Good")
	if guard, _ = s.ThisGuard(context.Background(), "web"); guard.Status.LastDrill.Rollback != "rehearsal" || !guard.Status.LastDrill.Passed {
		t.Errorf("the guard's last drill is %+v", guard.Status.LastDrill)
	}
}

// Detected by the second failure, at the latest two intervals of 1 s after it began to fail and 500 ms for the answer.
func passes(s *story.Story, drill story.Rollback) {
	s.T.Helper()
	status := drill.Status
	detects, unreadable := time.ParseDuration(status.TimeToDetect)
	acted, err := time.ParseDuration(status.TimeToAct)
	inTime := unreadable == nil && detects == 2500*time.Millisecond && err == nil && acted > 0 && acted < 5*time.Second
	if status.Phase != "Succeeded" || !drill.Spec.Drill || !inTime {
		s.T.Errorf("drill %s: phase %s, time to detect %q, time to act %q; %s", drill.Metadata.Name, status.Phase, status.TimeToDetect, status.TimeToAct, status.Message)
	}
}

// The first one is due as soon as the policy says so, and the next one only after its period: what happens to the twin shows that
// there was the time for another.
func TestADrillOnAPeriodIsHeldAtOnceAndNotAgainBeforeItsTime(t *testing.T) {
	const everyHour = "rollback: {verifyFor: 1s, cooldown: 0s, drill: {every: 1h}}"
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("hourly")
	twin := v1.Named("twin").Guarded("web")
	s.Given().Policy("hourly", judgedInSeconds).Policy("web", quick).Good(v1, twin)
	s.When().Shipped(v1.As("v2"))
	s.Then().IsGood(v1.As("v2")).HasRecords("web", 0)
	due := time.Now()
	s.When().Policy("hourly", judgedInSeconds+everyHour)
	s.Then().HasDrilled("web")
	guard, _ := s.ThisGuard(context.Background(), "web")
	passes(s, s.Record(guard.Status.LastDrill.Rollback))
	s.Then().Between("from the policy to the drill", guard.Status.LastDrill.At.Sub(due), -time.Second, 5*time.Second)
	s.When().Shipped(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().IsPutBackAndVerified(twin).HasRecords("web", 1).HasRecords("twin", 1).NothingWasDoneTo("web").TemplateChangedBy("web", "person")
}

func TestADrillThatFailsSaysWhatWouldNotHaveWorked(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Edit(story.Needs("settings"))
	s.Given().Policy("web", long).ConfigMap("settings", map[string]string{"colour": "blue"}).RanBefore("web", v1)
	s.When().ConfigMapDeleted("settings").Shipped(story.NewApp("web", "v2")).Available("web")
	s.Then().ConditionSays("web", "RollbackReady", "False", "MissingReference")
	s.When().AsksForRollback("rehearsal", "{deployment: web, drill: true}")
	s.Then().RecordIs("rehearsal", "Failed", "MissingReference", "ConfigMap settings").HasDrilled("web").NothingWasDoneTo("web")
	if guard, _ := s.ThisGuard(context.Background(), "web"); guard.Status.LastDrill.Passed {
		t.Errorf("the guard's last drill is %+v", guard.Status.LastDrill)
	}
}

func TestARollbackReadsAsAnIncidentReport(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", quick).Good(v1)
	missing := story.EmptyRegistry(t) + "/demo-app:never-built"
	s.When().Shipped(v1.As("v2").Image(missing))
	s.Then().IsPutBackAndVerified(v1).BecauseOf("web", "rollout", "ImagePull")
	one := s.Then().Rolledback("web")
	if one.Spec.ReleasedBy != "kubectl" || one.Spec.Released == nil || one.Spec.Policy != "RollbackPolicy/web" || one.Spec.From.Number != 2 || one.Spec.To.Number != 1 {
		t.Errorf("what was released, by whom and when: %+v", one.Spec)
	}
	failed := func(check story.Check) bool {
		return check.Name == "rollout" && check.Breached && check.LastFailure != nil && strings.Contains(check.Message, "never-built")
	}
	if !slices.ContainsFunc(one.Status.Evidence, failed) {
		t.Errorf("the evidence is %+v", one.Status.Evidence)
	}
	passed := func(check story.Check) bool { return check.Name == "health" && check.Result == "Pass" }
	if !slices.ContainsFunc(one.Status.Verification, passed) {
		t.Errorf("the verification is %+v", one.Status.Verification)
	}
	var sides []string
	for _, change := range one.Status.Changes {
		sides = append(sides, change.Path+": "+change.From+" -> "+change.To)
	}
	want := fmt.Sprintf("spec.containers[app].image: %s -> lastgood.dev/demo-app:dev", missing)
	if !slices.Contains(sides, want) || len(sides) != 2 {
		t.Errorf("old and new differ by %q; want %q and the version", sides, want)
	}
	tells(t, one)
}

// From the record to the proof, in its order.
func tells(t *testing.T, one story.Rollback) {
	t.Helper()
	timeline := one.Status.Timeline
	inOrder := slices.IsSortedFunc(timeline, func(a, b struct {
		At   time.Time
		What string
	}) int {
		return a.At.Compare(b.At)
	})
	if len(timeline) < 4 || !inOrder || !strings.Contains(timeline[len(timeline)-1].What, "passes its checks") {
		t.Errorf("the timeline is %+v", timeline)
	}
}

// What changed the template is counted apart: it stays however often is rehearsed. Of the two the guard itself names the second,
// and the first is the oldest of all.
func TestTheNewestTwentyRecordsAreKept(t *testing.T) {
	const many, kept = 24, 20
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", quick).Good(v1)
	s.When().Shipped(v1.As("v2").Env("HEALTH", "fail"))
	s.Then().IsPutBackAndVerified(v1)
	survivors := []string{s.Then().Rolledback("web").Metadata.Name}
	s.When().Shipped(v1.As("v3").Env("HEALTH", "fail"))
	s.Then().HasRollbacks("web", 2).IsPutBackAndVerified(v1)
	survivors = append(survivors, s.Then().Rolledback("web").Metadata.Name)
	s.When().Shipped(v1.As("v4"))
	s.Then().IsGood(v1.As("v4"))
	for i := range many {
		name := fmt.Sprintf("rehearsal-%02d", i)
		s.When().AsksForRollback(name, "{deployment: web, drill: true}")
		s.Then().RecordIs(name, "Succeeded")
		if i >= many-kept {
			survivors = append(survivors, name)
		}
	}
	s.Then().RecordsAre("web", survivors...).TemplateChangedBy("web", "person", "lastgood", "person", "lastgood", "person")
}
