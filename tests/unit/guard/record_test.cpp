// The Rollback object: its name, its first writing, its phases and conditions, and what it says
// about the state.
#include "rollback/record.hpp"

#include <catch2/catch.hpp>

#include "harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;
using enum api::RollbackPhase;

namespace {

api::Deployment deployment(const std::string& name, std::int64_t generation,
                           const std::string& uid) {
  api::Deployment out;
  out.meta = {
      .key = {.namespace_ = "shop", .name = name}, .uid = Uid(uid), .generation = generation};
  return out;
}

api::Rollback make_rollback(RollbackPhase phase) {
  api::Rollback out;
  out.meta.key.name = "web-7-1b4e";
  out.spec.deployment_uid = Uid("1b4e-uid");
  out.spec.generation = 7;
  out.status.phase = phase;
  return out;
}

}  // namespace

TEST_CASE("A Rollback is named after the Deployment, its generation and its uid") {
  CHECK(lastgood::rollback::rollback_name(deployment("web", 7, "1b4e28ba-2fa1")) == "web-7-1b4e");
  CHECK(lastgood::rollback::rollback_name(deployment("web", 8, "1b4e28ba-2fa1")) == "web-8-1b4e");
  CHECK(lastgood::rollback::rollback_name(deployment("web", 7, "77aa28ba-2fa1")) == "web-7-77aa");
  CHECK(lastgood::rollback::rollback_name(deployment("web", 7, "")) == "web-7-");
}

TEST_CASE("After a Rollback that came to nothing the next one of the release has another name") {
  const auto web = deployment("web", 7, "1b4e28ba-2fa1");
  const auto next = [&](const std::string& last, api::RollbackPhase phase) {
    api::Rollback before = make_rollback(phase);
    before.meta.key.name = last;
    return lastgood::rollback::next_rollback_name(web, before);
  };
  CHECK(lastgood::rollback::next_rollback_name(web, {}) == "web-7-1b4e");
  CHECK(next("web-7-1b4e", api::RollbackPhase::Superseded) == "web-7-1b4e-2");
  CHECK(next("web-7-1b4e-2", api::RollbackPhase::Superseded) == "web-7-1b4e-3");
  CHECK(next("web-6-1b4e", api::RollbackPhase::Superseded) == "web-7-1b4e");
  CHECK(next("web-7-1b4e-2nd", api::RollbackPhase::Superseded) == "web-7-1b4e");
  CHECK(next("web-7-1b4e-99999999999", api::RollbackPhase::Superseded) == "web-7-1b4e");
  CHECK(next("web-7-1b4e", api::RollbackPhase::Failed) == "web-7-1b4e-2");
  CHECK(next("web-7-1b4e", api::RollbackPhase::Succeeded) == "web-7-1b4e");
  api::Rollback touched = make_rollback(api::RollbackPhase::Failed);
  touched.status.template_restored = noon;
  CHECK_FALSE(lastgood::rollback::changed_nothing(touched));
}

TEST_CASE("A long name is cut so that the Rollback's is still one that Kubernetes takes") {
  const std::string longest(253, 'a');
  CHECK(lastgood::rollback::rollback_name(deployment(longest, 9223372036854775807, "1b4e28ba"))
            .size() <= 253);
  const std::string dotted = std::string(219, 'a') + "." + std::string(33, 'b');
  CHECK(lastgood::rollback::rollback_name(deployment(dotted, 7, "1b4e28ba")) ==
        std::string(219, 'a') + "-7-1b4e");
}

TEST_CASE("The record says what is put back, to what, and why, before anything is touched") {
  const api::Revision from{
      .hash = TemplateHash("v2"), .number = 2, .verdict = api::RevisionVerdict::Breached};
  const api::Revision to{.hash = TemplateHash("v1"),
                         .number = 1,
                         .verdict = api::RevisionVerdict::Good,
                         .snapshot = "web-v1"};
  const api::CheckStatus breach{.name = "health",
                                .reason = Reason::WrongStatus,
                                .message = "500 instead of 200-399",
                                .consecutive_failures = 3,
                                .first_failure = noon - 20s,
                                .breached = true};
  const api::GuardStatus guard{.current = from, .checks = {breach}};
  const auto record = lastgood::rollback::new_rollback(deployment("web", 7, "1b4e28ba-2fa1"), {},
                                                       guard, breach, to, noon);
  CHECK(record.meta.key.str() == "shop/web-7-1b4e");
  CHECK(record.meta.owner == Uid("1b4e28ba-2fa1"));
  CHECK(record.spec == api::RollbackSpec{.deployment = "web",
                                         .deployment_uid = Uid("1b4e28ba-2fa1"),
                                         .generation = 7,
                                         .from = from,
                                         .to = to,
                                         .check = "health",
                                         .reason = Reason::WrongStatus,
                                         .message = "500 instead of 200-399",
                                         .detected = noon});
  CHECK(record.status.phase == Pending);
  CHECK(record.status.first_failure == noon - 20s);
  CHECK(record.status.evidence == guard.checks);
  CHECK_FALSE(record.status.template_restored.has_value());
  CHECK_FALSE(record.status.finished.has_value());
}

