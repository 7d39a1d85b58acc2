#include "checks/rollout.hpp"

#include <catch2/catch.hpp>

#include "support/printers.hpp"

namespace lastgood::checks::test {
namespace {

using api::Reason;
using enum api::MeasurementResult;
using std::chrono::minutes;
using std::chrono::seconds;

const Time start{minutes(1000)};
const TemplateHash hash("abc123");

api::Deployment deployment(std::int64_t replicas = 2) {
  api::Deployment out;
  out.meta.key = {.namespace_ = "shop", .name = "web"};
  out.meta.generation = out.observed_generation = 4;
  out.replicas = replicas;
  out.status_replicas = replicas + 1;
  out.updated_replicas = 1;
  return out;
}

api::Deployment complete(std::int64_t replicas = 2) {
  auto out = deployment(replicas);
  out.status_replicas = out.updated_replicas = out.ready_replicas = out.available_replicas =
      replicas;
  return out;
}

api::Pod pod(const std::string& name, api::ContainerState container, bool ready = false) {
  api::Pod out;
  out.meta.key = {.namespace_ = "shop", .name = name};
  out.meta.created = start;
  out.phase = "Running";
  out.ip = "10.0.0.1";
  out.ready = ready;
  container.name = "app";
  out.containers = {std::move(container)};
  return out;
}

api::Pod running(const std::string& name, bool ready = true) {
  return pod(name, {.started = true, .ready = ready}, ready);
}
api::Pod waiting(const std::string& reason, const std::string& message = "") {
  return pod("web-1", {.waiting_reason = reason, .waiting_message = message});
}
api::Pod crashed(std::int64_t restarts, int code, const std::string& reason = "Error",
                 const std::string& waits = "CrashLoopBackOff") {
  return pod("web-1", {.restarts = restarts,
                       .waiting_reason = waits,
                       .last_exit_reason = reason,
                       .last_exit_code = code});
}

api::Pod unscheduled(const std::string& name) {
  auto out = pod(name, {});
  out.phase = "Pending";
  out.ip = "";
  out.containers.clear();
  return out;
}

Measurement measure(const api::Deployment& deployment, const std::vector<api::Pod>& pods,
                    std::optional<Time> rolled_out = std::nullopt, Duration since = seconds(60),
                    const api::RolloutCheck& rules = {}) {
  return measure_rollout(
      rules, {.deployment = deployment, .hash = hash, .pods = pods, .rolled_out = rolled_out},
      start + since);
}

struct Row {
  const char* name;
  std::vector<api::Pod> pods;
  api::MeasurementResult result;
  Reason reason;
  bool immediate = false;
  Duration must_hold{0};
  std::string message = "";
};

std::vector<Row> crash_rows() {
  auto init = waiting("PodInitializing");
  init.init_containers = {{.name = "migrate",
                           .ended = true,
                           .restarts = 3,
                           .last_exit_reason = "Error",
                           .last_exit_code = 2}};
  auto ended = crashed(3, 137, "Error", "");
  ended.containers[0].ended = true;
  const auto restarted_not_started = crashed(5, 137, "Error", "");
  auto runs_again = crashed(5, 1, "Error", "");
  runs_again.containers[0].started = runs_again.containers[0].ready = runs_again.ready = true;
  auto deleting = crashed(9, 1);
  deleting.meta.deleting = true;
  return {
      {"the number of its restarts reaches the limit",
       {crashed(3, 1)},
       Fail,
       Reason::CrashLoop,
       true,
       {},
       "pod web-1, container app: 3 restarts (limit 3), last exit code 1 (Error)"},
      {"it restarted less often", {crashed(2, 1)}, Unknown, Reason::RollingOut},
      {"it is terminated, not in back-off: the failure must last",
       {ended},
       Fail,
       Reason::CrashLoop,
       false,
       seconds(5),
       "pod web-1, container app: 3 restarts (limit 3), last exit code 137 (Error)"},
      {"it runs again, and its startup probe has not passed",
       {restarted_not_started},
       Unknown,
       Reason::RollingOut},
      {"it exits with code 0 again and again",
       {crashed(3, 0, "Completed")},
       Fail,
       Reason::CrashLoop,
       true,
       {},
       "pod web-1, container app: 3 restarts (limit 3), last exit code 0 (Completed)"},
      {"it is OOMKilled",
       {crashed(4, 137, "OOMKilled")},
       Fail,
       Reason::OOMKilled,
       true,
       {},
       "pod web-1, container app: 4 restarts (limit 3), last exit code 137 (OOMKilled)"},
      {"it was OOMKilled once", {crashed(1, 137, "OOMKilled")}, Unknown, Reason::RollingOut},
      {"an init container crashes",
       {init},
       Fail,
       Reason::CrashLoop,
       false,
       seconds(5),
       "pod web-1, container migrate: 3 restarts (limit 3), last exit code 2 (Error)"},
      {"it crashed before, but runs now", {runs_again}, Unknown, Reason::RollingOut},
      {"the crashing pod is terminating", {deleting}, Unknown, Reason::RollingOut},
      {"one of two pods crashes: 50% is above the limit of 25%",
       {running("web-0"), crashed(3, 1)},
       Fail,
       Reason::CrashLoop,
       true,
       {},
       "pod web-1, container app: 3 restarts (limit 3), last exit code 1 (Error)"},
      {"the only pod that has run: three others are unscheduled",
       {crashed(3, 1), unscheduled("web-2"), unscheduled("web-3"), unscheduled("web-4")},
       Fail,
       Reason::CrashLoop,
       true,
       {},
       "pod web-1, container app: 3 restarts (limit 3), last exit code 1 (Error)"},
      {"one of four pods crashes: 25% is not above the limit, its node may be the cause",
       {running("web-0"), crashed(3, 1), running("web-2"), running("web-3")},
       Unknown,
       Reason::RollingOut},
  };
}

std::vector<Row> image_rows() {
  auto running_pod = running("web-0");
  return {
      {"the image does not exist",
       {waiting("ErrImagePull", "not found")},
       Fail,
       Reason::ImagePull,
       false,
       seconds(20),
       "pod web-1, container app: ErrImagePull: not found (limit 20s, so that a second pull can "
       "succeed)"},
      {"the kubelet backs off",
       {waiting("ImagePullBackOff")},
       Fail,
       Reason::ImagePull,
       false,
       seconds(20)},
      {"the image is not on the node, and imagePullPolicy is Never",
       {waiting("ErrImageNeverPull")},
       Fail,
       Reason::ImagePull,
       false,
       seconds(20)},
      {"the image name is not valid",
       {waiting("InvalidImageName", "couldn't parse image name")},
       Fail,
       Reason::ImagePull,
       true,
       {},
       "pod web-1, container app: InvalidImageName: couldn't parse image name"},
      {"the registry is down",
       {waiting("RegistryUnavailable")},
       Unknown,
       Reason::RegistryUnavailable},
      {"the kubelet backs off from a registry that is down",
       {waiting("ImagePullBackOff",
                "Back-off pulling image \"x\": RegistryUnavailable: pull QPS exceeded")},
       Unknown,
       Reason::RegistryUnavailable},
      {"the registry refuses the connection",
       {waiting("ErrImagePull",
                "failed to do request: Head \"https://r/v2/x\": dial tcp 10.0.0.1:443: connect: "
                "connection refused")},
       Unknown,
       Reason::RegistryUnavailable,
       false,
       {},
       "pod web-1, container app: ErrImagePull: failed to do request: Head \"https://r/v2/x\": "
       "dial tcp 10.0.0.1:443: connect: connection refused; the registry is unavailable, so the "
       "check waits for the progress deadline"},
      {"the registry returns 429",
       {waiting("ErrImagePull",
                "unexpected status from HEAD request to https://r/v2/x: 429 Too Many Requests")},
       Unknown,
       Reason::RegistryUnavailable},
      {"the host name of the registry does not resolve: it may be misspelt",
       {waiting("ErrImagePull", "dial tcp: lookup registry.exmaple.com: no such host")},
       Fail,
       Reason::ImagePull,
       false,
       seconds(20)},
      {"the registry denies access",
       {waiting("ErrImagePull", "pull access denied")},
       Fail,
       Reason::ImagePull,
       false,
       seconds(20)},
      {"the image runs in another pod: the release is not the cause",
       {running_pod, waiting("ErrImagePull")},
       Unknown,
       Reason::RollingOut},
  };
}

std::vector<Row> waiting_rows() {
  const std::string missing = "configmap \"settings\" not found";
  auto unscheduled = pod("web-1", {});
  unscheduled.phase = "Pending";
  unscheduled.ip = "";
  unscheduled.containers.clear();
  auto running_pod = running("web-0");
  return {
      {"a ConfigMap is missing",
       {waiting("CreateContainerConfigError", missing)},
       Fail,
       Reason::ConfigError,
       false,
       seconds(10),
       "pod web-1, container app: CreateContainerConfigError: configmap \"settings\" not found "
       "(limit 10s, because the ConfigMap or Secret may be created late)"},
      {"a Secret is missing when the container is created",
       {waiting("CreateContainerError", "secret \"key\" not found")},
       Fail,
       Reason::ConfigError,
       false,
       seconds(10)},
      {"the node cannot create the container",
       {waiting("CreateContainerError", "context deadline exceeded")},
       Unknown,
       Reason::RollingOut},
      {"a ConfigMap was deleted, and another pod runs with it",
       {running_pod, waiting("CreateContainerConfigError", missing)},
       Unknown,
       Reason::RollingOut},
      {"the container is being created",
       {waiting("ContainerCreating")},
       Unknown,
       Reason::RollingOut},
      {"a pod is not scheduled yet",
       {unscheduled},
       Unknown,
       Reason::RollingOut,
       false,
       {},
       "1 of 2 replicas updated, 0 available; 0 of 1 pods ready; 1 not scheduled, so the check "
       "waits for the progress deadline"},
      {"there are no pods yet",
       {},
       Unknown,
       Reason::RollingOut,
       false,
       {},
       "1 of 2 replicas updated, 0 available; 0 of 0 pods ready"},
  };
}

void check(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto measurement = measure(deployment(), row.pods);
      CHECK(measurement.check == "rollout");
      CHECK(measurement.result == row.result);
      CHECK(measurement.reason == row.reason);
      CHECK(measurement.immediate == row.immediate);
      CHECK(measurement.must_hold == row.must_hold);
      if (!row.message.empty()) CHECK(measurement.message == row.message);
    }
  }
}

