// How the revision that would be put back answers the same check.
#include "checks/baseline.hpp"

#include <catch2/catch.hpp>

#include "support/printers.hpp"
#include "unit/checks/pods.hpp"

namespace lastgood::checks::test {
namespace {

using enum api::MeasurementResult;

api::Check pods_check() {
  return {.name = "health", .http = {.port = 8080, .path = "/health", .timeout = Duration(1500)}};
}
api::Check url_check(const std::string& url) {
  return {.name = "health",
          .http = {.target = api::HttpTarget::Url, .url = url, .timeout = Duration(1500)}};
}

api::Service service(api::StringMap selector) {
  api::Service out;
  out.meta.key = {.namespace_ = "shop", .name = "myapp"};
  out.selector = std::move(selector);
  out.ports = {{.name = "web", .port = 80, .target_port = "8080"}};
  return out;
}

// "web-a 10.0.0.1:8080", one a line; or the answer that needs no asking.
std::string told(const HttpPlan& plan) {
  if (plan.measurement)
    return std::string(api::to_string(plan.measurement->result)) + " " + plan.measurement->message;
  std::string out;
  for (const auto& ask : plan.probes)
    out += (out.empty() ? "" : "\n") + ask.pod + " " + ask.question.host + ":" +
           std::to_string(ask.question.port);
  return out;
}

}  // namespace

TEST_CASE("whether anything of the new revision has run yet") {
  auto made = waiting("web-1", "ContainerCreating");
  auto ended = waiting("web-1", "CrashLoopBackOff");
  ended.containers[0].restarts = 1;
  auto migrating = waiting("web-1", "PodInitializing");
  migrating.init_containers = {
      {.name = "migrate", .last_exit_reason = "Error", .last_exit_code = 1}};
  auto starting_up = pod_with("web-1", {});
  auto unscheduled = made;
  unscheduled.containers.clear();
  unscheduled.ip = "";
  struct Row {
    const char* name;
    std::vector<api::Pod> pods;
    bool nothing;
  };
  const std::vector<Row> rows{
      {"it has no pod", {}, true},
      {"its pod has no node yet", {unscheduled}, true},
      {"its container is being made", {made}, true},
      {"its image cannot be pulled", {waiting("web-1", "ImagePullBackOff")}, true},
      {"its container runs, and its startup probe has not passed", {starting_up}, false},
      {"its container runs", {running("web-1")}, false},
      {"its container ran and ended", {ended}, false},
      {"its init container ran: it may have changed what others depend on", {migrating}, false},
      {"one of two pods has started", {made, running("web-2")}, false},
      {"its only pod that had started is being deleted", {deleting(running("web-1"))}, false},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(nothing_started(row.pods, std::nullopt) == row.nothing);
      CHECK_FALSE(nothing_started(row.pods, start));
    }
  }
}

TEST_CASE("which answers are compared") {
  const auto measurement = [](const std::string& check, api::MeasurementResult result) {
    return Measurement{.check = check, .result = result};
  };
  for (const bool before : {false, true}) {
    CHECK(needs_baseline(measurement("health", Fail), before));
    CHECK(needs_baseline(measurement("rollout", Fail), before));
    CHECK_FALSE(needs_baseline(measurement("health", Pass), before));
    CHECK(needs_baseline(measurement("health", Unknown), before) == before);
    CHECK_FALSE(needs_baseline(measurement("rollout", Unknown), before));
  }
}