TEST_CASE("Each phase has its time and its conditions") {
  struct Row {
    RollbackPhase phase;
    bool template_restored, rolled_out, finished;
    api::ConditionStatus succeeded, reconciling, stalled;
  };
  using enum api::ConditionStatus;
  const std::vector<Row> table = {
      {Pending, false, false, false, Unknown, True, False},
      {TemplateRestored, true, false, false, Unknown, True, False},
      {Restored, true, false, false, Unknown, True, False},
      {RollbackPhase::Verifying, false, true, false, Unknown, True, False},
      {Succeeded, false, false, true, True, False, False},
      {Failed, false, false, true, False, False, True},
      {RollbackPhase::Rejected, false, false, true, False, False, True},
      {RollbackPhase::Observed, false, false, true, False, False, False},
      {RollbackPhase::Superseded, false, false, true, False, False, False}};
  for (const Row& row : table) {
    CAPTURE(api::to_string(row.phase));
    const auto status = lastgood::rollback::advance({}, row.phase, "words", noon);
    CHECK(status.phase == row.phase);
    CHECK(status.message == "words");
    CHECK(status.template_restored.has_value() == row.template_restored);
    CHECK(status.rolled_out.has_value() == row.rolled_out);
    CHECK(status.finished.has_value() == row.finished);
    REQUIRE(status.conditions.size() == 3);
    CHECK(api::find_condition(status.conditions, "Succeeded")->status == row.succeeded);
    CHECK(api::find_condition(status.conditions, "Reconciling")->status == row.reconciling);
    CHECK(api::find_condition(status.conditions, "Stalled")->status == row.stalled);
    for (const auto& condition : status.conditions) {
      CHECK(condition.reason == api::to_string(row.phase));
      CHECK(condition.message == "words");
      CHECK(condition.last_transition == noon);
    }
  }
}

TEST_CASE("The times of the phases stay as they were first written") {
  auto status = lastgood::rollback::advance({}, TemplateRestored, "a", noon);
  status = lastgood::rollback::advance(status, Restored, "b", noon + 1s);
  status = lastgood::rollback::advance(status, RollbackPhase::Verifying, "c", noon + 2s);
  status = lastgood::rollback::advance(status, RollbackPhase::Verifying, "d", noon + 3s);
  status = lastgood::rollback::advance(status, Succeeded, "e", noon + 4s);
  CHECK(status.template_restored == noon);
  CHECK(status.rolled_out == noon + 2s);
  CHECK(status.finished == noon + 4s);
  CHECK(status.message == "e");
}

TEST_CASE("Open is what is not finished and of this very Deployment") {
  const auto mine = deployment("web", 8, "1b4e-uid");
  for (const auto phase : {Pending, TemplateRestored, Restored, RollbackPhase::Verifying})
    CHECK(lastgood::rollback::is_open(make_rollback(phase), mine));
  for (const auto phase : {Succeeded, Failed, RollbackPhase::Superseded})
    CHECK_FALSE(lastgood::rollback::is_open(make_rollback(phase), mine));
  CHECK_FALSE(lastgood::rollback::is_open({}, mine));
  CHECK_FALSE(lastgood::rollback::is_open(make_rollback(Pending), deployment("web", 8, "another")));
}

TEST_CASE("Which Rollback the state is from before") {
  auto mine = deployment("web", 8, "1b4e-uid");
  mine.meta.annotations["lastgood.dev/rolled-back-by"] = "web-7-1b4e";
  api::GuardStatus guard{.deployment_generation = 7, .state = api::State::Evaluating};
  CHECK(lastgood::rollback::is_unknown_to(guard, make_rollback(Pending), mine));
  CHECK(lastgood::rollback::is_unknown_to(guard, make_rollback(Succeeded), mine));
  CHECK_FALSE(
      lastgood::rollback::is_unknown_to(guard, make_rollback(RollbackPhase::Superseded), mine));
  CHECK_FALSE(lastgood::rollback::is_unknown_to(guard, {}, mine));
  CHECK_FALSE(lastgood::rollback::is_unknown_to(guard, make_rollback(Pending),
                                                deployment("web", 8, "another")));
  SECTION("not one that it goes on with") {
    guard.state = api::State::RollingBack;
    CHECK_FALSE(lastgood::rollback::is_unknown_to(guard, make_rollback(Pending), mine));
    guard.state = api::State::Verifying;
    CHECK_FALSE(lastgood::rollback::is_unknown_to(guard, make_rollback(Pending), mine));
  }
  SECTION("not a finished one that it speaks of") {
    guard.rollback = "web-7-1b4e";
    CHECK_FALSE(lastgood::rollback::is_unknown_to(guard, make_rollback(Succeeded), mine));
  }
  SECTION("not a finished one when it has seen the Deployment later") {
    guard.deployment_generation = 8;
    CHECK_FALSE(lastgood::rollback::is_unknown_to(guard, make_rollback(Succeeded), mine));
  }
  SECTION("not a finished one that has never touched the Deployment") {
    mine.meta.annotations.clear();
    CHECK_FALSE(lastgood::rollback::is_unknown_to(guard, make_rollback(Failed), mine));
  }
}
