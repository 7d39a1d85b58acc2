// Facts about one member of a group, and about the group rollback that includes it.
#include <catch2/catch.hpp>

#include "guard/group/member.hpp"
#include "unit/guard/group/members.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;

namespace {

// "web" is in the group "shop" with these members.
Inputs inputs_with(std::vector<GroupMember> members) {
  Inputs inputs;
  inputs.deployment.meta.key.name = "web";
  inputs.policy.group = "shop";
  inputs.group = std::move(members);
  return inputs;
}

}  // namespace

TEST_CASE("two releases belong together by the verdict of one and the time of that verdict") {
  struct Case {
    const char* name;
    RevisionVerdict verdict;
    Duration since;  // after the other release
    bool is_released_together;
  };
  const Time released = noon;
  const std::vector<Case> cases = {
      {"evaluated since before the other release", RevisionVerdict::Evaluating, -1h, true},
      {"breached an hour before the other release", RevisionVerdict::Breached, -1h, true},
      {"breached long before the other release", RevisionVerdict::Breached, -1h - 1ms, false},
      {"good at the time of the other release", RevisionVerdict::Good, 0s, true},
      {"good before the other release", RevisionVerdict::Good, -1ms, false},
      {"inconclusive after the other release", RevisionVerdict::Inconclusive, 1s, true},
      {"presumed good after the other release", RevisionVerdict::PresumedGood, 1s, false},
  };
  for (const Case& row : cases) {
    CAPTURE(row.name);
    GroupMember api = member("api");
    api.guard.current->verdict = row.verdict;
    api.guard.current->since = released + row.since;
    CHECK(is_released_together(api, released) == row.is_released_together);
    CHECK_FALSE(is_released_together(api, std::nullopt));
  }
}

TEST_CASE("a member is not released together when it was good before it opted in again") {
  GroupMember api = member("api");
  api.guard.current->verdict = RevisionVerdict::Good;
  api.guard.evaluation_started.reset();
  CHECK_FALSE(is_released_together(api, noon));
}

TEST_CASE("has initiated the group rollback when its Rollback has changed the template") {
  for (const RollbackPhase phase : {RollbackPhase::TemplateRestored, RollbackPhase::Restored,
                                    RollbackPhase::Verifying, RollbackPhase::Succeeded}) {
    GroupMember api = initiator("api", {"api", "web"});
    api.rollback->status.phase = phase;
    CHECK(has_initiated(api));
  }
  GroupMember failed = initiator("api", {"api", "web"});
  failed.rollback->status.phase = RollbackPhase::Failed;
  CHECK_FALSE(has_initiated(failed));
  failed.rollback->status.template_restored = noon;
  CHECK(has_initiated(failed));
}

TEST_CASE("a group rollback waits only for an unfinished Rollback that the member's guard names") {
  GroupMember api = initiator("api", {"api", "web"});
  CHECK_FALSE(other_rollback_of(api).empty());
  SECTION("the Rollback is finished") {
    api.rollback->status.phase = RollbackPhase::Succeeded;
    CHECK(other_rollback_of(api).empty());
  }
  SECTION("the guard does not name the Rollback") {
    api.guard.state = api::State::Evaluating;
    api.guard.rollback = "api-1-9f";
    CHECK(other_rollback_of(api).empty());
  }
}

TEST_CASE("has restored a member only if the member follows this group rollback") {
  GroupMember db = member("db");
  db.rollback = member_rollback("api-2-9f", RollbackPhase::Restored, noon);
  const Inputs inputs = inputs_with({db});
  CHECK(has_restored_member(inputs, "api-2-9f"));
  CHECK_FALSE(has_restored_member(inputs, "api-1-9f"));
}

TEST_CASE("has a newer release only if it was released after the breach of the initiator") {
  const GroupMember api = initiator("api", {"api", "db"});
  GroupMember db = member("db");
  db.guard.evaluation_started = api.rollback->spec.detected;
  CHECK_FALSE(has_newer_release(db, *api.rollback));
  *db.guard.evaluation_started += 1ms;
  CHECK(has_newer_release(db, *api.rollback));
}

TEST_CASE("a member needs a rollback again as soon as it has opted in again") {
  const GroupMember api = initiator("api", {"api", "db"});
  GroupMember db = member("db");
  db.guard.reason = Reason::NotOptedIn;
  db.guard.policy.clear();
  CHECK(needs_no_rollback(db, *api.rollback));
  db.guard.policy = "RollbackPolicy/web";
  CHECK_FALSE(needs_no_rollback(db, *api.rollback));
}

TEST_CASE("does not count the initiator as a newly released member") {
  GroupMember api = initiator("api", {"api", "web"});
  const api::Rollback rollback = *api.rollback;
  api.guard.evaluation_started = *rollback.spec.detected + 1s;
  api.rollback.reset();
  CHECK(newly_released_member(inputs_with({api}), rollback, noon) == nullptr);
  const Inputs with_db = inputs_with({api, member("db")});
  CHECK(newly_released_member(with_db, rollback, noon) == &with_db.group[1]);
}
