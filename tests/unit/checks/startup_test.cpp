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

TEST_CASE("startup_grace is the progress deadline unless users are affected or the policy says") {
  CHECK(startup_grace({}, deployment(1, minutes(30))) == minutes(30));
  CHECK(startup_grace({}, deployment(0, minutes(30))) == minutes(2));
  CHECK(startup_grace({}, deployment(0, minutes(1))) == minutes(1));
  CHECK(startup_grace({.startup_grace = minutes(7)}, deployment(0, minutes(30))) == minutes(7));
  CHECK(startup_grace({.startup_grace = Duration(0)}, deployment(1, minutes(30))) == seconds(0));
}

TEST_CASE("startup_began is the start of the last container, not the creation of the pod") {
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

TEST_CASE("has_startup_evidence is true only for a readiness or startup probe") {
  using enum api::ProbeKind;
  CHECK_FALSE(has_startup_evidence(running("web-0")));
  CHECK(has_startup_evidence(with_probe(running("web-0"), Readiness, 0)));
  CHECK(has_startup_evidence(with_probe(running("web-0"), Startup, 0)));
  CHECK_FALSE(has_startup_evidence(with_probe(running("web-0"), Liveness, 80)));
}

}  // namespace lastgood::checks::test
