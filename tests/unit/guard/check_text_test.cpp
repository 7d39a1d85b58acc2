// The sentences about the result of a check.
#include "guard/check_text.hpp"

#include <catch2/catch.hpp>

using namespace lastgood;
using namespace lastgood::guard;
using api::MeasurementResult;
using api::Reason;

namespace {

api::CheckStatus check(MeasurementResult result, Reason reason, std::string message) {
  return {.name = "health",
          .result = result,
          .reason = reason,
          .message = std::move(message),
          .consecutive_failures = 2,
          .failure_threshold = 3,
          .breached = true};
}

}  // namespace

TEST_CASE("counts no more consecutive failures than the threshold") {
  api::CheckStatus status = check(MeasurementResult::Fail, Reason::WrongStatus, "500");
  CHECK(failure_count(status) == " (2 of 3 consecutive failures)");
  status.consecutive_failures = 217;
  CHECK(failure_count(status) == " (3 of 3 consecutive failures)");
  status.failure_threshold = 1;
  CHECK(failure_count(status).empty());
}

TEST_CASE("describes a breach with the last message of the check, also if that is no failure") {
  api::CheckStatus status = check(MeasurementResult::Fail, Reason::WrongStatus, "500");
  status.consecutive_failures = 3;
  CHECK(breach_text(status) == "check health is breached: 500 (3 of 3 consecutive failures)");
  status = check(MeasurementResult::Unknown, Reason::Pending, "");
  CHECK(breach_text(status) ==
        "check health is breached, but its last result is Unknown (Pending)");
  status = check(MeasurementResult::Pass, Reason::Passed, "200");
  CHECK(breach_text(status) ==
        "check health is breached, but its last result is Pass (Passed): 200");
}

TEST_CASE("shortens a long message of the check, so that the advice after it has room") {
  const auto status = check(MeasurementResult::Fail, Reason::WrongStatus, std::string(512, 'x'));
  CHECK(breach_text(status).size() < 400);
}

TEST_CASE("reports an obstacle of the rollout only when the rollout check has no result") {
  api::CheckStatus status{
      .name = "rollout", .reason = Reason::RegistryUnavailable, .message = "pod web-1"};
  CHECK(rollout_obstacle({status}) ==
        ". Check rollout has no result (RegistryUnavailable): pod web-1");
  for (const Reason usual : {Reason::Pending, Reason::RollingOut}) {
    status.reason = usual;
    CHECK(rollout_obstacle({status}).empty());
  }
  status.reason = Reason::RegistryUnavailable;
  status.result = MeasurementResult::Fail;
  CHECK(rollout_obstacle({status}).empty());
  CHECK(rollout_obstacle({}).empty());
}

TEST_CASE("begins a sentence with an upper case letter") {
  CHECK(as_sentence("check health") == "Check health");
  CHECK(as_sentence("1 of 2") == "1 of 2");
  CHECK(as_sentence("").empty());
}

TEST_CASE("checks_without_result names the checks that never passed, the first with its message") {
  const api::CheckStatus passed{.name = "a", .passed_once = true};
  const api::CheckStatus no_result{
      .name = "b", .reason = Reason::NoPodsToProbe, .message = "no pod is ready"};
  const api::CheckStatus pending{.name = "c", .reason = Reason::Pending, .message = "soon"};
  CHECK(checks_without_result({passed, no_result, pending}) ==
        "b (NoPodsToProbe): no pod is ready, c (Pending)");
}
