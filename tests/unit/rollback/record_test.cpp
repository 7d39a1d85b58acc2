// The Rollback record: name, first content, phases, conditions, and whether the guard knows it.
#include "rollback/record.hpp"

#include <catch2/catch.hpp>

#include "support/printers.hpp"

namespace lastgood::rollback::test {
namespace {

using namespace std::chrono_literals;
using api::Reason;
using api::RollbackPhase;
using enum api::RollbackPhase;

constexpr Time noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} + 12h};

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

TEST_CASE("rollback_name has the name, the generation and the uid of the Deployment") {
  CHECK(rollback_name(deployment("web", 7, "1b4e28ba-2fa1")) == "web-7-1b4e");
  CHECK(rollback_name(deployment("web", 8, "1b4e28ba-2fa1")) == "web-8-1b4e");
  CHECK(rollback_name(deployment("web", 7, "77aa28ba-2fa1")) == "web-7-77aa");
  CHECK(rollback_name(deployment("web", 7, "")) == "web-7-");
}

TEST_CASE("next_rollback_name counts up when the last Rollback of the release changed nothing") {
  const auto web = deployment("web", 7, "1b4e28ba-2fa1");
  const auto name_after = [&](const std::string& last_name, RollbackPhase phase) {
    api::Rollback last = make_rollback(phase);
    last.meta.key.name = last_name;
    return next_rollback_name(web, last);
  };
  CHECK(next_rollback_name(web, {}) == "web-7-1b4e");
  CHECK(name_after("web-7-1b4e", Superseded) == "web-7-1b4e-2");
  CHECK(name_after("web-7-1b4e-2", Superseded) == "web-7-1b4e-3");
  CHECK(name_after("web-6-1b4e", Superseded) == "web-7-1b4e");
  CHECK(name_after("web-7-1b4e-2nd", Superseded) == "web-7-1b4e");
  CHECK(name_after("web-7-1b4e-99999999999", Superseded) == "web-7-1b4e");
  CHECK(name_after("web-7-1b4e", Failed) == "web-7-1b4e-2");
  CHECK(name_after("web-7-1b4e", Succeeded) == "web-7-1b4e");
  api::Rollback restored = make_rollback(Failed);
  restored.status.template_restored = noon;
  CHECK_FALSE(changed_nothing(restored));
}

TEST_CASE("rollback_name is a valid name when the name of the Deployment is long") {
  const std::string longest(253, 'a');
  CHECK(rollback_name(deployment(longest, 9223372036854775807, "1b4e28ba")).size() <= 253);
  const std::string dotted = std::string(219, 'a') + "." + std::string(33, 'b');
  CHECK(rollback_name(deployment(dotted, 7, "1b4e28ba")) == std::string(219, 'a') + "-7-1b4e");
}

