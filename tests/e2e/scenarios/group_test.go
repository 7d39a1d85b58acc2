// Deployments that change together go back together, in their order, or none does.
package scenarios

import (
	"strconv"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/story"
)

func ofGroup(name string, order int) story.App {
	return story.NewApp(name, "v1").Annotated("lastgood.dev/group", "shop").Annotated("lastgood.dev/group-order", strconv.Itoa(order))
}

// In the order store, api, site; v2 of the api alone is bad. It is released last, so that all three are being judged.
func TestAGroupOfThreeGoesBackInItsOrder(t *testing.T) {
	s := story.New(t)
	store, api, site := ofGroup("store", -1), ofGroup("api", 0), ofGroup("site", 7)
	s.Given().Policy("shop", long).RanBefore("shop", store, api, site)
	s.When().Shipped(site.As("v2"), store.As("v2")).Available("site").Available("store")
	s.Then().StateIs("site", "Watching", "Baking").StateIs("store", "Watching", "Baking")
	s.When().Shipped(api.As("v2").Env("HEALTH", "fail"))
	for _, member := range []story.App{store, api, site} {
		s.Then().IsPutBackAndVerified(member).TemplateChangedBy(member.Name, "person", "lastgood")
	}
	s.Then().PutBackInOrder("store", "api", "site").BecauseOf("api", "health", "WrongStatus")
	call := s.Then().Rolledback("api")
	if group := call.Spec.Group; group == nil || group.Name != "shop" || len(group.Members) != 3 || group.Members[0] != "store" || group.Members[2] != "site" {
		t.Errorf("the Rollback of the api calls the group %+v", group)
	}
	for _, member := range []string{"store", "site"} {
		if by := s.Then().Rolledback(member).Spec.CausedBy; by != call.Metadata.Name {
			t.Errorf("the Rollback of %s was caused by %q; want %s", member, by, call.Metadata.Name)
		}
	}
}

func TestAGroupIsLeftAloneWhileOneOfItCannotGoBack(t *testing.T) {
	s := story.New(t)
	store, api := ofGroup("store", 1), ofGroup("api", 2)
	bystander := ofGroup("bystander", 3)
	twin := story.NewApp("twin", "v1")
	s.Given().Policy("shop", long).RanBefore("shop", store, api, bystander, twin)
	s.When().Shipped(store.As("v2")).Available("store")
	s.Then().StateIs("store", "Watching", "Baking")
	s.When().Paused("store", true).Shipped(api.As("v2").Env("HEALTH", "fail")).Shipped(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().Holds("api", "GroupBlocked", "Group shop goes back together or not at all", "store cannot", "paused").
		IsPutBackAndVerified(twin).StateIs("api", "Held", "GroupBlocked").NothingWasDoneTo("store", "api", "bystander")
	s.When().Paused("store", false)
	s.Then().IsPutBackAndVerified(store).IsPutBackAndVerified(api).PutBackInOrder("store", "api").
		NothingWasDoneTo("bystander").TemplateChangedBy("bystander")
}

// The api goes first and its own policy asks nobody; that of the store does.
func TestAPersonIsAskedOnceForAGroupOfWhichOneNeedsApproval(t *testing.T) {
	s := story.New(t)
	api, store := ofGroup("api", 1), ofGroup("store", 2)
	s.Given().Policy("shop", long).Policy("careful", "mode: Approve"+long).RanBefore("shop", api).RanBefore("careful", store)
	s.When().Shipped(store.As("v2")).Available("store")
	s.Then().StateIs("store", "Watching", "Baking")
	s.When().Shipped(api.As("v2").Env("HEALTH", "fail"))
	rollback := s.Then().Waiting("api")
	s.Then().NothingWasDoneTo("api", "store")
	s.When().Approves(rollback)
	s.Then().IsPutBackAndVerified(api).IsPutBackAndVerified(store).PutBackInOrder("api", "store")
}

func TestAGroupOfWhichOneIsNotGuardedStaysAndSaysWhatToDo(t *testing.T) {
	s := story.New(t)
	api, stranger := ofGroup("api", 1), ofGroup("stranger", 2)
	s.Given().Policy("shop", long).Running(stranger).RanBefore("shop", api)
	s.When().Shipped(api.As("v2").Env("HEALTH", "fail"))
	s.Then().Holds("api", "GroupBlocked", "stranger cannot: it is not guarded; opt it in, or take its lastgood.dev/group away").
		NothingWasDoneTo("api", "stranger")
	s.When().Annotated("stranger", "lastgood.dev/group-order", "").Annotated("stranger", "lastgood.dev/group", "")
	s.Then().IsPutBackAndVerified(api).HasNoGuard("stranger").TemplateChangedBy("stranger")
}
