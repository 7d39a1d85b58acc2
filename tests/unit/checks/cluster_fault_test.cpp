// The rollout check names the faults of the cluster.
#include "checks/cluster_fault.hpp"

#include <catch2/catch.hpp>

#include "checks/rollout.hpp"
#include "support/printers.hpp"
#include "unit/checks/pods.hpp"

namespace lastgood::checks::test {
namespace {

using api::Reason;
using enum api::MeasurementResult;
using std::chrono::minutes;
using std::chrono::seconds;

const TemplateHash hash("abc123");
constexpr const char* quota =
    "pods \"web-abc123-x2x4z\" is forbidden: exceeded quota: pods, requested: pods=1, used: "
    "pods=2, limited: pods=2";

api::Deployment deployment(const std::string& failure = "") {
  api::Deployment out;
  out.meta.key = {.namespace_ = "shop", .name = "web"};
  out.meta.generation = out.observed_generation = 4;
  out.replicas = 2;
  out.updated_replicas = 1;
  out.progress_deadline = minutes(10);
  if (!failure.empty())
    out.conditions.push_back({.type = "ReplicaFailure",
                              .status = api::ConditionStatus::True,
                              .reason = "FailedCreate",
                              .message = failure});
  return out;
}

api::Deployment after_deadline(api::Deployment out) {
  out.conditions.push_back({.type = "Progressing",
                            .status = api::ConditionStatus::False,
                            .reason = "ProgressDeadlineExceeded",
                            .message = "ReplicaSet \"web-abc123\" has timed out progressing.",
                            .last_update = now - seconds(10)});
  return out;
}

Measurement measure(const api::Deployment& deployment, const std::vector<api::Pod>& pods,
                    std::vector<std::string> missing = {}) {
  return measure_rollout({},
                         {.deployment = deployment,
                          .hash = hash,
                          .pods = pods,
                          .rolled_out = {},
                          .missing_references = std::move(missing)},
                         now);
}

api::Pod unscheduled_because(const std::string& message) {
  api::Pod out = unscheduled("web-1");
  out.unscheduled_message = message;
  return out;
}

api::Pod on_lost_node() {
  api::Pod out = on_unreachable_node("web-1");
  out.node = "node-7";
  return out;
}

}  // namespace

TEST_CASE("measure_rollout blames the cluster when a quota prevents the creation of pods") {
  const auto measurement = measure(deployment(quota), {});
  CHECK(measurement.result == Fail);
  CHECK(measurement.reason == Reason::PodsNotCreated);
  CHECK(measurement.min_failing_time == seconds(20));
  CHECK(measurement.message ==
        std::string("the cluster creates no pods of this revision: ") + quota);
  CHECK(measure(deployment(quota), {running("web-0")}).reason == Reason::PodsNotCreated);
}

TEST_CASE("measure_rollout blames the release when the API server rejects its pods") {
  const std::string pod = "pods \"web-abc123-x2x4z\" is forbidden: ";
  for (const std::string cause :
       {"violates PodSecurity \"restricted:latest\": runAsNonRoot != true",
        "error looking up service account shop/app: serviceaccount \"app\" not found",
        "maximum cpu usage per Container is 1, but limit is 2",
        "admission webhook \"validate.kyverno.svc\" denied the request: no latest tag"}) {
    CAPTURE(cause);
    const auto measurement = measure(deployment(pod + cause), {});
    CHECK(measurement.result == Fail);
    CHECK(measurement.reason == Reason::PodsRejected);
    CHECK_THAT(measurement.message, Catch::Contains(cause));
  }
  for (const std::string cause : {"failed quota: pods: must specify limits.cpu",
                                  "Internal error occurred: failed calling "
                                  "webhook \"sidecar\": connection refused",
                                  "unable to parse"}) {
    CAPTURE(cause);
    CHECK(measure(deployment(pod + cause), {}).reason == Reason::PodsNotCreated);
  }
}

TEST_CASE("measure_rollout waits when a failed creation is of another revision or may be over") {
  CHECK(measure(deployment("pods \"web-fff-x2x4z\" is forbidden: exceeded quota"), {}).reason ==
        Reason::RollingOut);
  CHECK(measure(deployment(quota), {unready("web-1")}).reason == Reason::RollingOut);
  api::Deployment not_observed = deployment(quota);
  not_observed.observed_generation = 3;
  CHECK(measure(not_observed, {}).reason == Reason::RollingOut);
  api::Deployment ended = deployment(quota);
  ended.conditions[0].status = api::ConditionStatus::False;
  CHECK(measure(ended, {}).reason == Reason::RollingOut);
}

TEST_CASE("measure_rollout names the fault of the cluster when the deadline is exceeded") {
  struct Row {
    api::Deployment deployment;
    std::vector<api::Pod> pods;
    Reason reason;
    std::string cause;
  };
  const std::vector<Row> rows{
      {deployment(quota), {}, Reason::PodsNotCreated, quota},
      {deployment(),
       {unscheduled_because("0/1 nodes are available")},
       Reason::Unschedulable,
       "pod web-1 is not scheduled: 0/1 nodes are available"},
      {deployment(),
       {running("web-0"), on_lost_node()},
       Reason::NodeNotReady,
       "pod web-1 is on node node-7, which does not report"},
      {deployment(),
       {waiting("web-1", "ImagePullBackOff", "i/o timeout")},
       Reason::RegistryUnavailable,
       "ImagePullBackOff: i/o timeout"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.cause);
    const auto measurement = measure(after_deadline(row.deployment), row.pods);
    CHECK(measurement.result == Fail);
    CHECK(measurement.reason == row.reason);
    CHECK(measurement.immediate);
    CHECK_THAT(measurement.message, Catch::Contains(row.cause));
  }
}

TEST_CASE("measure_rollout blames the release at the deadline when one pod has no other cause") {
  for (const std::vector<api::Pod>& pods : std::vector<std::vector<api::Pod>>{
           {}, {unready("web-0")}, {unready("web-0"), unscheduled("web-1")}, {running("web-0")}})
    CHECK(measure(after_deadline(deployment()), pods).reason == Reason::ProgressDeadlineExceeded);
}

// The deadline of 10 min was exceeded 10 s ago. The durations of a row say how long ago the pod was
// created, accepted by the kubelet, and started.
TEST_CASE(
    "measure_rollout waits after the deadline while a pod starts late because of the cluster") {
  struct Row {
    const char* name;
    Duration created;
    Duration accepted;
    Duration started;
    int restarts;
    Reason reason;
  };
  using enum Reason;
  const std::vector<Row> rows{
      {"accepted after the deadline", minutes(10), seconds(5), seconds(4), 0, RollingOut},
      {"started after the deadline", minutes(10), minutes(10), seconds(5), 0, RollingOut},
      {"restarted after the deadline", minutes(10), minutes(10), seconds(5), 1,
       ProgressDeadlineExceeded},
      {"accepted 50 s before the deadline, 9 min after its creation", minutes(10), minutes(1),
       seconds(59), 0, RollingOut},
      {"accepted 599 s ago, 31 s after its creation", seconds(630), seconds(599), seconds(599), 0,
       RollingOut},
      {"accepted 600 s ago, which is progressDeadlineSeconds", seconds(700), seconds(600),
       seconds(600), 0, ProgressDeadlineExceeded},
      {"created late, and accepted 30 s after its creation", seconds(330), seconds(300),
       seconds(299), 0, ProgressDeadlineExceeded},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      api::Pod late = unready("web-1");
      late.meta.created = now - row.created;
      late.accepted_at = now - row.accepted;
      late.containers[0].started_at = now - row.started;
      late.containers[0].restarts = row.restarts;
      CHECK(measure(after_deadline(deployment()), {late}).reason == row.reason);
      late.meta.created.reset();
      late.accepted_at.reset();
      late.containers[0].started_at.reset();
      CHECK(measure(after_deadline(deployment()), {late}).reason == ProgressDeadlineExceeded);
    }
  }
}

