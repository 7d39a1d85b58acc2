// Which checks have passed for another revision. Only such a check may cause a rollback.
#include "guard/established.hpp"

#include <catch2/catch.hpp>

#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

api::PassedCheck passed(const std::string& config_hash, const std::string& revision) {
  return {.check = "health", .config_hash = config_hash, .revision = TemplateHash(revision)};
}

std::vector<std::string> revisions_of(const api::GuardStatus& guard) {
  std::vector<std::string> revisions;
  for (const api::PassedCheck& one : guard.passed_checks) revisions.push_back(one.revision.value);
  return revisions;
}

std::string health_hash() { return api::config_hash_of(web_policy().spec.checks[0].kind); }

// v2 is evaluated, and its rollout is not complete.
api::GuardStatus evaluating_v2() {
  api::GuardStatus guard;
  guard.state = api::State::Evaluating;
  guard.current = api::Revision{.hash = TemplateHash("v2")};
  return guard;
}

}  // namespace

TEST_CASE("keeps the last two revisions for which a check has passed") {
  api::GuardStatus guard;
  const api::PolicySpec spec = web_policy().spec;
  for (const char* revision : {"v1", "v2", "v2", "v3"})
    record_pass(guard, passed("a", revision), spec);
  record_pass(guard, passed("b", "v1"), spec);
  CHECK(revisions_of(guard) == std::vector<std::string>{"v1", "v3", "v2"});
  CHECK(has_passed_for(guard, "a", TemplateHash("v3")));
  CHECK_FALSE(has_passed_for(guard, "a", TemplateHash("v1")));
  CHECK(has_passed(guard, "b"));
  CHECK_FALSE(has_passed(guard, "c"));
}

TEST_CASE("removes the checks that are no longer in the policy when the list is full") {
  api::GuardStatus guard;
  const api::PolicySpec spec = web_policy().spec;
  record_pass(guard, passed(health_hash(), "v1"), spec);
  for (int i = 0; i < 60; ++i) record_pass(guard, passed("old " + std::to_string(i), "v1"), spec);
  CHECK(guard.passed_checks.size() == 40);
  CHECK(has_passed(guard, health_hash()));
  CHECK(has_passed(guard, "old 59"));
  CHECK_FALSE(has_passed(guard, "old 20"));
}

TEST_CASE("records a pass of the evaluated revision only after its rollout was complete") {
  api::GuardStatus guard = evaluating_v2();
  const std::vector measurements{pass("health"), pass("rollout"), pass("unknown check")};
  record_passes(guard, measurements, web_policy().spec);
  CHECK(guard.passed_checks.empty());
  guard.rolled_out = noon;
  record_passes(guard, measurements, web_policy().spec);
  CHECK(guard.passed_checks == std::vector{passed(health_hash(), "v2")});
}

TEST_CASE("passed_for_current names the checks that passed for the revision after its rollout") {
  api::GuardStatus guard = evaluating_v2();
  guard.passed_checks = {passed(health_hash(), "v2")};
  CHECK(passed_for_current(guard, web_policy().spec).empty());
  guard.rolled_out = noon;
  CHECK(passed_for_current(guard, web_policy().spec) == std::vector<std::string>{"health"});
  guard.passed_checks = {passed(health_hash(), "v1"), passed("0123", "v2")};
  CHECK(passed_for_current(guard, web_policy().spec).empty());
}

TEST_CASE("records a pass of the baseline for the revision of the baseline") {
  api::GuardStatus guard = evaluating_v2();
  api::Measurement measurement = unknown("health");
  measurement.baseline = api::BaselineResult{.result = api::MeasurementResult::Fail};
  measurement.baseline_revision = TemplateHash("v1");
  record_passes(guard, std::vector{measurement}, web_policy().spec);
  CHECK(guard.passed_checks.empty());
  measurement.baseline->result = api::MeasurementResult::Pass;
  record_passes(guard, std::vector{measurement}, web_policy().spec);
  CHECK(guard.passed_checks == std::vector{passed(health_hash(), "v1")});
}

TEST_CASE("a check is established when the same configuration has passed for another revision") {
  api::GuardStatus guard = evaluating_v2();
  const api::CheckStatus health{.name = "health", .config_hash = health_hash()};
  CHECK_FALSE(is_established(guard, health));
  CHECK(not_established(guard, web_policy().spec) == std::vector<std::string>{"health"});
  guard.passed_checks = {passed(health_hash(), "v2")};
  CHECK_FALSE(is_established(guard, health));
  guard.passed_checks.push_back(passed("0123", "v1"));
  CHECK_FALSE(is_established(guard, health));
  guard.passed_checks.push_back(passed(health_hash(), "v1"));
  CHECK(is_established(guard, health));
  CHECK(not_established(guard, web_policy().spec).empty());
}

TEST_CASE("the rollout check is always established") {
  CHECK(is_established(evaluating_v2(), {.name = "rollout"}));
}

TEST_CASE("holds a release until its check has passed for another revision, then rolls back") {
  DeploymentHarness harness;
  harness.establishes_checks = false;
  harness.ship("v1").roll_out().reconcile().reconcile();
  harness.pass_time(1h).ship("v2").reconcile().roll_out().reconcile({pass("rollout")});
  harness.fail_three_times();
  CHECK(harness.state() == held(Reason::CheckNotEstablished));
  CHECK(harness.restorations == 0);
  // The check passes for a pod of v1.
  api::Measurement measurement = fails("health");
  measurement.baseline = api::BaselineResult{.result = api::MeasurementResult::Pass};
  measurement.baseline_revision = TemplateHash("v1");
  harness.pass_time(10s).reconcile({measurement});
  CHECK(harness.restorations == 1);
}

TEST_CASE("the pass of a rule does not establish another rule of the same name") {
  api::GuardStatus guard = evaluating_v2();
  const api::PolicySpec spec = web_policy().spec;
  record_pass(guard, passed(passed_hash("a", "old"), "v1"), spec);
  const auto is_established_with = [&](const std::string& question) {
    return is_established(guard, {.name = "health", .config_hash = "a", .question = question});
  };
  CHECK(is_established_with("old"));
  CHECK_FALSE(is_established_with("new"));
  CHECK(is_established_with(""));  // not measured yet
  CHECK(has_passed_for(guard, "a", TemplateHash("v1")));
  CHECK_FALSE(has_passed(guard, "ab"));
  CHECK_FALSE(has_passed(guard, passed_hash("a", "ol")));
}

TEST_CASE("records the question of a pass") {
  api::GuardStatus guard = evaluating_v2();
  guard.rolled_out = noon;
  const api::PolicySpec spec = web_policy().spec;
  api::Measurement measurement = pass(spec.checks.front().name);
  measurement.question = "q";
  record_passes(guard, std::array{measurement}, spec);
  REQUIRE(guard.passed_checks.size() == 1);
  CHECK(guard.passed_checks.front().config_hash == passed_hash(health_hash(), "q"));
}
