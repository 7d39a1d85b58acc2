// Preflight: whether a rollback would work is known before it is needed, and what would not work is not begun.
package scenarios

import (
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

func TestARollbackToATemplateThatLacksItsConfigMapIsHeldUntilItIsBack(t *testing.T) {
	s := story.New(t)
	settings := map[string]string{"colour": "blue"}
	v1 := story.NewApp("web", "v1").Edit(story.Needs("settings"))
	twin := story.NewApp("twin", "v1")
	s.Given().Policy("web", long).ConfigMap("settings", settings).RanBefore("web", v1, twin)
	s.When().ConfigMapDeleted("settings").Shipped(story.NewApp("web", "v2"), twin.As("v2")).Available("web").Available("twin")
	s.Then().ConditionSays("twin", "RollbackReady", "True", "Ready", "Revision 1 would be put back", "the API server admits it").
		ConditionSays("web", "RollbackReady", "False", "MissingReference", "Revision 1 needs ConfigMap settings, which does not exist").
		StateIs("web", "Watching", "Baking").StateIs("twin", "Watching", "Baking")
	s.When().TurnedTo("HEALTH=fail", "web").TurnedTo("HEALTH=fail", "twin")
	s.Then().Holds("web", "MissingReference", "Revision 1 needs ConfigMap settings").
		IsPutBackAndVerified(twin).NothingWasDoneTo("web").TemplateChangedBy("web", "person")
	s.When().ConfigMap("settings", settings)
	s.Then().IsPutBackAndVerified(v1).TemplateChangedBy("web", "person", "lastgood")
}

const outOfSupport = "version v1 is out of support"

// The server's own words come through, and there is not even a Rollback while it would not be admitted.
func TestATemplateThatIsNotAdmittedAnyMoreIsFoundOutBeforeAnythingIsTouched(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1")
	s.Given().Policy("web", long).RanBefore("web", v1)
	allow := s.When().VersionForbidden(v1, outOfSupport)
	s.When().Shipped(v1.As("v2")).Available("web")
	s.Then().ConditionSays("web", "RollbackReady", "False", "Refused", "does not admit the template of revision 1", outOfSupport).
		StateIs("web", "Watching", "Baking")
	s.When().TurnedTo("HEALTH=fail", "web")
	s.Then().Holds("web", "Refused", "does not admit the template of revision 1", outOfSupport).
		HasRollbacks("web", 0).NothingWasDoneTo("web").TemplateChangedBy("web", "person")
	allow()
	s.Then().IsPutBackAndVerified(v1).TemplateChangedBy("web", "person", "lastgood")
}

// The policy comes a moment before the breach, when all was well at the last look.
func TestATemplateThatIsRefusedAtTheLastMomentIsPutBackOnceItIsAdmitted(t *testing.T) {
	s := story.New(t)
	v1 := story.NewApp("web", "v1")
	s.Given().Policy("web", long).RanBefore("web", v1)
	s.When().Shipped(v1.As("v2")).Available("web")
	s.Then().ConditionSays("web", "RollbackReady", "True", "Ready").StateIs("web", "Watching", "Baking")
	allow := s.When().VersionForbidden(v1, outOfSupport)
	s.When().TurnedTo("HEALTH=fail", "web")
	s.Then().StateIs("web", "Held", "Refused").ConditionSays("web", "Stalled", "True", "Refused", outOfSupport).
		ConditionSays("web", "RollbackReady", "False", "Refused", outOfSupport).TemplateChangedBy("web", "person")
	allow()
	s.Then().IsPutBackAndVerified(v1).TemplateChangedBy("web", "person", "lastgood")
}