namespace {

struct PlanRow {
  const char* name;
  api::Check check;
  std::optional<Result<api::Service>> service;
  std::vector<api::Pod> pods;
  bool before;
  std::string expected;
};

const std::string both = "web-a 10.0.0.1:8080\nweb-b 10.0.0.1:8080";

std::vector<PlanRow> asked_rows() {
  const std::vector<api::Pod> two{running("web-a"), running("web-b")};
  const auto outside = url_check("http://example.com/");
  const auto own = url_check("http://myapp/");
  return {
      {"a check of pods probes the other's pods", pods_check(), {}, two, false, both},
      {"and so before the new one has started", pods_check(), {}, two, true, both},
      {"not those that are being deleted",
       pods_check(),
       {},
       {running("web-a"), deleting(running("web-b"))},
       false,
       "web-a 10.0.0.1:8080"},
      {"where one is down and one can be asked, that one speaks",
       pods_check(),
       {},
       {crashed("web-a"), running("web-b")},
       false,
       "web-b 10.0.0.1:8080"},
      {"a Service that selects them is asked pod by pod", own, service({{"app", "web"}}), two,
       false, both},
      {"an outside URL is asked while only the other revision can stand behind it",
       outside,
       {},
       two,
       true,
       " example.com:80"},
      {"an outside URL says nothing of the other revision once the new one has started",
       outside,
       {},
       two,
       false,
       "Unknown "},
      {"a Service that selects other pods is asked as it stands before", own,
       service({{"app", "gateway"}}), two, true, " myapp.shop.svc:80"},
      {"a Service that selects other pods says nothing later", own, service({{"app", "gateway"}}),
       two, false, "Unknown "},
  };
}

std::vector<PlanRow> unasked_rows() {
  const Result<api::Service> gone = fail(ErrorKind::NotFound, "services \"myapp\" not found");
  const std::string none_started =
      "Unknown none of the 1 pods of the new revision has started all its containers";
  return {
      {"no pod is left of it",
       pods_check(),
       {},
       {},
       false,
       "Unknown the new revision has no pod yet"},
      {"its pods are being deleted, and one was down",
       pods_check(),
       {},
       {deleting(crashed("web-a"))},
       false,
       none_started},
      {"its pods only start",
       pods_check(),
       {},
       {waiting("web-a", "ContainerCreating")},
       false,
       none_started},
      {"all its pods are down: no asking is needed",
       pods_check(),
       {},
       {crashed("web-a"), crashed("web-b", "OOMKilled")},
       false,
       "Fail 2 of 2 pods have a container that is down, web-a for one (limit: a quarter)"},
      {"an outside URL, and all its pods were down before the new one came",
       url_check("http://example.com/"),
       {},
       {crashed("web-a")},
       true,
       "Fail 1 of 1 pods have a container that is down, web-a for one (limit: a quarter)"},
      {"a Service that is gone cannot be asked",
       url_check("http://myapp/"),
       gone,
       {running("web-a")},
       false,
       "Unknown there is no Service myapp in namespace shop"},
      {"a check that makes no sense probes nobody",
       url_check("example.com"),
       {},
       {crashed("web-a")},
       true,
       "Unknown \"example.com\" must begin with http:// or https://, such as "
       "\"http://myapp:8080/health\""},
  };
}

void check(const std::vector<PlanRow>& rows) {
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(told(plan_baseline(row.check, "shop", row.pods, row.service, row.before)) ==
            row.expected);
    }
  }
}

}  // namespace

TEST_CASE("whom an HTTP check probes of the other revision") { check(asked_rows()); }
TEST_CASE(
    "where nobody of the other revision can be asked, that they are down is an answer and nothing "
    "else is") {
  check(unasked_rows());
}

TEST_CASE(
    "what was asked as it stands speaks of the other revision only if nothing of the new one had "
    "started by the answer") {
  const HttpPlan as_it_stands{.probes = {{}}};
  const HttpPlan pod_by_pod{.probes = {{.pod = "web-a"}}, .pods = 1};
  const HttpPlan are_down{.measurement = Measurement{.check = "health", .result = Fail}};
  CHECK(is_about_baseline(as_it_stands, true));
  CHECK_FALSE(is_about_baseline(as_it_stands, false));
  for (const bool before : {false, true}) {
    CHECK(is_about_baseline(pod_by_pod, before));
    CHECK(is_about_baseline(are_down, before));
  }
}

TEST_CASE(
    "a baseline says what was answered, by which revision and when; no answer is no baseline") {
  const Measurement answer{.check = "health",
                           .result = Fail,
                           .reason = api::Reason::WrongStatus,
                           .message = "2 of 2 pods failed"};
  CHECK(baseline_result(answer, "revision 4 (web-6d4b75cb6d)", true, now) ==
        api::BaselineResult{.result = Fail,
                            .reason = api::Reason::WrongStatus,
                            .message = "2 of 2 pods failed",
                            .revision = "revision 4 (web-6d4b75cb6d)",
                            .before = true,
                            .at = now});
  CHECK(baseline_result({.check = "health", .result = Pass}, "", false, now)->result == Pass);
  CHECK(baseline_result({.check = "health", .result = Unknown}, "", false, now) == std::nullopt);
}

}  // namespace lastgood::checks::test
