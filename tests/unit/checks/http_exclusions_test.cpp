// Which results of an HTTP check are not counted, because the release is not the cause.
#include <catch2/catch.hpp>

#include "support/printers.hpp"
#include "unit/checks/pods.hpp"
#include "unit/checks/probe_results.hpp"

namespace lastgood::checks::test {
namespace {

// The names of the pods whose probes are excluded. The probe of a URL is "URL".
std::vector<std::string> excluded_probes(const std::vector<ProbeResult>& results,
                                         ExclusionReason reason) {
  std::vector<std::string> out;
  for (const ProbeResult& result : results)
    if (result.exclusion == reason)
      out.push_back(result.probe.pod.empty() ? "URL" : result.probe.pod);
  return out;
}

}  // namespace

TEST_CASE("exclude_terminating excludes pods that are no longer active after the probes") {
  const std::vector<api::Pod> before{running("web-0"), running("web-1"),
                                     terminating(running("web-2"))};
  struct Row {
    const char* name;
    std::vector<api::Pod> after;
    std::vector<std::string> excluded;
  };
  auto evicted = running("web-1");
  evicted.phase = "Failed";
  const std::vector<Row> rows{
      {"all pods still exist", before, {}},
      {"a pod that was terminating before the probe is gone",
       {running("web-0"), running("web-1")},
       {}},
      {"one pod is gone", {running("web-0")}, {"web-1", "URL"}},
      {"one pod is terminating",
       {terminating(running("web-0")), running("web-1")},
       {"web-0", "URL"}},
      {"one pod was evicted", {running("web-0"), evicted}, {"web-1", "URL"}},
      {"one pod crashed, but still exists", {running("web-0"), crashed("web-1")}, {}},
      {"a new pod was created", {running("web-0"), running("web-1"), running("web-3")}, {}},
      {"all pods are gone", {}, {"web-0", "web-1", "URL"}},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      std::vector<ProbeResult> results =
          outcomes({ProbeOutcome::ConnectionRefused, ProbeOutcome::ConnectionRefused});
      results.push_back(url_result(ProbeOutcome::ConnectionRefused));
      exclude_terminating(results, before, row.after);
      CHECK(excluded_probes(results, ExclusionReason::Terminating) == row.excluded);
    }
  }
}

TEST_CASE("exclude_unneeded_silence excludes timeouts if the check fails without them") {
  struct Row {
    const char* name;
    std::vector<ProbeOutcome> outcomes;  // the node may be dead only after TimedOut
    std::vector<std::string> excluded;
  };
  const std::vector<Row> rows{
      {"one of two pods fails, and the node of the other may be dead",
       {ProbeOutcome::InvalidResponse, ProbeOutcome::TimedOut},
       {"web-1"}},
      {"all nodes may be dead", {ProbeOutcome::TimedOut, ProbeOutcome::TimedOut}, {}},
      {"the check fails only because of the pod whose node may be dead",
       {ProbeOutcome::Answered, ProbeOutcome::TimedOut},
       {}},
      {"too few pods fail without the pod whose node may be dead",
       {ProbeOutcome::Answered, ProbeOutcome::Answered, ProbeOutcome::Answered,
        ProbeOutcome::InvalidResponse, ProbeOutcome::TimedOut},
       {}},
      {"every failure shows that the node is alive",
       {ProbeOutcome::InvalidResponse, ProbeOutcome::ConnectionRefused},
       {}},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      std::vector<ProbeResult> results = outcomes(row.outcomes);
      exclude_unneeded_silence(health_check(), results, {});
      CHECK(excluded_probes(results, ExclusionReason::NodeNotReady) == row.excluded);
    }
  }
}

