#include "checks/baseline.hpp"

#include <catch2/catch.hpp>

#include "support/printers.hpp"
#include "unit/checks/pods.hpp"

namespace lastgood::checks::test {
namespace {

using enum api::MeasurementResult;

// Values of the argument nothing_started.
constexpr bool before_start = true;  // the new revision has not started
constexpr bool after_start = false;  // the new revision has started

api::Check pods_check() {
  return {.name = "health",
          .kind = api::HttpCheck{.port = 8080, .path = "/health", .timeout = Duration(1500)}};
}
api::Check url_check(const std::string& url) {
  return {.name = "health",
          .kind = api::HttpCheck{
              .target = api::HttpTarget::Url, .url = url, .timeout = Duration(1500)}};
}

api::Service service(api::StringMap selector) {
  api::Service out;
  out.meta.key = {.namespace_ = "shop", .name = "myapp"};
  out.selector = std::move(selector);
  out.ports = {{.name = "web", .port = 80, .target_port = "8080"}};
  return out;
}

// One line for each probe, such as "web-a 10.0.0.1:8080" (without a pod: " myapp.shop.svc:80"), or
// the measurement of the plan.
std::string text_of(const HttpPlan& plan) {
  if (plan.measurement)
    return std::string(api::to_string(plan.measurement->result)) + " " + plan.measurement->message;
  std::string out;
  for (const auto& probe : plan.probes)
    out += (out.empty() ? "" : "\n") + probe.pod + " " + probe.request.host + ":" +
           std::to_string(probe.request.port);
  return out;
}

}  // namespace

TEST_CASE("established_of is No only for the checks that are listed as not established") {
  const std::vector<std::string> names{"health"};
  CHECK(established_of("health", names) == Established::No);
  CHECK(established_of("ready", names) == Established::Yes);
}

TEST_CASE("nothing_started is true until a container of the revision has run") {
  auto creating = waiting("web-1", "ContainerCreating");
  auto ended = waiting("web-1", "CrashLoopBackOff");
  ended.containers[0].restarts = 1;
  auto migrating = waiting("web-1", "PodInitializing");
  migrating.init_containers = {
      {.name = "migrate", .last_exit_reason = "Error", .last_exit_code = 1}};
  auto starting_up = pod_with("web-1", {});
  struct Row {
    const char* name;
    std::vector<api::Pod> pods;
    bool nothing_started;
  };
  const std::vector<Row> rows{
      {"the revision has no pods", {}, true},
      {"the pod is not scheduled", {unscheduled("web-1")}, true},
      {"the container is being created", {creating}, true},
      {"the image cannot be pulled", {waiting("web-1", "ImagePullBackOff")}, true},
      {"the container runs, and its startup probe has not passed", {starting_up}, false},
      {"the container runs", {running("web-1")}, false},
      {"the container ran and ended", {ended}, false},
      {"an init container ran, for example a database migration", {migrating}, false},
      {"one of two pods has started", {creating, running("web-2")}, false},
      {"the only pod that has started is terminating", {terminating(running("web-1"))}, false},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(nothing_started(row.pods, std::nullopt) == row.nothing_started);
      const Time rolled_out = start;
      CHECK_FALSE(nothing_started(row.pods, rolled_out));
    }
  }
}

TEST_CASE("needs_baseline is true for a Fail, and for an Unknown HTTP check before the start") {
  const auto measurement = [](const std::string& check, api::MeasurementResult result) {
    return Measurement{.check = check, .result = result};
  };
  for (const bool nothing_started : {false, true}) {
    constexpr auto yes = Established::Yes;
    CHECK(needs_baseline(measurement("health", Fail), nothing_started, yes));
    CHECK(needs_baseline(measurement("rollout", Fail), nothing_started, yes));
    CHECK_FALSE(needs_baseline(measurement("health", Pass), nothing_started, yes));
    CHECK(needs_baseline(measurement("health", Unknown), nothing_started, yes) == nothing_started);
    CHECK_FALSE(needs_baseline(measurement("rollout", Unknown), nothing_started, yes));
    Measurement starting = measurement("health", Unknown);
    starting.reason = api::Reason::PodsStarting;
    CHECK(needs_baseline(starting, nothing_started, yes));
    starting.check = api::rollout_check;
    CHECK_FALSE(needs_baseline(starting, nothing_started, yes));
  }
}

