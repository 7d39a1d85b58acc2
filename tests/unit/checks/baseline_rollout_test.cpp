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

Measurement failure(Reason reason) {
  return {.check = std::string(api::rollout_check),
          .result = Fail,
          .reason = reason,
          .message = "not compared"};
}

struct Row {
  const char* name;
  Reason failure;
  std::vector<api::Pod> pods;
  api::MeasurementResult result;
  Reason reason;
  std::string message;
};

std::vector<Row> same_reason_rows() {
  const std::string missing = "configmap \"settings\" not found";
  auto node_unreachable = running("web-a", false);
  node_unreachable.containers_ready = true;
  auto unscheduled = pod_with("web-b", {}, "Pending");
  unscheduled.ip = "";
  unscheduled.containers.clear();
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
      {"one of three baseline pods cannot pull the image that the others run",
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
       {running("web-a", false), running("web-b")},
       Fail,
       Reason::NotReady,
       "1 of 2 pods are not ready, for example web-a (limit 25% of pods)"},
      {"pods that the cluster keeps from being ready are not counted",
       Reason::NotReady,
       {node_unreachable, unscheduled, waiting("web-c", "ErrImagePull", "i/o timeout"),
        running("web-d")},
       Pass,
       Reason::Passed,
       "0 of 1 pods are not ready (limit 25% of pods)"},
      {"the deadline is exceeded, and the baseline is not ready either",
       Reason::ProgressDeadlineExceeded,
       {running("web-a", false)},
       Fail,
       Reason::NotReady,
       "1 of 1 pods are not ready, for example web-a (limit 25% of pods)"},
  };
}

std::vector<Row> other_reason_rows() {
  auto ended = pod_with("web-a", {.last_exit_reason = "Error", .last_exit_code = 1}, "Failed");
  return {
      {"the baseline runs",
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
       {running("web-a", false)},
       Pass,
       Reason::Passed,
       "0 of 1 pods have a container that crashed and is down (limit 25% of pods)"},
      {"one of four pods crashes: not above the limit",
       Reason::CrashLoop,
       {crashed("web-a"), running("web-b"), running("web-c"), running("web-d")},
       Pass,
       Reason::Passed,
       "1 of 4 pods have a container that crashed and is down, for example web-a (limit 25% of "
       "pods)"},
      {"the crashing pod is terminating",
       Reason::CrashLoop,
       {deleting(crashed("web-a")), running("web-b")},
       Pass,
       Reason::Passed,
       "0 of 1 pods have a container that crashed and is down (limit 25% of pods)"},
      {"a pod that has ended is in the list",
       Reason::CrashLoop,
       {ended, running("web-b")},
       Pass,
       Reason::Passed,
       "0 of 1 pods have a container that crashed and is down (limit 25% of pods)"},
      {"the deadline is exceeded, and the baseline is ready",
       Reason::ProgressDeadlineExceeded,
       {running("web-a")},
       Pass,
       Reason::Passed,
       "0 of 1 pods are not ready (limit 25% of pods)"},
      {"a young pod of the baseline is not counted",
       Reason::NotReady,
       {young(running("web-a", false)), running("web-b")},
       Pass,
       Reason::Passed,
       "0 of 1 pods are not ready (limit 25% of pods)"},
  };
}

std::vector<Row> unknown_rows() {
  return {
      {"the baseline has no pods", Reason::CrashLoop, {}, Unknown, Reason::None, ""},
      {"all its pods are terminating",
       Reason::CrashLoop,
       {deleting(crashed("web-a"))},
       Unknown,
       Reason::None,
       ""},
      {"all pods of the baseline are young",
       Reason::NotReady,
       {young(running("web-a", false))},
       Unknown,
       Reason::None,
       ""},
      {"a reason that is not compared with the baseline",
       Reason::Unschedulable,
       {crashed("web-a")},
       Unknown,
       Reason::None,
       ""},
  };
}

void check(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto measurement = measure_baseline_rollout(failure(row.failure), row.pods, now);
      CHECK(measurement.check == "rollout");
      CHECK(measurement.result == row.result);
      CHECK(measurement.reason == row.reason);
      CHECK(measurement.message == row.message);
    }
  }
}

}  // namespace

TEST_CASE("measure_baseline_rollout looks for the same failure in the pods of the baseline") {
  check(same_reason_rows());
}
TEST_CASE("measure_baseline_rollout passes when the baseline does not show the failure") {
  check(other_reason_rows());
}

TEST_CASE("measure_baseline_rollout returns Unknown when no pod can show the failure") {
  check(unknown_rows());
}

TEST_CASE("same_reason_rows has a row for each reason that is compared with the baseline") {
  const auto all = same_reason_rows();
  for (const Reason reason :
       {Reason::CrashLoop, Reason::OOMKilled, Reason::ImagePull, Reason::ConfigError,
        Reason::NotReady, Reason::ProgressDeadlineExceeded}) {
    CAPTURE(reason);
    CHECK(std::ranges::any_of(all, [&](const Row& row) { return row.failure == reason; }));
  }
}

TEST_CASE("measure_baseline_rollout returns Unknown when the new revision does not fail") {
  auto passing = failure(Reason::CrashLoop);
  passing.result = Pass;
  CHECK(measure_baseline_rollout(passing, std::vector{crashed("web-a")}, now).result == Unknown);
}

}  // namespace lastgood::checks::test
