// Group rollbacks: the members of a group are rolled back together and in order, or not at all.
package scenarios

import (
	"strconv"
	"testing"

	"lastgood.dev/tests/e2e/scenarios/internal/scenario"
)

func groupMember(name string, order int) scenario.App {
	return scenario.NewApp(name, "v1").Annotated("lastgood.dev/group", "shop").
		Annotated("lastgood.dev/group-order", strconv.Itoa(order))
}

// The group order is store, api, site. v2 of the api is bad. The api is released last, while v2 of
// store and v2 of site are evaluated.
func TestRollsBackAGroupInOrder(t *testing.T) {
	s := scenario.New(t)
	store, api, site := groupMember("store", -1), groupMember("api", 0), groupMember("site", 7)
	s.Given().Policy("shop", withLongTimeout(longBakePolicy)).
		PresumedGoodUnder("shop", store, api, site)
	s.When().Applied(site.As("v2"), store.As("v2")).Available("site").Available("store")
	s.Then().StateIs("site", "Evaluating", "Baking").StateIs("store", "Evaluating", "Baking")
	s.When().Applied(api.As("v2").Env("HEALTH", "fail"))
	for _, member := range []scenario.App{store, api, site} {
		s.Then().IsRestoredAndVerified(member).
			TemplateChangedBy(member.Name, "user", "lastgood")
	}
	s.Then().RolledBackInOrder("store", "api", "site").
		CausedByCheck("api", "health", "WrongStatus")
	initiator := s.Then().LatestRollback("api")
	group := initiator.Spec.Group
	if group == nil || group.Name != "shop" || len(group.Members) != 3 ||
		group.Members[0] != "store" || group.Members[2] != "site" {
		t.Errorf("the group in the Rollback of the api is %+v", group)
	}
	for _, member := range []string{"store", "site"} {
		by := s.Then().LatestRollback(member).Spec.CausedBy
		if by != initiator.Metadata.Name {
			t.Errorf("the Rollback of %s was caused by %q; want %s",
				member, by, initiator.Metadata.Name)
		}
	}
}

// The twin is in no group. Its rollback shows that the controller had the time to act.
func TestHoldsAGroupWhileOneMemberIsPaused(t *testing.T) {
	s := scenario.New(t)
	store, api := groupMember("store", 1), groupMember("api", 2)
	unreleased := groupMember("unreleased", 3)
	twin := scenario.NewApp("twin", "v1")
	s.Given().Policy("shop", longBakePolicy).PresumedGoodUnder("shop", store, api, unreleased, twin)
	s.When().Applied(store.As("v2")).Available("store")
	s.Then().StateIs("store", "Evaluating", "Baking")
	s.When().Paused("store").
		Applied(api.As("v2").Env("HEALTH", "fail")).
		Applied(twin.As("v2").Env("HEALTH", "fail"))
	s.Then().IsHeld("api", "GroupBlocked", "shop", "store", "paused").
		IsRestoredAndVerified(twin).StateIs("api", "Held", "GroupBlocked").
		HasNoControllerWrites("store", "api", "unreleased")
	s.When().Unpaused("store")
	s.Then().IsRestoredAndVerified(store).IsRestoredAndVerified(api).
		RolledBackInOrder("store", "api").
		HasNoControllerWrites("unreleased").TemplateChangedBy("unreleased")
}

// The policy of the api needs no approval, but the policy of the store does. The api is first in
// the group order.
func TestNeedsOneApprovalForAGroupWhenOneMemberNeedsIt(t *testing.T) {
	s := scenario.New(t)
	api, store := groupMember("api", 1), groupMember("store", 2)
	s.Given().Policy("shop", longBakePolicy).Policy("careful", "mode: Approve"+longBakePolicy).
		PresumedGoodUnder("shop", api).PresumedGoodUnder("careful", store)
	s.When().Applied(store.As("v2")).Available("store")
	s.Then().StateIs("store", "Evaluating", "Baking")
	s.When().Applied(api.As("v2").Env("HEALTH", "fail"))
	rollback := s.Then().PendingApproval("api")
	s.Then().HasNoControllerWrites("api", "store")
	s.When().Approved(rollback)
	s.Then().IsRestoredAndVerified(api).IsRestoredAndVerified(store).
		RolledBackInOrder("api", "store")
}

func TestHoldsAGroupWhileOneMemberIsNotGuarded(t *testing.T) {
	s := scenario.New(t)
	api, unguarded := groupMember("api", 1), groupMember("unguarded", 2)
	s.Given().Policy("shop", longBakePolicy).Running(unguarded).PresumedGoodUnder("shop", api)
	s.When().Applied(api.As("v2").Env("HEALTH", "fail"))
	s.Then().IsHeld("api", "GroupBlocked", "unguarded", "lastgood.dev/group").
		HasNoControllerWrites("api", "unguarded")
	s.When().Annotated("unguarded", "lastgood.dev/group-order", "").
		Annotated("unguarded", "lastgood.dev/group", "")
	s.Then().IsRestoredAndVerified(api).
		HasNoGuard("unguarded").TemplateChangedBy("unguarded")
}
