// The rollout check of the revision that would be put back: what its pods show, and whether it is
// the same.
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
  return {.check = rollout_check, .result = Fail, .reason = reason, .message = "as it may be"};
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
      {"it crashes too",
       Reason::CrashLoop,
       {crashed("web-a"), crashed("web-b")},
       Fail,
       Reason::CrashLoop,
       "2 of 2 pods have a container that has crashed and is down, web-a for one (limit: a "
       "quarter)"},
      {"it is killed for its memory too",
       Reason::OOMKilled,
       {crashed("web-a", "OOMKilled"), running("web-b")},
       Fail,
       Reason::OOMKilled,
       "1 of 2 pods have a container that was killed for its memory and is down, web-a for one "
       "(limit: a quarter)"},
      {"its images cannot be pulled either",
       Reason::ImagePull,
       {waiting("web-a", "ErrImagePull")},
       Fail,
       Reason::ImagePull,
       "1 of 1 pods have a container whose image cannot be pulled, web-a for one (limit: a "
       "quarter)"},
      {"a pod that moved cannot pull the image that others run",
       Reason::ImagePull,
       {running("web-a"), running("web-b"), waiting("web-c", "ImagePullBackOff")},
       Fail,
       Reason::ImagePull,
       "1 of 3 pods have a container whose image cannot be pulled, web-c for one (limit: a "
       "quarter)"},
      {"its ConfigMap is gone too",
       Reason::ConfigError,
       {waiting("web-a", "CreateContainerConfigError", missing)},
       Fail,
       Reason::ConfigError,
       "1 of 1 pods have a container that lacks a ConfigMap or Secret, web-a for one (limit: a "
       "quarter)"},
      {"it is not ready either",
       Reason::NotReady,
       {running("web-a", false), running("web-b")},
       Fail,
       Reason::NotReady,
       "1 of 2 pods are not ready, web-a for one (limit: a quarter)"},
      {"one that the cluster keeps from being ready says nothing",
       Reason::NotReady,
       {node_unreachable, unscheduled, waiting("web-c", "ErrImagePull", "i/o timeout"),
        running("web-d")},
       Pass,
       Reason::Passed,
       "0 of 1 pods are not ready (limit: a quarter)"},
      {"a deadline that passed, and it is not ready either",
       Reason::ProgressDeadlineExceeded,
       {running("web-a", false)},
       Fail,
       Reason::NotReady,
       "1 of 1 pods are not ready, web-a for one (limit: a quarter)"},
  };
}

std::vector<Row> other_reason_rows() {
  auto ended = pod_with("web-a", {.last_exit_reason = "Error", .last_exit_code = 1}, "Failed");
  return {
      {"it runs",
       Reason::CrashLoop,
       {running("web-a"), running("web-b")},
       Pass,
       Reason::Passed,
       "0 of 2 pods have a container that has crashed and is down (limit: a quarter)"},
      {"it fails for another reason",
       Reason::CrashLoop,
       {crashed("web-a", "OOMKilled")},
       Pass,
       Reason::Passed,
       "0 of 1 pods have a container that has crashed and is down (limit: a quarter)"},
      {"it crashes where the new one uses up its memory",
       Reason::OOMKilled,
       {crashed("web-a")},
       Pass,
       Reason::Passed,
       "0 of 1 pods have a container that was killed for its memory and is down (limit: a "
       "quarter)"},
      {"it is only not ready",
       Reason::CrashLoop,
       {running("web-a", false)},
       Pass,
       Reason::Passed,
       "0 of 1 pods have a container that has crashed and is down (limit: a quarter)"},
      {"a quarter of it crashes, which is not more than a quarter",
       Reason::CrashLoop,
       {crashed("web-a"), running("web-b"), running("web-c"), running("web-d")},
       Pass,
       Reason::Passed,
       "1 of 4 pods have a container that has crashed and is down, web-a for one (limit: a "
       "quarter)"},
      {"a pod that crashes is being deleted",
       Reason::CrashLoop,
       {deleting(crashed("web-a")), running("web-b")},
       Pass,
       Reason::Passed,
       "0 of 1 pods have a container that has crashed and is down (limit: a quarter)"},
      {"a pod that has ended is still in the list",
       Reason::CrashLoop,
       {ended, running("web-b")},
       Pass,
       Reason::Passed,
       "0 of 1 pods have a container that has crashed and is down (limit: a quarter)"},
      {"a deadline that passed, and it is ready",
       Reason::ProgressDeadlineExceeded,
       {running("web-a")},
       Pass,
       Reason::Passed,
       "0 of 1 pods are not ready (limit: a quarter)"},
      {"a pod that has just come may take its time to get ready",
       Reason::NotReady,
       {young(running("web-a", false)), running("web-b")},
       Pass,
       Reason::Passed,
       "0 of 1 pods are not ready (limit: a quarter)"},
  };
}

std::vector<Row> consecutiveUnknowns_rows() {
  return {
      {"no pod is left of it", Reason::CrashLoop, {}, Unknown, Reason::None, ""},
      {"all its pods are being deleted",
       Reason::CrashLoop,
       {deleting(crashed("web-a"))},
       Unknown,
       Reason::None,
       ""},
      {"all its pods have just come",
       Reason::NotReady,
       {young(running("web-a", false))},
       Unknown,
       Reason::None,
       ""},
      {"a reason that no pod can show",
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

TEST_CASE("pods of the other revision that show the same failure have its cause in common") {
  check(same_reason_rows());
}
TEST_CASE(
    "pods of the other revision that do not show the same failure say that it is the release's") {
  check(other_reason_rows());
}

TEST_CASE("where no pod of the other revision can show it, there is nothing to compare") {
  check(consecutiveUnknowns_rows());
}

TEST_CASE("every reason for which the rollout check fails can be compared") {
  const auto all = same_reason_rows();
  for (const Reason reason :
       {Reason::CrashLoop, Reason::OOMKilled, Reason::ImagePull, Reason::ConfigError,
        Reason::NotReady, Reason::ProgressDeadlineExceeded}) {
    CAPTURE(reason);
    CHECK(std::ranges::any_of(all, [&](const Row& row) { return row.failure == reason; }));
  }
}

TEST_CASE("what does not fail is not compared") {
  auto passing = failure(Reason::CrashLoop);
  passing.result = Pass;
  CHECK(measure_baseline_rollout(passing, std::vector{crashed("web-a")}, now).result == Unknown);
}

}  // namespace lastgood::checks::test
