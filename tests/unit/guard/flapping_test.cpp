// A check that fails often, but whose consecutive failures never reach the threshold.
#include "guard/flapping.hpp"

#include <catch2/catch.hpp>

#include "guard/check_status.hpp"
#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// The status of a check after these results, 10s apart: P is a pass, F a failure, U unknown.
api::CheckStatus check_after(std::string_view results, int threshold = 3) {
  api::CheckStatus check{.name = "health", .failure_threshold = threshold};
  Time when = noon;
  for (const char letter : results) {
    const api::Measurement measurement = letter == 'P'   ? pass("health")
                                         : letter == 'F' ? fails("health")
                                                         : unknown("health");
    check = apply(check, measurement, true, when);
    when += 10s;
  }
  return check;
}

std::string repeated(std::string_view results, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += results;
  return all;
}

}  // namespace

TEST_CASE("breaches a check when more than half of the last 20 measurements failed") {
  struct Row {
    const char* name;
    std::string results;
    int threshold;
    bool is_breached;
  };
  const std::vector<Row> rows = {
      {"two of three fail, ten failures", repeated("FFP", 5), 3, false},
      {"two of three fail, eleven failures", repeated("FFP", 5) + "F", 3, true},
      {"one of two fails", repeated("PF", 40), 3, false},
      {"ten of twenty fail, then one more fails", repeated("PF", 10) + "F", 3, true},
      {"unknown results do not count", repeated("FUPU", 30), 4, false},
      {"an old failure does not count", "F" + repeated("FFP", 5) + repeated("P", 6), 4, false},
      {"a threshold of 10, eleven of twelve fail", repeated("FFFFFFFFFP", 1) + "FF", 10, true},
      {"with a threshold of 11, a check never flaps", repeated("FFFFFFFFFP", 9), 11, false},
      {"a threshold of 1: a pass ends the breach", repeated("FFP", 10), 1, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(check_after(row.results, row.threshold).breached == row.is_breached);
  }
}

TEST_CASE("stores the last 20 passes and failures, without unknown results") {
  CHECK(check_after("PFUP").recent_results == "PFP");
  CHECK(check_after(repeated("P", 15) + repeated("FP", 5)).recent_results ==
        repeated("P", 10) + repeated("FP", 5));
}

TEST_CASE("says how many measurements failed when a check flaps") {
  CHECK_THAT(check_after(repeated("FFP", 5) + "F").message,
             mentions({"message of the measurement", "11 of the last 16 measurements failed",
                       "limit 10 of 20"}));
  CHECK(check_after("FFF").message == "message of the measurement");
}

TEST_CASE("keeps the breach of a check that flaps when it passes once") {
  const std::string flapping = repeated("FFP", 5) + "F";
  const api::CheckStatus check = check_after(flapping + "P");
  CHECK(check.breached);
  CHECK(check.consecutive_failures == 0);
  CHECK(check.first_failure == noon + 150s);
  CHECK_FALSE(check_after(flapping + repeated("P", 5)).breached);
}

TEST_CASE("forgets earlier results when a check passes after its failures reached the threshold") {
  const api::CheckStatus check = check_after(repeated("F", 12) + "P");
  CHECK_FALSE(check.breached);
  CHECK(check.recent_results == "P");
}

TEST_CASE("forgets earlier results after a gap as long as 20 measurements") {
  const api::PolicySpec spec = web_policy().spec;
  const auto results_after = [&](Duration gap) {
    std::vector<api::CheckStatus> checks = apply_all({}, spec, {}, true, noon);
    checks = apply_all(checks, spec, Measurements{fails("health")}, true, noon);
    return apply_all(checks, spec, Measurements{pass("health")}, true, noon + gap)[1]
        .recent_results;
  };
  // A result is recent for 22s (two intervals of 10s and the timeout). 220s is ten times that.
  CHECK(results_after(220s) == "FP");
  CHECK(results_after(220s + 1ms) == "P");
}

TEST_CASE("rolls back a release whose check fails two of three times") {
  DeploymentHarness web = baking_v2();
  for (int i = 0; i < 6 && web.deployed_template() == "v2"; ++i) {
    for (const auto& health : {fails("health"), fails("health"), pass("health")})
      web.pass_time(10s).reconcile({pass("rollout"), health});
  }
  CHECK(web.deployed_template() == "v1");
  CHECK(web.emitted(Reason::CheckBreached) == 1);
}

TEST_CASE("stays held, without further Events, while a held check flaps") {
  DeploymentHarness web = baking_v2();
  web.breaker = {.is_open = true, .message = "many fail"};
  for (int i = 0; i < 20; ++i) {
    for (const auto& health : {fails("health"), fails("health"), pass("health")})
      web.pass_time(10s).reconcile({pass("rollout"), health});
  }
  CHECK(web.state() == held(Reason::BreakerOpen));
  CHECK(web.emitted(Reason::RollbackHeld) == 1);
  CHECK(web.emitted(Reason::BreachEnded) == 0);
}
