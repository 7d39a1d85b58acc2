#include <algorithm>
#include <catch2/catch.hpp>

#include "checks/baseline.hpp"
#include "checks/rollout.hpp"
#include "support/printers.hpp"
#include "unit/checks/pods.hpp"

namespace lastgood::checks::test {
namespace {

using api::Reason;
using enum api::MeasurementResult;

Measurement failure_of_new_revision(Reason reason) {
  return {.check = std::string(api::rollout_check),
          .result = Fail,
          .reason = reason,
          .message = "a message of the new revision"};
}

struct Row {
  const char* name;
  Reason failure_of_new_revision;
  std::vector<api::Pod> baseline_pods;
  api::MeasurementResult result;
  Reason reason;
  std::string message;
};

std::vector<Row> same_failure_rows() {
  const std::string missing = "configmap \"settings\" not found";
  return {
      {"the baseline crashes too",
       Reason::CrashLoop,
       {crashed("web-a"), crashed("web-b")},
       Fail,
       Reason::CrashLoop,
       "2 of 2 pods have a container that crashed and is down, for example web-a (limit 25% of "
       "pods)"},
      {"the baseline is OOMKilled too",
       Reason::OOMKilled,
       {crashed("web-a", "OOMKilled"), running("web-b")},
       Fail,
       Reason::OOMKilled,
       "1 of 2 pods have a container that was OOMKilled and is down, for example web-a (limit 25% "
       "of pods)"},
      {"the image of the baseline cannot be pulled either",
       Reason::ImagePull,
       {waiting("web-a", "ErrImagePull")},
       Fail,
       Reason::ImagePull,
       "1 of 1 pods have a container whose image cannot be pulled, for example web-a (limit 25% of "
       "pods)"},
      {"one of three baseline pods cannot pull the image that the other two have",
       Reason::ImagePull,
       {running("web-a"), running("web-b"), waiting("web-c", "ImagePullBackOff")},
       Fail,
       Reason::ImagePull,
       "1 of 3 pods have a container whose image cannot be pulled, for example web-c (limit 25% of "
       "pods)"},
      {"the baseline lacks its ConfigMap too",
       Reason::ConfigError,
       {waiting("web-a", "CreateContainerConfigError", missing)},
       Fail,
       Reason::ConfigError,
       "1 of 1 pods have a container that lacks a ConfigMap or Secret, for example web-a (limit "
       "25% of pods)"},
      {"the baseline is not ready either",
       Reason::NotReady,
       {unready("web-a"), running("web-b")},
       Fail,
       Reason::NotReady,
       "1 of 2 pods are not ready, for example web-a (limit 25% of pods)"},
      {"unready pods of the baseline are not counted if the cluster is the cause",
       Reason::NotReady,
       {on_unreachable_node("web-a"), unscheduled("web-b"),
        waiting("web-c", "ErrImagePull", "i/o timeout"), running("web-d")},
       Pass,
       Reason::Passed,
       "0 of 1 pods are not ready (limit 25% of pods)"},
      {"the new revision exceeds its deadline, and the baseline is not ready",
       Reason::ProgressDeadlineExceeded,
       {unready("web-a")},
       Fail,
       Reason::NotReady,
       "1 of 1 pods are not ready, for example web-a (limit 25% of pods)"},
  };
}

std::vector<Row> no_such_failure_rows() {
  auto ended = pod_with("web-a", {.last_exit_reason = "Error", .last_exit_code = 1}, "Failed");
  return {
      {"the baseline is ready",
       Reason::CrashLoop,
       {running("web-a"), running("web-b")},
       Pass,
       Reason::Passed,
       "0 of 2 pods have a container that crashed and is down (limit 25% of pods)"},
      {"the baseline fails for another reason",
       Reason::CrashLoop,
       {crashed("web-a", "OOMKilled")},
       Pass,
       Reason::Passed,
       "0 of 1 pods have a container that crashed and is down (limit 25% of pods)"},
      {"the baseline crashes, the new revision is OOMKilled",
       Reason::OOMKilled,
       {crashed("web-a")},
       Pass,
       Reason::Passed,
       "0 of 1 pods have a container that was OOMKilled and is down (limit 25% of pods)"},
      {"the baseline is not ready, but does not crash",
       Reason::CrashLoop,
       {unready("web-a")},
       Pass,
       Reason::Passed,
       "0 of 1 pods have a container that crashed and is down (limit 25% of pods)"},
      {"one of four baseline pods crashes: 25% is not above the limit",
       Reason::CrashLoop,
       {crashed("web-a"), running("web-b"), running("web-c"), running("web-d")},
       Pass,
       Reason::Passed,
       "1 of 4 pods have a container that crashed and is down, for example web-a (limit 25% of "
       "pods)"},
      {"the crashing pod of the baseline is terminating",
       Reason::CrashLoop,
       {terminating(crashed("web-a")), running("web-b")},
       Pass,
       Reason::Passed,
       "0 of 1 pods have a container that crashed and is down (limit 25% of pods)"},
      {"the crashed pod of the baseline has ended",
       Reason::CrashLoop,
       {ended, running("web-b")},
       Pass,
       Reason::Passed,
       "0 of 1 pods have a container that crashed and is down (limit 25% of pods)"},
      {"the new revision exceeds its deadline, and the baseline is ready",
       Reason::ProgressDeadlineExceeded,
       {running("web-a")},
       Pass,
       Reason::Passed,
       "0 of 1 pods are not ready (limit 25% of pods)"},
      {"an unready pod of the baseline that is one minute old is not counted",
       Reason::NotReady,
       {one_minute_old(unready("web-a")), running("web-b")},
       Pass,
       Reason::Passed,
       "0 of 1 pods are not ready (limit 25% of pods)"},
  };
}

std::vector<Row> unknown_rows() {
  return {
      {"the baseline has no pods", Reason::CrashLoop, {}, Unknown, Reason::None, ""},
      {"all pods of the baseline are terminating",
       Reason::CrashLoop,
       {terminating(crashed("web-a"))},
       Unknown,
       Reason::None,
       ""},
      {"the only pod of the baseline is unready and one minute old",
       Reason::NotReady,
       {one_minute_old(unready("web-a"))},
       Unknown,
       Reason::None,
       ""},
      {"the reason of the new revision is not compared with the baseline",
       Reason::Unschedulable,
       {crashed("web-a")},
       Unknown,
       Reason::None,
       ""},
  };
}

void check_rows(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto measurement = measure_baseline_rollout(
          failure_of_new_revision(row.failure_of_new_revision), row.baseline_pods, now);
      CHECK(measurement.check == "rollout");
      CHECK(measurement.result == row.result);
      CHECK(measurement.reason == row.reason);
      CHECK(measurement.message == row.message);
    }
  }
}

}  // namespace