TEST_CASE("needs_baseline is true for each result of an HTTP check that is not established") {
  for (const auto result : {Pass, Fail, Unknown})
    CHECK(needs_baseline({.check = "health", .result = result}, false, Established::No));
  CHECK_FALSE(needs_baseline({.check = "rollout", .result = Pass}, false, Established::No));
}

TEST_CASE("repeats the baseline while it fails before the start, at most five times") {
  const Measurement fails{.check = "health", .result = Fail};
  CHECK(repeats_baseline(fails, /*nothing_started=*/true, 1));
  CHECK(repeats_baseline(fails, /*nothing_started=*/true, 4));
  CHECK_FALSE(repeats_baseline(fails, /*nothing_started=*/true, 5));
  CHECK_FALSE(repeats_baseline(fails, /*nothing_started=*/false, 1));
  CHECK_FALSE(repeats_baseline({.check = "health", .result = Pass}, true, 1));
  CHECK_FALSE(repeats_baseline({.check = "health", .result = Unknown}, true, 1));
}

TEST_CASE("with_failures marks a failure as before the new revision started when it was repeated") {
  const api::BaselineResult failed{.result = Fail};
  CHECK(with_failures(failed, 1).consecutive_failures == 1);
  CHECK_FALSE(with_failures(failed, 1).before);
  CHECK(with_failures(failed, 2).consecutive_failures == 2);
  CHECK(with_failures(failed, 2).before);
  CHECK(with_failures({.result = Pass}, 2).consecutive_failures == 0);
  CHECK_FALSE(with_failures({.result = Pass}, 2).before);
}

namespace {

struct PlanRow {
  const char* name;
  api::Check check;
  std::optional<Result<api::Service>> service;
  std::vector<api::Pod> pods;
  bool nothing_started;
  std::string expected;
};

const std::string probes_of_both_pods = "web-a 10.0.0.1:8080\nweb-b 10.0.0.1:8080";

std::vector<PlanRow> probed_rows() {
  const std::vector<api::Pod> two_pods{running("web-a"), running("web-b")};
  const auto external_url_check = url_check("http://example.com/");
  const auto myapp_url_check = url_check("http://myapp/");
  return {
      {"target Pods, after the new revision has started",
       pods_check(),
       {},
       two_pods,
       after_start,
       probes_of_both_pods},
      {"target Pods, before the new revision has started",
       pods_check(),
       {},
       two_pods,
       before_start,
       probes_of_both_pods},
      {"one pod is terminating: only the other is probed",
       pods_check(),
       {},
       {running("web-a"), terminating(running("web-b"))},
       after_start,
       "web-a 10.0.0.1:8080"},
      {"one pod is down: only the other is probed",
       pods_check(),
       {},
       {crashed("web-a"), running("web-b")},
       after_start,
       "web-b 10.0.0.1:8080"},
      {"a Service that selects the pods of the baseline is probed pod by pod", myapp_url_check,
       service({{"app", "web"}}), two_pods, after_start, probes_of_both_pods},
      {"an external URL is probed before the new revision has started",
       external_url_check,
       {},
       two_pods,
       before_start,
       " example.com:80"},
      {"an external URL is not probed after the new revision has started",
       external_url_check,
       {},
       two_pods,
       after_start,
       "Unknown "},
      {"a Service that selects other pods is probed as a URL before the new revision starts",
       myapp_url_check, service({{"app", "gateway"}}), two_pods, before_start,
       " myapp.shop.svc:80"},
      {"a Service that selects other pods is not probed after the new revision has started",
       myapp_url_check, service({{"app", "gateway"}}), two_pods, after_start, "Unknown "},
  };
}

std::vector<PlanRow> unprobed_rows() {
  const Result<api::Service> service_not_found =
      fail(ErrorKind::NotFound, "services \"myapp\" not found");
  const std::string no_pod_started =
      "Unknown none of the 1 pods of the revision has started all its containers";
  return {
      {"the baseline has no pods",
       pods_check(),
       {},
       {},
       after_start,
       "Unknown the revision has no pods yet"},
      {"the only pod of the baseline is terminating, and its container is down",
       pods_check(),
       {},
       {terminating(crashed("web-a"))},
       after_start,
       no_pod_started},
      {"the only pod of the baseline is starting",
       pods_check(),
       {},
       {waiting("web-a", "ContainerCreating")},
       after_start,
       no_pod_started},
      {"all pods of the baseline are down: the result is a Fail without a probe",
       pods_check(),
       {},
       {crashed("web-a"), crashed("web-b", "OOMKilled")},
       after_start,
       "Fail 2 of 2 pods have a container that is down, for example web-a (limit 25% of pods)"},
      {"all pods of the baseline are down, also for an external URL",
       url_check("http://example.com/"),
       {},
       {crashed("web-a")},
       before_start,
       "Fail 1 of 1 pods have a container that is down, for example web-a (limit 25% of pods)"},
      {"the Service does not exist",
       url_check("http://myapp/"),
       service_not_found,
       {running("web-a")},
       after_start,
       "Unknown Service myapp does not exist in namespace shop; create it, or correct the name in "
       "the check"},
      {"the check is not valid",
       url_check("example.com"),
       {},
       {crashed("web-a")},
       before_start,
       "Unknown \"example.com\" must begin with http:// or https://, such as "
       "\"http://myapp:8080/health\""},
  };
}

void check_rows(const std::vector<PlanRow>& rows) {
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(text_of(plan_baseline(row.check, "shop", row.pods, row.service, row.nothing_started)) ==
            row.expected);
    }
  }
}

}  // namespace