api::Deployment not_progressing(const std::string& message,
                                const std::string& reason = "ProgressDeadlineExceeded") {
  auto out = deployment();
  out.conditions = {{.type = "Available",
                     .status = api::ConditionStatus::False,
                     .reason = "MinimumReplicasUnavailable"},
                    {.type = "Progressing",
                     .status = api::ConditionStatus::False,
                     .reason = reason,
                     .message = message}};
  return out;
}

}  // namespace

TEST_CASE("measure_rollout fails when the restarts of a container reach the limit") {
  check(crash_rows());
}
TEST_CASE("measure_rollout fails for a missing image, but not for an unavailable registry") {
  check(image_rows());
}
TEST_CASE("measure_rollout fails for missing configuration, but not for other waiting containers") {
  check(waiting_rows());
}

TEST_CASE("measure_rollout fails immediately when the progress deadline is exceeded") {
  const auto measurement =
      measure(not_progressing("ReplicaSet \"web-abc123\" has timed out progressing."), {});
  CHECK(measurement.result == Fail);
  CHECK(measurement.reason == Reason::ProgressDeadlineExceeded);
  CHECK(measurement.immediate);
  CHECK(measurement.message ==
        "ReplicaSet \"web-abc123\" has timed out progressing. (exceeded progressDeadlineSeconds; 1 "
        "of 2 replicas updated, 0 available)");
  CHECK(measure(not_progressing("Deployment \"web\" has timed out progressing."), {}).result ==
        Fail);
}

