#include "checks/startup.hpp"

#include <catch2/catch.hpp>

#include "unit/checks/pods.hpp"

namespace lastgood::checks::test {

using std::chrono::minutes;
using std::chrono::seconds;

namespace {

api::Deployment deployment(std::int64_t available, Duration progress_deadline) {
  api::Deployment out;
  out.available_replicas = available;
  out.progress_deadline = progress_deadline;
  return out;
}

}  // namespace

TEST_CASE("startup_grace is the policy's, else the progress deadline, at most 2 min in an outage") {
  CHECK(startup_grace({}, deployment(1, minutes(30))) == minutes(30));
  CHECK(startup_grace({}, deployment(0, minutes(30))) == minutes(2));
  CHECK(startup_grace({}, deployment(0, minutes(1))) == minutes(1));
  CHECK(startup_grace({.startup_grace = minutes(7)}, deployment(0, minutes(30))) == minutes(7));
  CHECK(startup_grace({.startup_grace = Duration(0)}, deployment(1, minutes(30))) == seconds(0));
}

TEST_CASE("startup_began is the start of the last container, or accepted_at after a restart") {
  auto pod = started_at(unready("web-0"), start + minutes(6));
  pod.meta.created = start;
  pod.accepted_at = start + minutes(5);
  CHECK(startup_began(pod) == start + minutes(6));
  pod.containers.push_back({.name = "proxy", .started_at = start + minutes(8)});
  CHECK(startup_began(pod) == start + minutes(8));
  pod.containers[1].restarts = 1;
  CHECK(startup_began(pod) == start + minutes(5));
  pod.containers[1] = {.name = "proxy", .waiting_reason = "ContainerCreating"};
  CHECK(startup_began(pod) == start + minutes(5));
}

TEST_CASE("has_startup_evidence is true only if a probe says that the application has started") {
  using enum api::ProbeKind;
  constexpr std::uint16_t port = 8080;
  constexpr std::uint16_t other = 15021;
  struct Row {
    const char* name;
    std::vector<std::string> containers;
    std::vector<api::KubeletProbe> probes;
    bool has_evidence;
    bool has_evidence_for_url;
  };
  const std::vector<Row> rows{
      {"no probe", {"app"}, {}, false, false},
      {"liveness probe", {"app"}, {{"app", Liveness, port}}, false, false},
      {"readiness probe", {"app"}, {{"app", Readiness, port}}, true, true},
      {"startup probe", {"app"}, {{"app", Startup, port}}, true, true},
      {"another port, one container", {"app"}, {{"app", Readiness, other}}, true, true},
      {"sidecar, no probe", {"app", "proxy"}, {}, false, false},
      {"only the sidecar", {"app", "proxy"}, {{"proxy", Readiness, other}}, false, true},
      {"the sidecar has the port", {"app", "proxy"}, {{"proxy", Readiness, port}}, true, true},
      {"the sidecar runs a command", {"app", "proxy"}, {{"proxy", Readiness, 0}}, true, true},
      {"the application runs a command", {"app", "proxy"}, {{"app", Startup, 0}}, true, true},
      {"liveness probe beside the sidecar's readiness probe",
       {"app", "proxy"},
       {{"app", Liveness, port}, {"proxy", Readiness, other}},
       false,
       true},
      {"each container, other ports",
       {"app", "proxy"},
       {{"app", Readiness, 15020}, {"proxy", Startup, other}},
       true,
       true},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      api::Pod pod = running("web-0");
      pod.containers.clear();
      for (const std::string& container : row.containers)
        pod.containers.push_back({.name = container, .started = true, .ready = true});
      pod.probes = row.probes;
      CHECK(has_startup_evidence(pod, port) == row.has_evidence);
      CHECK(has_startup_evidence(pod, 0) == row.has_evidence_for_url);
    }
  }
}

}  // namespace lastgood::checks::test