TEST_CASE("plan_baseline probes only if the response comes from the baseline") {
  check_rows(probed_rows());
}
TEST_CASE("plan_baseline returns a measurement when no pod of the baseline can be probed") {
  check_rows(unprobed_rows());
}

TEST_CASE("is_about_baseline is false for a URL after the new revision has started") {
  const HttpPlan url_plan{.probes = {{}}};
  const HttpPlan pods_plan{.probes = {{.pod = "web-a"}}, .pods = 1};
  const HttpPlan pods_down_plan{.measurement = Measurement{.check = "health", .result = Fail}};
  CHECK(is_about_baseline(url_plan, before_start));
  CHECK_FALSE(is_about_baseline(url_plan, after_start));
  for (const bool nothing_started : {false, true}) {
    CHECK(is_about_baseline(pods_plan, nothing_started));
    CHECK(is_about_baseline(pods_down_plan, nothing_started));
  }
}

TEST_CASE("baseline_result has the revision and the time, and nothing for an Unknown") {
  const Measurement measurement{.check = "health",
                                .result = Fail,
                                .reason = api::Reason::WrongStatus,
                                .message = "2 of 2 pods failed"};
  CHECK(baseline_result(measurement, "revision 4 (web-6d4b75cb6d)", before_start, now) ==
        api::BaselineResult{.result = Fail,
                            .reason = api::Reason::WrongStatus,
                            .message = "2 of 2 pods failed",
                            .revision = "revision 4 (web-6d4b75cb6d)",
                            .before = true,
                            .at = now});
  CHECK(baseline_result({.check = "health", .result = Pass}, "", after_start, now)->result == Pass);
  CHECK(baseline_result({.check = "health", .result = Unknown}, "", after_start, now) ==
        std::nullopt);
}

TEST_CASE("candidate_result has no failure of a candidate that never worked") {
  const Measurement fails{.check = "health", .result = Fail};
  const BaselineCandidate trusted{.trust = BaselineTrust::Trusted};
  const BaselineCandidate pass_only{.trust = BaselineTrust::PassOnly};
  CHECK(candidate_result(fails, trusted, "revision 4", before_start, now) ==
        baseline_result(fails, "revision 4", before_start, now));
  CHECK_FALSE(candidate_result(fails, pass_only, "revision 4", before_start, now));
  CHECK(candidate_result({.result = Pass}, pass_only, "", after_start, now)->result == Pass);
}

}  // namespace lastgood::checks::test