TEST_CASE("measure_rollout ignores the deadline of another ReplicaSet or generation") {
  CHECK(measure(not_progressing("ReplicaSet \"web-fff\" has timed out progressing."), {}).reason ==
        Reason::RollingOut);
  CHECK(measure(not_progressing("ReplicaSet \"web-abc1234\" has timed out progressing."), {})
            .reason == Reason::RollingOut);
  CHECK(measure(not_progressing("paused", "DeploymentPaused"), {}).reason == Reason::RollingOut);
  auto unseen = not_progressing("ReplicaSet \"web-abc123\" has timed out progressing.");
  unseen.observed_generation = 3;
  CHECK(measure(unseen, {}).reason == Reason::RollingOut);
}

TEST_CASE("measure_rollout passes when the rollout is complete, and is Unknown at 0 replicas") {
  CHECK(measure(complete(), {running("web-0"), running("web-1")}).result == Pass);
  CHECK(measure(complete(), {running("web-0"), running("web-1")}).message ==
        "all 2 replicas have this revision and are available");
  CHECK(measure(deployment(0), {crashed(9, 1)}).reason == Reason::ScaledToZero);
  CHECK(measure(deployment(0), {}).result == Unknown);
}

TEST_CASE("measure_rollout fails after the rollout when more than a quarter are not ready") {
  const auto pods = [](int ready, int not_ready) {
    std::vector<api::Pod> out;
    for (int i = 0; i < not_ready; ++i) out.push_back(running("bad-" + std::to_string(i), false));
    for (int i = 0; i < ready; ++i) out.push_back(running("web-" + std::to_string(i)));
    return out;
  };
  const auto measurement = measure(complete(3), pods(2, 1), start);
  CHECK(measurement.result == Fail);
  CHECK(measurement.reason == Reason::NotReady);
  CHECK(measurement.must_hold == seconds(30));
  CHECK_FALSE(measurement.immediate);
  CHECK(measurement.message ==
        "1 of 3 pods are not ready, for example bad-0 (limit 25% of pods for 30s)");
  CHECK(measure(complete(4), pods(3, 1), start).result == Pass);
  CHECK(measure(complete(4), pods(3, 1), start).message ==
        "3 of 4 pods are ready (limit 25% of pods not ready for 30s)");
  CHECK(measure(complete(4), pods(2, 2), std::nullopt).result == Pass);
  CHECK(measure(complete(3), pods(2, 1), start, seconds(60), {.unavailable_for = Duration(0)})
            .result == Pass);
}