namespace {

constexpr Duration minute = std::chrono::minutes(1);
constexpr Duration grace = 5 * minute;  // the allowance of a pod that is starting

struct StartingRow {
  const char* name;
  std::vector<api::Pod> pods;
  std::optional<Time> rolled_out;  // absent: the rollout is not complete
  std::vector<std::string> excluded;
  api::ProbeOutcome outcome = ProbeOutcome::ConnectionRefused;
  std::vector<Responder> responders = {};
};

api::Pod with_readiness_probe(api::Pod pod) {
  return with_probe(std::move(pod), api::ProbeKind::Readiness, 80);
}

// The readiness probe of the sidecar goes to `port`.
api::Pod with_sidecar(api::Pod pod, std::uint16_t port) {
  pod.containers.push_back({.name = "proxy",
                            .started = true,
                            .ready = true,
                            .started_at = pod.containers[0].started_at});
  pod.probes.push_back({.container = "proxy", .kind = api::ProbeKind::Readiness, .port = port});
  return pod;
}

std::vector<StartingRow> unready_rows() {
  const auto unready_for = [](Duration age) {
    return with_readiness_probe(started_at(unready("web-0"), now - age));
  };
  auto was_ready = unready_for(minute);
  was_ready.unready_since = now - std::chrono::seconds(20);
  auto never_ready = was_ready;
  never_ready.unready_since = now - minute + std::chrono::seconds(1);
  auto without_times = with_readiness_probe(unready("web-0"));
  without_times.meta.created.reset();
  without_times.accepted_at.reset();
  without_times.containers[0].started_at.reset();
  auto scheduled_late = unready_for(minute);
  scheduled_late.meta.created = now - 60 * minute;
  return {
      {"the pod is unready and answers",
       {unready_for(minute)},
       {},
       {"web-0", "URL"},
       ProbeOutcome::Answered},
      {"the pod is unready and refuses", {unready_for(minute)}, {}, {"web-0", "URL"}},
      {"the allowance has passed", {unready_for(grace)}, {}, {}},
      {"the allowance has almost passed",
       {unready_for(grace - std::chrono::seconds(1))},
       {},
       {"web-0", "URL"}},
      {"the pod waited long for a node", {scheduled_late}, {}, {"web-0", "URL"}},
      {"the times of the pod are not known", {without_times}, {}, {"web-0", "URL"}},
      {"the pod existed when the rollout completed, so it was ready",
       {unready_for(minute)},
       now - std::chrono::seconds(30),
       {}},
      {"the pod was created after the rollout",
       {unready_for(minute)},
       now - std::chrono::seconds(90),
       {"web-0", "URL"}},
      {"the pod became unready long after its start, so it was ready", {was_ready}, {}, {}},
      {"the pod has been unready since its start", {never_ready}, {}, {"web-0", "URL"}},
      {"another pod has started, and may receive the probe of the URL",
       {unready_for(minute), with_readiness_probe(running("web-1"))},
       {},
       {"web-0"}},
      {"the pod is gone", {}, {}, {}},
  };
}

std::vector<StartingRow> ready_rows() {
  const auto ready_for = [](Duration age) { return started_at(running("web-0"), now - age); };
  return {
      {"a readiness probe passes and the pod fails",
       {with_readiness_probe(ready_for(minute))},
       {},
       {}},
      {"no probe says that the silent pod has started", {ready_for(minute)}, {}, {"web-0", "URL"}},
      {"the pod without a probe answers", {ready_for(minute)}, {}, {}, ProbeOutcome::Answered},
      {"the pod without a probe has answered before",
       {ready_for(minute)},
       {},
       {},
       ProbeOutcome::TimedOut,
       {{.pod = "web-0", .node = "node-1"}}},
      {"the pod without a probe has used its allowance", {ready_for(grace)}, {}, {}},
      {"a liveness probe says nothing about the start",
       {with_probe(ready_for(minute), api::ProbeKind::Liveness, 80)},
       {},
       {"web-0", "URL"}},
      {"only the sidecar has a readiness probe, of another port",
       {with_sidecar(ready_for(minute), 15021)},
       {},
       {"web-0", "URL"}},
      {"only the sidecar has a readiness probe, of the probed port",
       {with_sidecar(ready_for(minute), 8080)},
       {},
       {}},
      {"the application beside the sidecar has answered before",
       {with_sidecar(ready_for(minute), 15021)},
       {},
       {},
       ProbeOutcome::TimedOut,
       {{.pod = "web-0", .node = "node-1"}}},
      {"the URL has answered before",
       {ready_for(minute)},
       now - minute,
       {"web-0"},
       ProbeOutcome::TimedOut,
       {{.pod = "", .node = ""}}},
  };
}

}  // namespace

TEST_CASE("exclude_starting excludes pods that have not started") {
  auto rows = unready_rows();
  std::ranges::copy(ready_rows(), std::back_inserter(rows));
  for (const StartingRow& row : rows) {
    DYNAMIC_SECTION(row.name) {
      std::vector<ProbeResult> results{pod_result("web-0", row.outcome, 503),
                                       url_result(row.outcome, 503)};
      Responders responders;
      responders.add(row.responders);
      exclude_starting(results, row.pods,
                       {.grace = grace, .rolled_out = row.rolled_out, .now = now}, responders);
      CHECK(excluded_probes(results, ExclusionReason::Starting) == row.excluded);
    }
  }
}

TEST_CASE("measure_http says why a pod that has never been ready may be late") {
  auto late = with_probe(unready("web-0"), api::ProbeKind::Startup, 80);
  late.containers[0].started = false;
  std::vector<ProbeResult> results = statuses({503});
  exclude_starting(results, std::vector{late}, {.grace = grace, .rolled_out = {}, .now = now}, {});
  CHECK(measure_http(health_check(), results).message ==
        "1 of 1 pods failed GET /health: web-0 returned 503, expected 200-399 (limit 25% of pods); "
        "container app has run for 1h and its startup probe has not passed");
}

}  // namespace lastgood::checks::test
