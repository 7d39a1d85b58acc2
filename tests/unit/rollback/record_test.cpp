// The Rollback object: name, first write, phases, conditions, and whether the guard knows it.
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

TEST_CASE("names a Rollback after the Deployment, its generation and its uid") {
  CHECK(rollback_name(deployment("web", 7, "1b4e28ba-2fa1")) == "web-7-1b4e");
  CHECK(rollback_name(deployment("web", 8, "1b4e28ba-2fa1")) == "web-8-1b4e");
  CHECK(rollback_name(deployment("web", 7, "77aa28ba-2fa1")) == "web-7-77aa");
  CHECK(rollback_name(deployment("web", 7, "")) == "web-7-");
}

TEST_CASE("gives the next Rollback of a release another name when the last one changed nothing") {
  const auto web = deployment("web", 7, "1b4e28ba-2fa1");
  const auto next = [&](const std::string& last, RollbackPhase phase) {
    api::Rollback before = make_rollback(phase);
    before.meta.key.name = last;
    return next_rollback_name(web, before);
  };
  CHECK(next_rollback_name(web, {}) == "web-7-1b4e");
  CHECK(next("web-7-1b4e", Superseded) == "web-7-1b4e-2");
  CHECK(next("web-7-1b4e-2", Superseded) == "web-7-1b4e-3");
  CHECK(next("web-6-1b4e", Superseded) == "web-7-1b4e");
  CHECK(next("web-7-1b4e-2nd", Superseded) == "web-7-1b4e");
  CHECK(next("web-7-1b4e-99999999999", Superseded) == "web-7-1b4e");
  CHECK(next("web-7-1b4e", Failed) == "web-7-1b4e-2");
  CHECK(next("web-7-1b4e", Succeeded) == "web-7-1b4e");
  api::Rollback touched = make_rollback(Failed);
  touched.status.template_restored = noon;
  CHECK_FALSE(changed_nothing(touched));
}

TEST_CASE("shortens a long Deployment name to a valid name of a Rollback") {
  const std::string longest(253, 'a');
  CHECK(rollback_name(deployment(longest, 9223372036854775807, "1b4e28ba")).size() <= 253);
  const std::string dotted = std::string(219, 'a') + "." + std::string(33, 'b');
  CHECK(rollback_name(deployment(dotted, 7, "1b4e28ba")) == std::string(219, 'a') + "-7-1b4e");
}

TEST_CASE("records what is restored, to which revision and why, before anything is written") {
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

TEST_CASE("sets the time and the conditions of each phase") {
  struct Row {
    RollbackPhase phase;
    bool template_restored, rolled_out, finished;
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
    const auto status = advance({}, row.phase, "words", noon);
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

TEST_CASE("keeps the first time of each phase") {
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

TEST_CASE("is open when it is not finished and of this Deployment") {
  const auto mine = deployment("web", 8, "1b4e-uid");
  for (const auto phase : {Pending, TemplateRestored, Restored, Verifying})
    CHECK(is_open(make_rollback(phase), mine));
  for (const auto phase : {Succeeded, Failed, Superseded})
    CHECK_FALSE(is_open(make_rollback(phase), mine));
  CHECK_FALSE(is_open({}, mine));
  CHECK_FALSE(is_open(make_rollback(Pending), deployment("web", 8, "another")));
}

TEST_CASE("is unknown to a guard that was written before it") {
  auto mine = deployment("web", 8, "1b4e-uid");
  mine.meta.annotations["lastgood.dev/rolled-back-by"] = "web-7-1b4e";
  api::GuardStatus guard{.deployment_generation = 7, .state = api::State::Evaluating};
  CHECK(is_unknown_to(guard, make_rollback(Pending), mine));
  CHECK(is_unknown_to(guard, make_rollback(Succeeded), mine));
  CHECK_FALSE(is_unknown_to(guard, make_rollback(Superseded), mine));
  CHECK_FALSE(is_unknown_to(guard, {}, mine));
  CHECK_FALSE(is_unknown_to(guard, make_rollback(Pending), deployment("web", 8, "another")));
  SECTION("not when the guard is in that rollback") {
    guard.state = api::State::RollingBack;
    CHECK_FALSE(is_unknown_to(guard, make_rollback(Pending), mine));
    guard.state = api::State::Verifying;
    CHECK_FALSE(is_unknown_to(guard, make_rollback(Pending), mine));
  }
  SECTION("not when it is finished and named by the guard") {
    guard.rollback = "web-7-1b4e";
    CHECK_FALSE(is_unknown_to(guard, make_rollback(Succeeded), mine));
  }
  SECTION("not when it is finished and the guard is of a later generation") {
    guard.deployment_generation = 8;
    CHECK_FALSE(is_unknown_to(guard, make_rollback(Succeeded), mine));
  }
  SECTION("not when it is finished and has not changed the Deployment") {
    mine.meta.annotations.clear();
    CHECK_FALSE(is_unknown_to(guard, make_rollback(Failed), mine));
  }
}

}  // namespace
}  // namespace lastgood::rollback::test