TEST_CASE("new_rollback records both revisions, the cause and the evidence of the decision") {
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
  const auto record =
      new_rollback(deployment("web", 7, "1b4e28ba-2fa1"), {}, guard, breach, to, noon);
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

TEST_CASE("advance sets the times and the conditions of each phase") {
  struct Row {
    RollbackPhase phase;
    bool template_restored, rolled_out, finished;  // whether the phase sets this time
    api::ConditionStatus succeeded, reconciling, stalled;
  };
  using enum api::ConditionStatus;
  const std::vector<Row> table = {{Pending, false, false, false, Unknown, True, False},
                                  {TemplateRestored, true, false, false, Unknown, True, False},
                                  {Restored, true, false, false, Unknown, True, False},
                                  {Verifying, false, true, false, Unknown, True, False},
                                  {Succeeded, false, false, true, True, False, False},
                                  {Failed, false, false, true, False, False, True},
                                  {Rejected, false, false, true, False, False, True},
                                  {Observed, false, false, true, False, False, False},
                                  {Superseded, false, false, true, False, False, False}};
  for (const Row& row : table) {
    CAPTURE(api::to_string(row.phase));
    const auto status = advance({}, row.phase, "the message", noon);
    CHECK(status.phase == row.phase);
    CHECK(status.message == "the message");
    CHECK(status.template_restored.has_value() == row.template_restored);
    CHECK(status.rolled_out.has_value() == row.rolled_out);
    CHECK(status.finished.has_value() == row.finished);
    REQUIRE(status.conditions.size() == 3);
    CHECK(api::find_condition(status.conditions, "Succeeded")->status == row.succeeded);
    CHECK(api::find_condition(status.conditions, "Reconciling")->status == row.reconciling);
    CHECK(api::find_condition(status.conditions, "Stalled")->status == row.stalled);
    for (const auto& condition : status.conditions) {
      CHECK(condition.reason == api::to_string(row.phase));
      CHECK(condition.message == "the message");
      CHECK(condition.last_transition == noon);
    }
  }
}

TEST_CASE("advance keeps the time when a phase was first reached") {
  auto status = advance({}, TemplateRestored, "a", noon);
  status = advance(status, Restored, "b", noon + 1s);
  status = advance(status, Verifying, "c", noon + 2s);
  status = advance(status, Verifying, "d", noon + 3s);
  status = advance(status, Succeeded, "e", noon + 4s);
  CHECK(status.template_restored == noon);
  CHECK(status.rolled_out == noon + 2s);
  CHECK(status.finished == noon + 4s);
  CHECK(status.message == "e");
}

TEST_CASE("advance forgets why the Rollback waited only when the phase changes") {
  api::RollbackStatus status = make_rollback(Pending).status;
  status.timeline = {{.time = noon, .message = "recorded"}};
  status.waiting_for = Reason::GroupOrder;
  status.blocked_by = "db";
  status.last_error = "the API server rejected the patch";
  const api::RollbackStatus waiting = advance(status, Pending, "waiting", noon);
  CHECK(waiting.waiting_for == Reason::GroupOrder);
  CHECK(waiting.blocked_by == "db");
  CHECK(waiting.last_error == "the API server rejected the patch");
  const api::RollbackStatus restored = advance(status, TemplateRestored, "restored", noon);
  CHECK(restored.waiting_for == Reason::None);
  CHECK(restored.blocked_by.empty());
  CHECK(restored.last_error.empty());
}

TEST_CASE("is_open returns true when the Rollback of this Deployment is not finished") {
  const auto live = deployment("web", 8, "1b4e-uid");
  for (const auto phase : {Pending, TemplateRestored, Restored, Verifying})
    CHECK(is_open(make_rollback(phase), live));
  for (const auto phase : {Succeeded, Failed, Superseded})
    CHECK_FALSE(is_open(make_rollback(phase), live));
  CHECK_FALSE(is_open({}, live));
  CHECK_FALSE(is_open(make_rollback(Pending), deployment("web", 8, "another")));
}

TEST_CASE("is_unknown_to returns true when the status of the guard is older than the Rollback") {
  auto live = deployment("web", 8, "1b4e-uid");
  live.meta.annotations["lastgood.dev/rolled-back-by"] = "web-7-1b4e";
  api::GuardStatus guard{.deployment_generation = 7, .state = api::State::Evaluating};
  CHECK(is_unknown_to(guard, make_rollback(Pending), live));
  CHECK(is_unknown_to(guard, make_rollback(Succeeded), live));
  CHECK_FALSE(is_unknown_to(guard, make_rollback(Superseded), live));
  CHECK_FALSE(is_unknown_to(guard, {}, live));
  CHECK_FALSE(is_unknown_to(guard, make_rollback(Pending), deployment("web", 8, "another")));
  SECTION("false when the guard is in state RollingBack or Verifying") {
    guard.state = api::State::RollingBack;
    CHECK_FALSE(is_unknown_to(guard, make_rollback(Pending), live));
    guard.state = api::State::Verifying;
    CHECK_FALSE(is_unknown_to(guard, make_rollback(Pending), live));
  }
  SECTION("false when the Rollback is finished and the guard names it") {
    guard.rollback = "web-7-1b4e";
    CHECK_FALSE(is_unknown_to(guard, make_rollback(Succeeded), live));
  }
  SECTION("false when the Rollback is finished and the guard has seen a later generation") {
    guard.deployment_generation = 8;
    CHECK_FALSE(is_unknown_to(guard, make_rollback(Succeeded), live));
  }
  SECTION("false when the Rollback is finished and did not change the Deployment") {
    live.meta.annotations.clear();
    CHECK_FALSE(is_unknown_to(guard, make_rollback(Failed), live));
  }
}

}  // namespace
}  // namespace lastgood::rollback::test
