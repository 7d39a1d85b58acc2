// The bake: which time counts, and what the measurements in it prove.
#include "guard/bake.hpp"

#include <catch2/catch.hpp>

#include "guard/check_status.hpp"
#include "guard/guard_status.hpp"
#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

const Measurements all_pass{pass("rollout"), pass("health")};
const Measurements health_unknown{pass("rollout"), unknown("health")};
const Measurements health_fails{pass("rollout"), fails("health")};

std::vector<api::CheckStatus> checks_with_results(std::optional<Time> rollout,
                                                  std::optional<Time> health) {
  return {{.name = "rollout", .last_result = rollout}, {.name = "health", .last_result = health}};
}

// Measures the current revision every 10s for `time`. Every `period`-th time the measurements are
// `bad`. All other times every check passes.
DeploymentHarness& bake_with(DeploymentHarness& web, Duration time, const Measurements& bad,
                             int period) {
  int turn = 0;
  for (const Time end = web.now + time; web.now < end;)
    web.pass_time(10s).reconcile(++turn % period == 0 ? bad : all_pass);
  return web;
}

DeploymentHarness& ship_v3(DeploymentHarness& web) {
  return web.pass_time(1s).ship("v3").reconcile().roll_out().reconcile(all_pass);
}

}  // namespace

// While the rollout check passes, it runs only every 15 s, so its pass is recent for longer.
TEST_CASE("a pass of the rollout check is recent for 25 s, and a failure for 10 s") {
  std::vector<api::CheckStatus> checks{{.name = "rollout", .last_result = noon}};
  checks[0].result = api::MeasurementResult::Pass;
  CHECK(observed_until(checks, {}) == noon + 25s);
  // It runs every 2 s after a failure in the bake.
  checks[0].bake_failures = 1;
  CHECK(observed_until(checks, {}) == noon + 10s);
  checks[0].bake_failures = 0;
  checks[0].result = api::MeasurementResult::Fail;
  CHECK(observed_until(checks, {}) == noon + 10s);
}

TEST_CASE("counts the time in which every check has a recent result as observed") {
  struct Row {
    const char* name;
    std::optional<Duration> rollout;  // age of the last result at noon; empty: no result
    std::optional<Duration> health;   // the same; a negative age: the result is from after noon
    Duration time;                    // from noon to the next reconcile
    Duration observed;
    Duration unobserved;
  };
  // A result is recent for 10s (rollout), and for two intervals and the timeout: 22s (health). At
  // most 30s between two reconciles count as unobserved.
  const std::vector<Row> rows = {
      {"both are recent", 0s, 0s, 5s, 5s, 0s},
      {"rollout is recent for 10s", 0s, 0s, 15s, 10s, 5s},
      {"health is recent for 22s", -20s, 20s, 5s, 2s, 3s},
      {"no result of health", 0s, {}, 5s, 0s, 5s},
      {"no result of rollout", {}, 0s, 5s, 0s, 5s},
      {"both are old", 1min, 1min, 5s, 0s, 5s},
      {"no controller ran for an hour", 0s, 0s, 1h, 10s, 30s},
      {"no time has passed", 0s, 0s, 0s, 0s, 0s},
      {"the clock was set back", 0s, 0s, -5s, 0s, 0s},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto time_of = [](std::optional<Duration> age) {
      return age ? std::optional(noon - *age) : std::nullopt;
    };
    api::Bake bake{.counted_until = noon};
    count_bake(bake, checks_with_results(time_of(row.rollout), time_of(row.health)),
               web_policy().spec, {}, noon + row.time);
    CHECK(bake.observed == row.observed);
    CHECK(bake.unobserved == row.unobserved);
    CHECK(bake.counted_until == std::max(noon, noon + row.time));
  }
}

TEST_CASE("does not count time as unobserved before all checks are measured") {
  api::Bake bake{.counted_until = noon};
  const auto none = checks_with_results({}, {});
  count_bake(bake, none, web_policy().spec, noon + 1min, noon + 20s);
  CHECK(bake.unobserved == 0s);
  count_bake(bake, none, web_policy().spec, noon + 1min, noon + 70s);
  CHECK(bake.unobserved == 30s);
}