TEST_CASE("measure_rollout reports the waiting container of a pod that is not ready") {
  const auto measurement = measure(complete(1), {waiting("CrashLoopBackOff")}, start);
  CHECK(measurement.reason == Reason::NotReady);
  CHECK(measurement.message.contains(
      ", container app in CrashLoopBackOff (limit 25% of pods for 30s)"));
}

TEST_CASE("measure_rollout does not count new pods that are still starting") {
  auto added = running("web-9", false);
  added.meta.created = start + seconds(30);
  CHECK(measure(complete(), {running("web-0"), added}, start + seconds(10), seconds(60)).result ==
        Pass);
  CHECK(measure(complete(), {running("web-0"), added}, start + seconds(10), minutes(6)).reason ==
        Reason::NotReady);
  const auto only_new = measure(complete(), {added}, start + seconds(10), seconds(60));
  CHECK(only_new.result == Unknown);
  CHECK(only_new.reason == Reason::PodsStarting);
}

TEST_CASE("measure_rollout skips the rules that the policy turns off") {
  const auto off = [](auto change) {
    api::RolloutCheck rules;
    change(rules);
    return rules;
  };
  const auto result = [&](const api::Deployment& one, const std::vector<api::Pod>& pods,
                          const api::RolloutCheck& rules) {
    return measure(one, pods, std::nullopt, seconds(60), rules).result;
  };
  CHECK(result(not_progressing("late"), {},
               off([](auto& rules) { rules.progress_deadline = false; })) == Unknown);
  CHECK(result(deployment(), {crashed(9, 1)},
               off([](auto& rules) { rules.crash_loop_restarts = 0; })) == Unknown);
  CHECK(result(deployment(), {crashed(9, 1)},
               off([](auto& rules) { rules.crash_loop_restarts = 10; })) == Unknown);
  CHECK(result(deployment(), {waiting("InvalidImageName")},
               off([](auto& rules) { rules.image_pull_errors = false; })) == Unknown);
  CHECK(result(deployment(), {waiting("CreateContainerConfigError")},
               off([](auto& rules) { rules.config_errors = false; })) == Unknown);
}

}  // namespace lastgood::checks::test
