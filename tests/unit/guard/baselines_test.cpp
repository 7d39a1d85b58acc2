// Which revisions may serve as a baseline, and which results a release inherits.
#include "guard/baselines.hpp"

#include <catch2/catch.hpp>

#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::MeasurementResult;
using checks::BaselineTrust;

namespace {

struct NameAndTrust {
  std::string hash;
  BaselineTrust trust;
  bool operator==(const NameAndTrust&) const = default;
};
std::ostream& operator<<(std::ostream& out, const NameAndTrust& one) {
  return out << one.hash << (one.trust == BaselineTrust::Trusted ? " trusted" : " pass only");
}

constexpr auto trusted = BaselineTrust::Trusted;
constexpr auto pass_only = BaselineTrust::PassOnly;

std::vector<NameAndTrust> candidates_of(const api::GuardStatus& guard) {
  std::vector<NameAndTrust> out;
  for (const auto& one : baseline_candidates(guard))
    out.push_back({one.revision.hash.value, one.trust});
  return out;
}

api::Revision revision(const std::string& hash, RevisionVerdict verdict) {
  const bool is_proven =
      verdict == RevisionVerdict::Good || verdict == RevisionVerdict::PresumedGood;
  return {.hash = TemplateHash(hash), .verdict = verdict, .snapshot = is_proven ? "web-1" : ""};
}

// The current revision is v9. `others`: the other revisions, the newest first.
api::GuardStatus evaluating_v9(std::vector<api::Revision> others) {
  api::GuardStatus guard;
  guard.state = api::State::Evaluating;
  guard.current = revision("v9", RevisionVerdict::Evaluating);
  guard.revisions = {*guard.current};
  guard.revisions.insert(guard.revisions.end(), others.begin(), others.end());
  return guard;
}

api::CheckStatus failing_health() {
  return {.name = "health",
          .config_hash = "a",
          .result = MeasurementResult::Fail,
          .reason = Reason::WrongStatus,
          .message = "503",
          .consecutive_failures = 3,
          .last_failure = noon,
          .breached = true};
}

api::BaselineResult failing_baseline(int failures) {
  return {.result = MeasurementResult::Fail,
          .message = "503",
          .revision = "revision 1 (web-v1)",
          .consecutive_failures = failures};
}

}  // namespace

TEST_CASE("a value is compared only while a release is evaluated and there is another revision") {
  const auto good = revision("v8", RevisionVerdict::Good);
  CHECK(compared_with(evaluating_v9({good})) == checks::ComparedWith::Baseline);
  CHECK(compared_with(evaluating_v9({})) == checks::ComparedWith::Nothing);
  CHECK(compared_with(evaluating_v9({revision("v8", RevisionVerdict::RolledBack)})) ==
        checks::ComparedWith::Nothing);
  api::GuardStatus idle = evaluating_v9({good});
  idle.state = api::State::Idle;
  CHECK(compared_with(idle) == checks::ComparedWith::Nothing);
}

TEST_CASE("the candidates are the previous revision, then the target, then the others") {
  api::GuardStatus guard = evaluating_v9({revision("v8", RevisionVerdict::Superseded),
                                          revision("v7", RevisionVerdict::Inconclusive),
                                          revision("v6", RevisionVerdict::Good)});
  for (const char* hash : {"v8", "v7"})
    guard.passed_checks.push_back({.config_hash = "a", .revision = TemplateHash(hash)});
  CHECK(candidates_of(guard) ==
        std::vector<NameAndTrust>{{"v8", trusted}, {"v6", trusted}, {"v7", trusted}});
}

TEST_CASE("a revision that never worked comes last, and only its pass counts") {
  const api::GuardStatus guard = evaluating_v9({revision("v8", RevisionVerdict::Superseded),
                                                revision("v7", RevisionVerdict::Good),
                                                revision("v6", RevisionVerdict::PresumedGood)});
  CHECK(candidates_of(guard) ==
        std::vector<NameAndTrust>{{"v7", trusted}, {"v6", trusted}, {"v8", pass_only}});
}

TEST_CASE("a breached revision is not trusted, and a rolled back one is no baseline") {
  api::GuardStatus guard = evaluating_v9({revision("v8", RevisionVerdict::Breached),
                                          revision("v7", RevisionVerdict::RolledBack),
                                          revision("v6", RevisionVerdict::Good)});
  for (const char* hash : {"v8", "v7"})
    guard.passed_checks.push_back({.config_hash = "a", .revision = TemplateHash(hash)});
  CHECK(candidates_of(guard) == std::vector<NameAndTrust>{{"v6", trusted}, {"v8", pass_only}});
}

TEST_CASE("there are no candidates in state Idle") {
  api::GuardStatus guard = evaluating_v9({revision("v8", RevisionVerdict::Good)});
  guard.state = api::State::Idle;
  CHECK(candidates_of(guard).empty());
}

TEST_CASE("a new release inherits the failing baseline of the revision that it replaces") {
  api::GuardStatus guard = evaluating_v9({revision("v1", RevisionVerdict::Good)});
  guard.checks = {failing_health()};
  guard.checks[0].baseline = failing_baseline(2);
  const auto checks = inherited_checks(guard, {}, "revision 9 (web-v9)", noon);
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].name == "health");
  CHECK(checks[0].config_hash == "a");
  CHECK(checks[0].consecutive_failures == 0);
  CHECK_FALSE(checks[0].breached);
  CHECK(checks[0].baseline->revision == "revision 1 (web-v1)");
  CHECK(checks[0].baseline->before);
  guard.checks[0].baseline = failing_baseline(1);
  CHECK(inherited_checks(guard, {}, "", noon).empty());
  guard.checks[0].name = "rollout";
  guard.checks[0].baseline = failing_baseline(2);
  CHECK(inherited_checks(guard, {}, "", noon).empty());
}