TEST_CASE(
    "leaves out a check without a result only when onNoData is Ignore and it has no failure") {
  using enum api::MeasurementResult;
  struct Row {
    const char* name;
    api::OnNoData on_no_data;
    api::CheckStatus status;
    bool is_counted;
  };
  const auto with_reason = [](Reason reason) {
    return api::CheckStatus{.name = "health", .result = Unknown, .reason = reason};
  };
  api::CheckStatus failed = with_reason(Reason::NoData);
  failed.consecutive_failures = 1;
  api::CheckStatus breached = with_reason(Reason::NoData);
  breached.breached = true;
  api::CheckStatus passed_rarely = with_reason(Reason::NoData);
  passed_rarely.bake_passes = 1;
  passed_rarely.bake_failures = 1;
  api::CheckStatus passes = with_reason(Reason::Passed);
  passes.result = Pass;
  using enum api::OnNoData;
  const std::vector<Row> rows = {
      {"no data", Ignore, with_reason(Reason::NoData), false},
      {"no data, by default", Hold, with_reason(Reason::NoData), true},
      {"the server is down", Ignore, with_reason(Reason::ConnectionRefused), false},
      {"not measured yet", Ignore, with_reason(Reason::Pending), true},
      {"its pods start", Ignore, with_reason(Reason::PodsStarting), true},
      {"it failed last", Ignore, failed, true},
      {"it is breached", Ignore, breached, true},
      {"it passed too rarely", Ignore, passed_rarely, true},
      {"it passes", Ignore, passes, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    api::PolicySpec spec = web_policy().spec;
    spec.checks[0].on_no_data = row.on_no_data;
    const auto counted = counted_checks({{.name = "rollout"}, row.status}, spec);
    CHECK(counted.size() == (row.is_counted ? 2 : 1));
    CHECK(counted[0].name == "rollout");
  }
}

TEST_CASE("becomes good with onNoData Ignore although a check never had a result") {
  DeploymentHarness web = baking_v2();
  web.policy.spec.checks[0].on_no_data = api::OnNoData::Ignore;
  web.reconcile_for(11min, health_unknown);
  CHECK(web.state() == idle(Reason::Good));
}

TEST_CASE("does not become good with onNoData Ignore while the check failed last") {
  DeploymentHarness web = baking_v2();
  web.policy.spec.checks[0].on_no_data = api::OnNoData::Ignore;
  web.reconcile(health_fails).reconcile_for(30min, health_unknown);
  CHECK(web.state() != idle(Reason::Good));
}

TEST_CASE("extends the bake by the time in which no controller ran") {
  DeploymentHarness web = baking_v2();
  web.pass_checks_for(5min).restart().pass_time(1h).reconcile(all_pass);
  CHECK(web.state() == evaluating(Reason::Baking));
  web.pass_checks_for(4min);
  CHECK(web.state() == evaluating(Reason::Baking));
  web.pass_checks_for(3min);
  CHECK(web.state() == idle(Reason::Good));
}

TEST_CASE("extends the bake by the time in which a check had no result") {
  DeploymentHarness web = baking_v2();
  web.pass_checks_for(5min).reconcile_for(4min, health_unknown).pass_checks_for(4min);
  CHECK(web.state() == evaluating(Reason::Baking));
  web.pass_checks_for(2min);
  CHECK(web.state() == idle(Reason::Good));
}

TEST_CASE("says how much of the bake was observed while a check returns no result") {
  DeploymentHarness web = baking_v2();
  web.pass_checks_for(5min).reconcile_for(4min, health_unknown);
  CHECK_THAT(web.guard.message, mentions({"5m", "of 10m"}));
}

TEST_CASE("ends a bake as inconclusive when a check passed once and then had no result") {
  DeploymentHarness web = baking_v2();
  web.reconcile(all_pass).reconcile_for(10min, health_unknown);
  CHECK(web.state() == evaluating(Reason::Baking));
  web.reconcile_for(1min, health_unknown);
  CHECK(web.state() == idle(Reason::Inconclusive));
  CHECK_THAT(web.guard.message, mentions({"health", "no result", "NoPodsToProbe"}));
}

TEST_CASE("says when a bake without results ends, and how to evaluate the revision again") {
  DeploymentHarness web = baking_v2();
  web.reconcile_for(1min, health_unknown);
  CHECK(web.state() == evaluating(Reason::Baking));
  CHECK_THAT(web.guard.message, mentions({"0s of 10m", "ends as Inconclusive at", "health"}));
  web.reconcile_for(10min, health_unknown);
  CHECK(web.state() == idle(Reason::Inconclusive));
  CHECK_THAT(web.guard.message, mentions({"health (NoPodsToProbe)", "It keeps running",
                                          "kubectl rollout restart deployment/web -n shop"}));
}

TEST_CASE("becomes good only when each check passed 75% of its measurements in the bake") {
  SECTION("one of five fails") {
    DeploymentHarness web = baking_v2();
    bake_with(web, 11min, health_fails, 5);
    CHECK(web.state() == idle(Reason::Good));
  }
  SECTION("one of three fails") {
    DeploymentHarness web = baking_v2();
    bake_with(web, 19min, health_fails, 3);
    CHECK(web.guard.state == api::State::Evaluating);
    bake_with(web, 2min, health_fails, 3);
    CHECK(web.state() == idle(Reason::Inconclusive));
    CHECK_THAT(web.guard.message, mentions({"health passed", "66%", "limit 75%"}));
  }
}

TEST_CASE("a check is below the share of passes when it passed less than 75%") {
  const auto is_below = [](int passes, int failures) {
    return below_pass_share({{.name = "a", .bake_passes = passes, .bake_failures = failures}}) !=
           nullptr;
  };
  CHECK_FALSE(is_below(0, 0));
  CHECK_FALSE(is_below(3, 1));
  CHECK(is_below(74, 26));
  CHECK(is_below(0, 1));
}

TEST_CASE("counts the measurements of a bake, and counts again from zero when a pause ends") {
  DeploymentHarness web = baking_v2();
  web.reconcile(health_fails).reconcile(health_fails).pass_checks_for(1min);
  CHECK(web.guard.checks[1].bake_failures == 2);
  CHECK(web.guard.checks[1].bake_passes == 6);
  web.pause().reconcile().unpause().roll_out().reconcile();
  CHECK(web.guard.checks[1].bake_failures == 0);
  CHECK(web.guard.checks[1].bake_passes == 0);
  CHECK(web.guard.bake->observed == 0s);
}

TEST_CASE("becomes good only when the rollout check has passed in the last 10 s") {
  DeploymentHarness web = baking_v2();
  web.pass_checks_for(10min);  // of which 10 s without a result of health
  // The pods are not known, so the rollout check has no measurement.
  web.pass_time(12s).reconcile({pass("health")});
  CHECK(web.state() == evaluating(Reason::Baking));
  web.pass_time(1s).reconcile(all_pass);
  CHECK(web.state() == idle(Reason::Good));
}

TEST_CASE("does not become good while the last result of a check is not a pass") {
  DeploymentHarness web = baking_v2().reconcile(all_pass);
  web.pass_checks_for(10min - 10s).pass_time(10s).reconcile(health_unknown);
  CHECK(web.state() == evaluating(Reason::Baking));
  web.pass_time(10s).reconcile(all_pass);
  CHECK(web.state() == idle(Reason::Good));
}

TEST_CASE("ends a bake as inconclusive when a check no longer has results at the end of the bake") {
  DeploymentHarness web = baking_v2().reconcile(all_pass);
  web.pass_checks_for(10min - 10s).reconcile_for(9min, health_unknown);
  CHECK(web.state() == evaluating(Reason::Baking));
  web.reconcile_for(2min, health_unknown);
  CHECK(web.state() == idle(Reason::Inconclusive));
  CHECK_THAT(web.guard.message, mentions({"health", "had no result for 10m"}));
}

// v2 bakes for `time` ──▶ v3 is shipped
TEST_CASE("makes a replaced release good when it was observed for minimumBake") {
  struct Row {
    const char* name;
    Duration time;
    std::optional<Duration> minimum_bake;
    RevisionVerdict verdict;
  };
  // The default of minimumBake is a quarter of the bakeTime: 2m30s.
  const std::vector<Row> rows = {
      {"less than the default", 2min, {}, RevisionVerdict::Superseded},
      {"more than the default", 3min, {}, RevisionVerdict::Good},
      {"less than minimumBake", 3min, 4min, RevisionVerdict::Superseded},
      {"more than minimumBake", 3min, 2min, RevisionVerdict::Good},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    DeploymentHarness web = baking_v2();
    web.policy.spec.minimum_bake = row.minimum_bake;
    web.pass_checks_for(row.time);
    ship_v3(web);
    CHECK(web.verdict("v2") == row.verdict);
    const bool is_good = row.verdict == RevisionVerdict::Good;
    CHECK(web.emitted(Reason::ReleaseGood) == (is_good ? 1 : 0));
    CHECK(web.guard.last_good->hash.value == (is_good ? "v2" : "v1"));
    web.fail_three_times();
    CHECK(web.deployed_template() == (is_good ? "v2" : "v1"));
  }
}

TEST_CASE("stores the template of a release only once, when it was observed for minimumBake") {
  DeploymentHarness web = baking_v2();
  web.pass_checks_for(2min);
  CHECK(web.guard.current->snapshot.empty());
  web.pass_checks_for(1min);
  CHECK_FALSE(web.guard.current->snapshot.empty());
  CHECK(web.verdict("v2") == RevisionVerdict::Evaluating);
  CHECK(web.action() == ActionKind::None);
}

TEST_CASE("does not make a replaced release good when it was not healthy") {
  SECTION("its check failed just before") {
    DeploymentHarness web = baking_v2();
    web.pass_checks_for(5min).pass_time(10s).reconcile(health_fails);
    ship_v3(web);
    CHECK(web.verdict("v2") == RevisionVerdict::Superseded);
  }
  SECTION("its check passed less than 75% of its measurements") {
    DeploymentHarness web = baking_v2();
    bake_with(web, 6min, health_fails, 3);
    ship_v3(web);
    CHECK(web.verdict("v2") == RevisionVerdict::Superseded);
  }
  SECTION("its template could not be stored") {
    DeploymentHarness web = baking_v2();
    web.can_snapshot = false;
    web.pass_checks_for(5min);
    ship_v3(web);
    CHECK(web.verdict("v2") == RevisionVerdict::Superseded);
  }
  SECTION("it was replaced while no controller ran") {
    DeploymentHarness web = baking_v2();
    web.pass_checks_for(5min).restart();
    ship_v3(web);
    CHECK(web.verdict("v2") == RevisionVerdict::Superseded);
  }
}

TEST_CASE("writes the observed time of a bake in steps that grow with that time") {
  const auto is_written = [](Duration before, Duration after) {
    const auto guard_with = [](Duration observed) {
      return api::GuardStatus{.bake = api::Bake{.observed = observed}};
    };
    return worth_writing(guard_with(before), guard_with(after));
  };
  CHECK_FALSE(is_written(0s, 2min - 1ms));
  CHECK(is_written(0s, 2min));
  CHECK_FALSE(is_written(20min, 30min - 1ms));
  CHECK(is_written(20min, 30min));
  CHECK_FALSE(is_written(2h, 3h - 1ms));
  CHECK(is_written(2h, 3h));
}

TEST_CASE("writes the status a few times in a bake, not for each measurement") {
  DeploymentHarness web = baking_v2();
  const std::size_t before = web.guard_writes.size();
  web.pass_checks_for(11min);
  CHECK(web.state() == idle(Reason::Good));
  CHECK(web.guard_writes.size() - before <= 8);
}
