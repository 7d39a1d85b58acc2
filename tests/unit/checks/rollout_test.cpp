#include "checks/rollout.hpp"

#include <catch2/catch.hpp>

#include "unit/checks/rollout_fixtures.hpp"

namespace lastgood::checks::test {
namespace {

// When a Fail breaches the check.
struct Breach {
  bool immediate = false;
  Duration min_failing_time{0};
};

constexpr Breach no_breach;
constexpr Breach breaches_immediately{.immediate = true};
Breach breaches_after(Duration min_failing_time) { return {.min_failing_time = min_failing_time}; }

struct Row {
  const char* name;
  std::vector<api::Pod> pods;
  api::MeasurementResult result;
  Reason reason;
  Breach breach = no_breach;
  std::string message = "";
};

std::vector<Row> crash_rows() {
  auto init_crashed = waiting("PodInitializing");
  init_crashed.init_containers = {{.name = "migrate",
                                   .ended = true,
                                   .restarts = 3,
                                   .last_exit_reason = "Error",
                                   .last_exit_code = 2}};
  auto sidecar_crashed = init_crashed;
  sidecar_crashed.init_containers[0].is_sidecar = true;
  auto terminated = crashed({.restarts = 3, .exit_code = 137, .waiting_reason = ""});
  terminated.containers[0].ended = true;
  const auto restarted = crashed({.restarts = 5, .exit_code = 137, .waiting_reason = ""});
  auto runs_again = crashed({.restarts = 5, .exit_code = 1, .waiting_reason = ""});
  runs_again.containers[0].started = runs_again.containers[0].ready = runs_again.ready = true;
  auto terminating = crashed({.restarts = 9, .exit_code = 1});
  terminating.meta.deleting = true;
  return {
      {"the restarts of the container reach the limit",
       {crashed({.restarts = 3, .exit_code = 1})},
       Fail,
       Reason::CrashLoop,
       breaches_immediately,
       "pod web-1, container app: 3 restarts (limit 3), last exit code 1 (Error)"},
      {"the container restarted less often than the limit",
       {crashed({.restarts = 2, .exit_code = 1})},
       Unknown,
       Reason::RollingOut},
      {"the container is terminated, but not in back-off: the failure must last for 5 s",
       {terminated},
       Fail,
       Reason::CrashLoop,
       breaches_after(seconds(5)),
       "pod web-1, container app: 3 restarts (limit 3), last exit code 137 (Error)"},
      {"the container runs again, and its startup probe has not passed",
       {restarted},
       Unknown,
       Reason::RollingOut},
      {"the container exits with code 0 again and again",
       {crashed({.restarts = 3, .exit_code = 0, .exit_reason = "Completed"})},
       Fail,
       Reason::CrashLoop,
       breaches_immediately,
       "pod web-1, container app: 3 restarts (limit 3), last exit code 0 (Completed)"},
      {"the container is OOMKilled",
       {crashed({.restarts = 4, .exit_code = 137, .exit_reason = "OOMKilled"})},
       Fail,
       Reason::OOMKilled,
       breaches_immediately,
       "pod web-1, container app: 4 restarts (limit 3), last exit code 137 (OOMKilled)"},
      {"the container was OOMKilled once: below the limit",
       {crashed({.restarts = 1, .exit_code = 137, .exit_reason = "OOMKilled"})},
       Unknown,
       Reason::RollingOut},
      {"an init container crashes: it waits for the progress deadline",
       {init_crashed},
       Unknown,
       Reason::RollingOut,
       no_breach,
       "1 of 2 replicas updated, 0 available; 0 of 1 pods of this revision ready; init container "
       "migrate of pod web-1 has restarted 3 times, last exit code 2, so the check waits for the "
       "progress deadline"},
      {"a sidecar crashes",
       {sidecar_crashed},
       Fail,
       Reason::CrashLoop,
       breaches_after(seconds(5)),
       "pod web-1, container migrate: 3 restarts (limit 3), last exit code 2 (Error)"},
      {"the container crashed before, but is ready now", {runs_again}, Unknown, Reason::RollingOut},
      {"the crashing pod is terminating", {terminating}, Unknown, Reason::RollingOut},
      {"one of two pods crashes: 50% is above the limit of 25%",
       {running("web-0"), crashed({.restarts = 3, .exit_code = 1})},
       Fail,
       Reason::CrashLoop,
       breaches_immediately,
       "pod web-1, container app: 3 restarts (limit 3), last exit code 1 (Error)"},
      {"the only scheduled pod crashes: unscheduled pods are not counted",
       {crashed({.restarts = 3, .exit_code = 1}), unscheduled("web-2"), unscheduled("web-3"),
        unscheduled("web-4")},
       Fail,
       Reason::CrashLoop,
       breaches_immediately,
       "pod web-1, container app: 3 restarts (limit 3), last exit code 1 (Error)"},
      {"one of four pods crashes: 25% is not above the limit",
       {running("web-0"), crashed({.restarts = 3, .exit_code = 1}), running("web-2"),
        running("web-3")},
       Unknown,
       Reason::RollingOut},
  };
}

std::vector<Row> image_rows() {
  return {
      {"the image does not exist",
       {waiting("ErrImagePull", "not found")},
       Fail,
       Reason::ImagePull,
       breaches_after(seconds(20)),
       "pod web-1, container app: ErrImagePull: not found (limit 20s, so that a second pull can "
       "succeed)"},
      {"the kubelet is in back-off after a failed pull",
       {waiting("ImagePullBackOff")},
       Fail,
       Reason::ImagePull,
       breaches_after(seconds(20))},
      {"the image is not on the node, and imagePullPolicy is Never",
       {waiting("ErrImageNeverPull")},
       Fail,
       Reason::ImagePull,
       breaches_after(seconds(20))},
      {"the image name is not valid",
       {waiting("InvalidImageName", "couldn't parse image name")},
       Fail,
       Reason::ImagePull,
       breaches_immediately,
       "pod web-1, container app: InvalidImageName: couldn't parse image name"},
      {"the registry is down",
       {waiting("RegistryUnavailable")},
       Unknown,
       Reason::RegistryUnavailable},
      {"the kubelet is in back-off, because the registry is down",
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
       no_breach,
       "pod web-1, container app: ErrImagePull: failed to do request: Head \"https://r/v2/x\": "
       "dial tcp 10.0.0.1:443: connect: connection refused; the registry is unavailable, so the "
       "check waits for the progress deadline"},
      {"the registry returns 429",
       {waiting("ErrImagePull",
                "unexpected status from HEAD request to https://r/v2/x: 429 Too Many Requests")},
       Unknown,
       Reason::RegistryUnavailable},
      {"the host name of the registry does not resolve",
       {waiting("ErrImagePull", "dial tcp: lookup registry.exmaple.com: no such host")},
       Fail,
       Reason::ImagePull,
       breaches_after(seconds(20))},
      {"the registry denies access",
       {waiting("ErrImagePull", "pull access denied")},
       Fail,
       Reason::ImagePull,
       breaches_after(seconds(20))},
      {"the image runs in another pod, so it exists",
       {running("web-0"), waiting("ErrImagePull")},
       Unknown,
       Reason::RollingOut},
  };
}

std::vector<Row> waiting_rows() {
  const std::string missing = "configmap \"settings\" not found";
  return {
      {"a ConfigMap is missing",
       {waiting("CreateContainerConfigError", missing)},
       Fail,
       Reason::ConfigError,
       breaches_after(seconds(10)),
       "pod web-1, container app: CreateContainerConfigError: configmap \"settings\" not found "
       "(limit 10s, because the ConfigMap or Secret may be created late)"},
      {"a Secret is missing when the container is created",
       {waiting("CreateContainerError", "secret \"key\" not found")},
       Fail,
       Reason::ConfigError,
       breaches_after(seconds(10))},
      {"the node cannot create the container",
       {waiting("CreateContainerError", "context deadline exceeded")},
       Unknown,
       Reason::RollingOut},
      {"a ConfigMap is missing, but the container of another pod has run",
       {running("web-0"), waiting("CreateContainerConfigError", missing)},
       Unknown,
       Reason::RollingOut},
      {"the container is being created",
       {waiting("ContainerCreating")},
       Unknown,
       Reason::RollingOut},
      {"a pod is not scheduled yet",
       {unscheduled("web-1")},
       Unknown,
       Reason::RollingOut,
       no_breach,
       "1 of 2 replicas updated, 0 available; 0 of 1 pods of this revision ready; 1 not scheduled, "
       "so the check waits for the progress deadline"},
      {"there are no pods yet",
       {},
       Unknown,
       Reason::RollingOut,
       no_breach,
       "1 of 2 replicas updated, 0 available; 0 of 0 pods of this revision ready"},
  };
}

void check_rows(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto measurement = measure(rolling_out_deployment(), row.pods);
      CHECK(measurement.check == "rollout");
      CHECK(measurement.result == row.result);
      CHECK(measurement.reason == row.reason);
      CHECK(measurement.immediate == row.breach.immediate);
      CHECK(measurement.min_failing_time == row.breach.min_failing_time);
      if (!row.message.empty()) CHECK(measurement.message == row.message);
    }
  }
}

}  // namespace