TEST_CASE("measure_baseline_rollout looks for the same failure in the pods of the baseline") {
  check_rows(same_failure_rows());
}
TEST_CASE("measure_baseline_rollout passes when the baseline does not show the failure") {
  check_rows(no_such_failure_rows());
}

TEST_CASE("measure_baseline_rollout returns Unknown when no pod can show the failure") {
  check_rows(unknown_rows());
}

TEST_CASE("same_failure_rows has a row for each reason that is compared with the baseline") {
  const auto rows = same_failure_rows();
  for (const Reason reason :
       {Reason::CrashLoop, Reason::OOMKilled, Reason::ImagePull, Reason::ConfigError,
        Reason::NotReady, Reason::ProgressDeadlineExceeded}) {
    CAPTURE(reason);
    CHECK(std::ranges::any_of(
        rows, [&](const Row& row) { return row.failure_of_new_revision == reason; }));
  }
}

TEST_CASE("measure_baseline_rollout returns Unknown when the new revision does not fail") {
  auto passing = failure_of_new_revision(Reason::CrashLoop);
  passing.result = Pass;
  CHECK(measure_baseline_rollout(passing, std::vector{crashed("web-a")}, now).result == Unknown);
}

TEST_CASE("is_like_rollout_failure is false only when the two failures name different causes") {
  CHECK(is_like_rollout_failure(Reason::CrashLoop, Reason::CrashLoop));
  CHECK(is_like_rollout_failure(Reason::CrashLoop, Reason::NotReady));
  CHECK(is_like_rollout_failure(Reason::ProgressDeadlineExceeded, Reason::CrashLoop));
  CHECK_FALSE(is_like_rollout_failure(Reason::CrashLoop, Reason::OOMKilled));
  CHECK_FALSE(is_like_rollout_failure(Reason::CrashLoop, Reason::ImagePull));
}

}  // namespace lastgood::checks::test