TEST_CASE("measure_rollout says after the deadline how long the cluster delayed a pod") {
  api::Pod late = unready("web-1");
  late.meta.created = now - minutes(10);
  late.accepted_at = now - minutes(1);
  CHECK(measure(after_deadline(deployment()), {late}).message ==
        "progressDeadlineSeconds is exceeded, but the cluster started pod web-1 9m after its "
        "creation, so it has more time to start");
}

TEST_CASE("measure_rollout fails after the deadline when a pod that starts late crashes") {
  api::Pod late = crashed("web-1");
  late.containers[0].restarts = 3;
  late.meta.created = now - minutes(10);
  late.accepted_at = now - minutes(1);
  CHECK(measure(after_deadline(deployment()), {late}).reason == Reason::CrashLoop);
}

TEST_CASE("measure_rollout fails when a pod waits for a ConfigMap or Secret that does not exist") {
  const std::vector<std::string> missing{"ConfigMap settings", "Secret key"};
  const auto measurement = measure(deployment(), {waiting("web-1", "ContainerCreating")}, missing);
  CHECK(measurement.result == Fail);
  CHECK(measurement.reason == Reason::ConfigError);
  CHECK(measurement.min_failing_time == seconds(10));
  CHECK(measurement.message ==
        "pod web-1 cannot start: ConfigMap settings, Secret key does not exist (limit 10s, because "
        "the ConfigMap or Secret may be created late)");
  CHECK(measure(deployment(), {waiting("web-1", "ContainerCreating")}).reason ==
        Reason::RollingOut);
  CHECK(measure(deployment(), {unready("web-1")}, missing).reason == Reason::RollingOut);
}

TEST_CASE("awaits_references is true only while no pod of the new revision has run") {
  const api::Deployment rolling_out = deployment();
  const auto awaits = [&](const std::vector<api::Pod>& pods, std::optional<Time> rolled_out = {}) {
    return awaits_references(
        {.deployment = rolling_out, .hash = hash, .pods = pods, .rolled_out = rolled_out});
  };
  const api::Pod creating = waiting("web-1", "ContainerCreating");
  CHECK(awaits({creating}));
  CHECK(awaits({unscheduled("web-1")}));
  CHECK_FALSE(awaits({}));
  CHECK_FALSE(awaits({unready("web-1")}));
  CHECK_FALSE(awaits({creating, running("web-0")}));
  CHECK_FALSE(awaits({creating}, now));
  CHECK_FALSE(awaits({terminating(creating)}));
}

TEST_CASE("images_of returns the images that ran, each once and at most 16") {
  api::Pod pod = running("web-0");
  pod.containers[0].image = "app:latest";
  CHECK(images_of(std::vector{pod}).empty());
  pod.containers[0].image_id = "sha256:a";
  CHECK(images_of(std::vector{pod, pod}) == api::StringMap{{"app:latest", "sha256:a"}});
  for (int i = 0; i < 40; ++i) {
    pod.containers.push_back(pod.containers[0]);
    pod.containers.back().image = "app:" + std::to_string(i);
  }
  CHECK(images_of(std::vector{pod}).size() == 16);
}

}  // namespace lastgood::checks::test
