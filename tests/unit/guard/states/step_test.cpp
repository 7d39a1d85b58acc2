// The fields that Step sets, and the list of revisions.
#include "guard/states/step.hpp"

#include <catch2/catch.hpp>

#include "unit/guard/fixtures.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::State;

namespace {

api::Revision revision(int number, RevisionVerdict verdict) {
  const std::string hash = "v" + std::to_string(number);
  return {.hash = TemplateHash(hash),
          .number = number,
          .verdict = verdict,
          .since = noon + std::chrono::minutes(number),
          .snapshot = verdict == RevisionVerdict::Good ? "web-" + hash : ""};
}

// v21 to v1, the newest first.
api::GuardStatus guard_with_21_revisions(RevisionVerdict verdict) {
  api::GuardStatus guard;
  for (int number = 21; number >= 1; --number) guard.revisions.push_back(revision(number, verdict));
  return guard;
}

std::string removed_by_trim(api::GuardStatus guard) {
  const auto before = guard.revisions;
  trim_revisions(guard);
  REQUIRE(guard.revisions.size() == 20);
  for (const api::Revision& one : before) {
    if (!find_revision(guard, one.hash)) return one.hash.value;
  }
  return "none";
}

}  // namespace

TEST_CASE("names the current revision by its number and its ReplicaSet") {
  Inputs inputs;
  inputs.deployment.meta.key.name = "web";
  const Step step{.inputs = inputs,
                  .now = noon,
                  .plan = {.guard = {.current = revision(2, RevisionVerdict::Evaluating)}}};
  CHECK(step.current_name() == "revision 2 (web-v2)");
}

TEST_CASE("clears the Deployment that blocks a rollback when it enters a state") {
  const Inputs inputs;
  Step step{.inputs = inputs, .now = noon, .plan = {.guard = {.blocked_by = "api"}}};
  step.enter(State::Evaluating, Reason::Baking, "");
  CHECK(step.guard().blocked_by.empty());
}

TEST_CASE("requeues at the earliest time") {
  const Inputs inputs;
  Step step{.inputs = inputs, .now = noon};
  step.requeue_at(noon + 2s);
  CHECK(step.plan.requeue_at == noon + 2s);
  step.requeue_at(noon + 3s);
  CHECK(step.plan.requeue_at == noon + 2s);
  step.requeue_at(noon + 1s);
  CHECK(step.plan.requeue_at == noon + 1s);
}

TEST_CASE("removes the oldest revision that is not proven from a full list") {
  api::GuardStatus guard = guard_with_21_revisions(RevisionVerdict::Superseded);
  CHECK(removed_by_trim(guard) == "v1");
  SECTION("but not a proven one") {
    guard.revisions[20] = revision(1, RevisionVerdict::Good);
    CHECK(removed_by_trim(guard) == "v2");
  }
  SECTION("but not the current one") {
    guard.current = guard.revisions[20];
    CHECK(removed_by_trim(guard) == "v2");
  }
  SECTION("but not the newest one with the mark") {
    guard.revisions[20].no_rollback_past = true;
    CHECK(removed_by_trim(guard) == "v2");
    guard.revisions[19].no_rollback_past = true;
    CHECK(removed_by_trim(guard) == "v1");
  }
}

TEST_CASE("removes the revision with the oldest verdict from a full list of proven revisions") {
  api::GuardStatus guard = guard_with_21_revisions(RevisionVerdict::Good);
  CHECK(removed_by_trim(guard) == "v1");
  SECTION("but not the current one") {
    guard.current = guard.revisions[20];
    CHECK(removed_by_trim(guard) == "v2");
  }
  SECTION("but not the first one") {
    guard.revisions[0].since = noon - 1h;
    CHECK(removed_by_trim(guard) == "v1");
  }
  SECTION("although it is not the last one") {
    guard.revisions[10].since = noon - 1h;
    CHECK(removed_by_trim(guard) == "v11");
  }
}

TEST_CASE("keeps a revision proven in the list when a later evaluation has no result") {
  using enum RevisionVerdict;
  for (const auto verdict : {Superseded, Inconclusive}) {
    CAPTURE(verdict);
    api::GuardStatus guard{.current = revision(1, Evaluating), .revisions = {revision(1, Good)}};
    set_verdict(guard, TemplateHash("v1"), verdict, noon);
    CHECK(guard.revisions[0].verdict == Good);
    CHECK(guard.current->verdict == verdict);
  }
  api::GuardStatus guard{.current = revision(1, Evaluating), .revisions = {revision(1, Good)}};
  set_verdict(guard, TemplateHash("v1"), Breached, noon);
  CHECK(guard.revisions[0].verdict == Breached);
}