TEST_CASE("a new release inherits the failures of a revision that worked before") {
  api::GuardStatus guard = evaluating_v9({});
  guard.checks = {failing_health()};
  CHECK(inherited_checks(guard, {}, "revision 9 (web-v9)", noon).empty());
  guard.passed_checks = {{.config_hash = "a", .revision = TemplateHash("v9")}};
  const auto checks = inherited_checks(guard, {}, "revision 9 (web-v9)", noon);
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].baseline->revision == "revision 9 (web-v9)");
  CHECK(checks[0].baseline->consecutive_failures == 2);
  guard.checks[0].baseline = api::BaselineResult{.result = MeasurementResult::Pass};
  CHECK(inherited_checks(guard, {}, "", noon).empty());
  guard.checks[0].baseline.reset();
  guard.checks[0].consecutive_failures = 1;
  CHECK(inherited_checks(guard, {}, "", noon).empty());
}

TEST_CASE("a new release inherits two recent failures of state Idle") {
  api::GuardStatus guard = evaluating_v9({});
  guard.current->verdict = RevisionVerdict::Good;
  guard.idle_results = {{.check = "health",
                         .config_hash = "a",
                         .result = MeasurementResult::Fail,
                         .consecutive_failures = 2,
                         .at = noon}};
  CHECK(inherited_checks(guard, {}, "revision 9 (web-v9)", noon + 3min).size() == 1);
  CHECK(inherited_checks(guard, {}, "", noon + 4min).empty());
  guard.current->verdict = RevisionVerdict::Inconclusive;
  CHECK(inherited_checks(guard, {}, "", noon).empty());
  guard.current->verdict = RevisionVerdict::Good;
  guard.idle_results[0].consecutive_failures = 1;
  CHECK(inherited_checks(guard, {}, "", noon).empty());
}

TEST_CASE("a new release inherits the recent pass of an external metric in state Idle") {
  api::GuardStatus guard = evaluating_v9({});
  guard.idle_results = {
      {.check = "queue", .config_hash = "q", .result = MeasurementResult::Pass, .at = noon}};
  const api::PolicySpec spec{
      .checks = {{.name = "queue", .kind = api::ExternalMetricCheck{.metric = "depth"}}}};
  const auto checks = inherited_checks(guard, spec, "revision 9 (web-v9)", noon + 3min);
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].name == "queue");
  CHECK(checks[0].config_hash == "q");
  CHECK(checks[0].baseline->result == MeasurementResult::Pass);
  CHECK(checks[0].baseline->revision == "revision 9 (web-v9)");
  CHECK(checks[0].baseline->before);
  CHECK(inherited_checks(guard, spec, "", noon + 181s).empty());
  // The pass of a check of another kind is not inherited: the baseline is measured later.
  CHECK(inherited_checks(guard, {}, "", noon).empty());
  guard.idle_results[0].result = MeasurementResult::Unknown;
  CHECK(inherited_checks(guard, spec, "", noon).empty());
}

TEST_CASE("finds a shared cause when the baseline fails too or the check passed for v9 before") {
  api::GuardStatus guard = evaluating_v9({});
  CHECK_FALSE(fails_for_shared_cause(guard));
  guard.checks = {{.name = "rollout"}, failing_health()};
  CHECK_FALSE(fails_for_shared_cause(guard));
  guard.checks[1].baseline = failing_baseline(2);
  CHECK(fails_for_shared_cause(guard));
  guard.checks[0].breached = true;
  CHECK_FALSE(fails_for_shared_cause(guard));
  guard.checks[0].breached = false;
  guard.checks[1].baseline.reset();
  guard.passed_checks = {{.config_hash = "a", .revision = TemplateHash("v9")}};
  CHECK(fails_for_shared_cause(guard));
}

// v2 fails, and v1 too: v2 is held ──▶ v3 fails, and inherits the failing baseline: v3 is held
TEST_CASE("holds the next release too while the cause of the hold lasts") {
  DeploymentHarness harness = baking_v2();
  harness.reconcile_for(30s, {fails_like_baseline("health")});
  REQUIRE(harness.state() == held(Reason::SharedCause));
  harness.pass_time(10s).ship("v3").reconcile().roll_out().reconcile({pass("rollout")});
  CHECK(harness.verdict("v2") == RevisionVerdict::Superseded);
  harness.fail_three_times();
  CHECK(harness.state() == held(Reason::AlreadyFailing));
  CHECK(harness.restorations == 0);
}

TEST_CASE("rolls back the next release when the replaced one was bad by itself") {
  DeploymentHarness harness = baking_v2(api::Mode::Observe);
  harness.fail_three_times();
  REQUIRE(harness.state() == held(Reason::Observing));
  harness.policy.spec.mode = api::Mode::Enforce;
  harness.pass_time(10s).ship("v3").reconcile().roll_out().reconcile({pass("rollout")});
  CHECK(harness.verdict("v2") == RevisionVerdict::Breached);
  harness.fail_three_times();
  CHECK(harness.restorations == 1);
  CHECK(harness.deployed_template() == "v1");
}
