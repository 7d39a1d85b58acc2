// Marks on the pod template: what must never be gone back past, and what must be gone back together.
package scenarios

import (
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

const markKey = "lastgood.dev/no-rollback-past"

func TestARevisionThatMigratedADatabaseIsNotGoneBackPast(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	twin := v1.Named("twin")
	s.Given().Policy("web", quick).Good(v1, twin)
	s.When().Shipped(v1.As("v2").Edit(story.TemplateAnnotated(markKey, "true")).Env("HEALTH", "fail")).Shipped(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().Holds("web", "NoRollbackPast", "revision 2 is marked lastgood.dev/no-rollback-past", "revision 1 cannot be gone back to").
		ConditionSays("web", "RollbackReady", "False", "NoRollbackPast", "revision 2 is marked").
		IsPutBackAndVerified(twin).NothingWasDoneTo("web").TemplateChangedBy("web", "person")

	s.When().AsksForRollback("please", "{deployment: web}")
	s.Then().RecordIs("please", "Refused", "NoRollbackPast", "revision 2 is marked").NothingWasDoneTo("web")

	s.When().AsksForRollback("i-know", "{deployment: web, force: true}")
	s.Then().IsPutBackAndVerified(v1).RecordIs("i-know", "Succeeded").TemplateChangedBy("web", "person", "lastgood")
}

// The mark of an earlier release counts as well: v2 is good, v3 is bad, and goes back to v2 but no further.
func TestARevisionBehindAMarkIsStillThereToGoBackTo(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	v2 := v1.As("v2").Edit(story.TemplateAnnotated(markKey, "true"))
	s.Given().Policy("web", quick).Good(v1)
	s.When().Shipped(v2)
	s.Then().IsGood(v2)
	s.When().Shipped(v1.As("v3").Env("HEALTH", "fail"))
	s.Then().IsPutBackAndVerified(v2).TemplateChangedBy("web", "person", "person", "lastgood")
	s.When().AsksForRollback("further", "{deployment: web, toRevision: 1}")
	s.Then().RecordIs("further", "Refused", "NoRollbackPast").TemplateChangedBy("web", "person", "person", "lastgood")
}

// The marked release came to nothing itself, but what it did to the database stays done.
//
//	web    v1 good   v2 marked, never good   v3 bad: held
//	twin   v1 good   v2 never good           v3 bad: back to v1
func TestAMarkOfARevisionThatWasNeverGoodHoldsTheNextOneToo(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1")
	twin := v1.Named("twin")
	s.Given().Policy("web", long).RanBefore("web", v1, twin)
	s.When().Shipped(v1.As("v2").Edit(story.TemplateAnnotated(markKey, "true")), twin.As("v2")).Available("web").Available("twin")
	s.Then().StateIs("web", "Watching", "Baking").StateIs("twin", "Watching", "Baking")
	s.When().Shipped(v1.As("v3").Env("HEALTH", "fail")).Shipped(twin.As("v3").Env("HEALTH", "fail"))
	s.Then().Holds("web", "NoRollbackPast", "revision 2 is marked lastgood.dev/no-rollback-past", "revision 1 cannot be gone back to").
		ConditionSays("web", "RollbackReady", "False", "NoRollbackPast", "revision 2 is marked").
		IsPutBackAndVerified(twin).TemplateChangedBy("twin", "person", "person", "lastgood").
		StateIs("web", "Held", "NoRollbackPast").HasRecords("web", 0).NothingWasDoneTo("web").TemplateChangedBy("web", "person", "person")
}

// Whatever was meant by it, it may have been a mark.
func TestAMarkThatCannotBeUnderstoodIsTakenForOne(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1").Guarded("web")
	s.Given().Policy("web", quick).Good(v1)
	s.When().Shipped(v1.As("v2").Edit(story.TemplateAnnotated(markKey, "yes")).Env("HEALTH", "fail"))
	s.Then().Holds("web", "NoRollbackPast", "revision 2").EventSays("web", "InvalidAnnotation", markKey, `"yes"`).
		NothingWasDoneTo("web").TemplateChangedBy("web", "person")
}