TEST_CASE("measure_rollout fails when the restarts of a container reach the limit") {
  check_rows(crash_rows());
}
TEST_CASE("measure_rollout fails when an image cannot be pulled, unless the registry is down") {
  check_rows(image_rows());
}
TEST_CASE("measure_rollout fails when a ConfigMap or Secret is missing") {
  check_rows(waiting_rows());
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

TEST_CASE("measure_rollout ignores the exceeded deadline of another ReplicaSet or generation") {
  CHECK(measure(not_progressing("ReplicaSet \"web-fff\" has timed out progressing."), {}).reason ==
        Reason::RollingOut);
  CHECK(measure(not_progressing("ReplicaSet \"web-abc1234\" has timed out progressing."), {})
            .reason == Reason::RollingOut);
  CHECK(measure(not_progressing("paused", "DeploymentPaused"), {}).reason == Reason::RollingOut);
  auto not_observed = not_progressing("ReplicaSet \"web-abc123\" has timed out progressing.");
  not_observed.observed_generation = 3;
  CHECK(measure(not_observed, {}).reason == Reason::RollingOut);
}

TEST_CASE(
    "measure_rollout passes when the rollout is complete, and returns Unknown at 0 replicas") {
  CHECK(measure(rolled_out_deployment(), {running("web-0"), running("web-1")}).result == Pass);
  CHECK(measure(rolled_out_deployment(), {running("web-0"), running("web-1")}).message ==
        "all 2 replicas have this revision and are available");
  CHECK(measure(rolling_out_deployment(0), {crashed({.restarts = 9, .exit_code = 1})}).reason ==
        Reason::ScaledToZero);
  CHECK(measure(rolling_out_deployment(0), {}).result == Unknown);
}

TEST_CASE("measure_rollout counts init containers that crash when the policy says so") {
  auto pod = waiting("PodInitializing");
  pod.init_containers = {{.name = "migrate",
                          .restarts = 2,
                          .waiting_reason = "CrashLoopBackOff",
                          .last_exit_reason = "Error",
                          .last_exit_code = 2}};
  const auto with_limit = [&](int limit) {
    return measure(rolling_out_deployment(), {pod}, std::nullopt, seconds(60),
                   {.init_crash_loop_restarts = limit});
  };
  CHECK(with_limit(0).reason == Reason::RollingOut);
  CHECK(with_limit(3).reason == Reason::RollingOut);
  CHECK(with_limit(2).reason == Reason::CrashLoop);
  CHECK(with_limit(2).message ==
        "pod web-1, container migrate: 2 restarts (limit 2), last exit code 2 (Error)");
}

TEST_CASE("measure_rollout names the startup probe when the progress deadline is exceeded") {
  auto late = unready("web-1");
  const auto message = [&] {
    return measure(not_progressing("late"), {late}, std::nullopt, minutes(11)).message;
  };
  CHECK_THAT(message(), Catch::EndsWith("; pod web-1: container app has run for 11m and has never "
                                        "been ready; if it needs more time, give it a startup "
                                        "probe and a longer progressDeadlineSeconds"));
  late.containers[0].started = false;
  late.probes = {{.container = "app", .kind = api::ProbeKind::Startup, .port = 80}};
  CHECK_THAT(message(), Catch::EndsWith("; pod web-1: container app has run for 11m and its "
                                        "startup probe has not passed"));
}

TEST_CASE("measure_rollout skips the rules that the policy turns off") {
  const auto rules_with = [](auto change) {
    api::RolloutCheck rules;
    change(rules);
    return rules;
  };
  const auto result = [&](const api::Deployment& deployment, const std::vector<api::Pod>& pods,
                          const api::RolloutCheck& rules) {
    return measure(deployment, pods, std::nullopt, seconds(60), rules).result;
  };
  CHECK(result(not_progressing("late"), {},
               rules_with([](auto& rules) { rules.progress_deadline = false; })) == Unknown);
  CHECK(result(rolling_out_deployment(), {crashed({.restarts = 9, .exit_code = 1})},
               rules_with([](auto& rules) { rules.crash_loop_restarts = 0; })) == Unknown);
  CHECK(result(rolling_out_deployment(), {crashed({.restarts = 9, .exit_code = 1})},
               rules_with([](auto& rules) { rules.crash_loop_restarts = 10; })) == Unknown);
  CHECK(result(rolling_out_deployment(), {waiting("InvalidImageName")},
               rules_with([](auto& rules) { rules.image_pull_errors = false; })) == Unknown);
  CHECK(result(rolling_out_deployment(), {waiting("CreateContainerConfigError")},
               rules_with([](auto& rules) { rules.config_errors = false; })) == Unknown);
}

}  // namespace lastgood::checks::test
