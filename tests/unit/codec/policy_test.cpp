// A stored policy can have values that only an older version of the CRD allowed. parse_policy must
// report the first invalid value.
#include <catch2/catch.hpp>

#include "codec/objects.hpp"

using namespace lastgood;
using namespace lastgood::api;
using namespace lastgood::codec;
using namespace std::chrono_literals;

namespace {

RollbackPolicy parse_spec(const std::string& spec) {
  const auto policy = parse_policy(
      *parse_json(R"({"metadata": {"namespace": "shop", "name": "web"}, "spec": )" + spec + "}"));
  REQUIRE(policy);
  CHECK(policy->meta.key == Key{"shop", "web"});
  return *policy;
}

std::string spec_with_check(const std::string& fields) {
  return R"({"checks": [{"name": "health", )" + fields + "}]}";
}
std::string spec_with_http(const std::string& fields) {
  return spec_with_check(R"("http": {)" + fields + "}");
}

struct Row {
  std::string spec;
  const char* problem;
};

void check_problems(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(row.spec);
    CHECK(parse_spec(row.spec).problem == row.problem);
  }
}

}  // namespace

TEST_CASE("parse_policy returns the defaults for an empty spec") {
  CHECK(parse_spec("{}").spec == PolicySpec{});
  CHECK(parse_spec("{}").problem.empty());
  CHECK(parse_spec("null").spec == PolicySpec{});
}

TEST_CASE("parse_policy reads the fields of every section") {
  const auto policy = parse_spec(
      R"({"mode": "Observe", "suspend": true, "selector": {"matchLabels": {"tier": "web"}}, "bakeTime": "1h",
    "minimumBake": "10m", "startupGrace": "90s",
    "checks": [{"name": "health", "interval": "2s", "failureThreshold": 5, "http": {"target": "Pods", "scheme": "https",
        "port": 8443, "path": "/h", "expectedStatus": "200,204", "timeout": "1.5s", "maxFailingPods": "0%"}},
      {"name": "svc", "http": {"target": "Service", "service": "web", "port": 80}},
      {"name": "url", "http": {"url": "http://web/health"}}],
    "rollout": {"progressDeadline": false, "crashLoopRestarts": 0, "imagePullErrors": false, "configErrors": false,
      "unavailableFor": "0s", "initCrashLoopRestarts": 4},
    "rollback": {"verifyFor": "1m", "cooldown": "0s",
      "limit": {"count": 5, "within": "2h"}, "maxRevisionsBack": 7,
      "drill": {"afterGood": true, "every": "168h"}}})");
  CHECK(policy.problem.empty());
  const PolicySpec expected{
      .mode = Mode::Observe,
      .suspend = true,
      .selector = LabelSelector{.match_labels = {{"tier", "web"}}},
      .bake_time = 1h,
      .minimum_bake = 10min,
      .startup_grace = 90s,
      .checks = {Check{.name = "health",
                       .kind = HttpCheck{.target = HttpTarget::Pods,
                                         .scheme = "https",
                                         .port = 8443,
                                         .path = "/h",
                                         .expected = {{200, 200}, {204, 204}},
                                         .timeout = 1500ms,
                                         .max_failing_percent = 0},
                       .interval = 2s,
                       .failure_threshold = 5},
                 Check{.name = "svc",
                       .kind =
                           HttpCheck{.target = HttpTarget::Service, .port = 80, .service = "web"}},
                 Check{.name = "url",
                       .kind = HttpCheck{.target = HttpTarget::Url, .url = "http://web/health"}}},
      .rollout = {.progress_deadline = false,
                  .crash_loop_restarts = 0,
                  .image_pull_errors = false,
                  .config_errors = false,
                  .unavailable_for = 0ms,
                  .init_crash_loop_restarts = 4},
      .verify_for = 1min,
      .cooldown = 0s,
      .limit = {.count = 5, .within = 2h},
      .max_revisions_back = 7,
      .drill = {.after_good = true, .every = 168h}};
  CHECK(policy.spec == expected);
}

TEST_CASE("parse_policy reports the field, its value and the expected value") {
  check_problems({
      {R"("x")", R"(spec: is "x", expected an object)"},
      {R"({"suspend": "yes"})", R"(spec.suspend: is "yes", expected true or false)"},
      {R"({"bakeTime": "30"})", R"(spec.bakeTime: "30" has no unit: write for example "30s")"},
      {R"({"bakeTime": 30})", "spec.bakeTime: is 30, expected a string"},
      {R"({"bakeTime": "0s"})", R"(spec.bakeTime: "0s" is not between 1s and 168h)"},
      {R"({"minimumBake": "0s"})", R"(spec.minimumBake: "0s" is not between 1s and 168h)"},
      {R"({"minimumBake": "11m"})", "spec.minimumBake: 11m is longer than the bakeTime of 10m"},
      {R"({"bakeTime": "1m", "minimumBake": "61s"})",
       "spec.minimumBake: 1m1s is longer than the bakeTime of 1m"},
      {R"({"rollback": {"maxRevisionsBack": 0}})",
       "spec.rollback.maxRevisionsBack: 0 is not a whole number from 1 to 15"},
      {R"({"rollback": {"maxRevisionsBack": 16}})",
       "spec.rollback.maxRevisionsBack: 16 is not a whole number from 1 to 15"},
      {R"({"rollback": {"verifyFor": "25h"}})",
       R"(spec.rollback.verifyFor: "25h" is not between 1s and 24h)"},
      {R"({"mode": "Watch"})", R"(spec.mode: "Watch" is not a valid value)"},
      {R"({"mode": true})", "spec.mode: is true, expected a string"},
      {R"({"rollback": {"cooldown": "-5m"}})",
       R"(spec.rollback.cooldown: "-5m" is not a duration, such as "30s", "5m" or "1h30m")"},
      {R"({"rollback": {"cooldown": "25h"}})",
       R"(spec.rollback.cooldown: "25h" is not between 0s and 24h)"},
      {R"({"rollback": {"limit": 3}})", "spec.rollback.limit: is 3, expected an object"},
      {R"({"rollback": {"limit": {"count": 0}}})",
       "spec.rollback.limit.count: 0 is not a whole number from 1 to 20"},
      {R"({"rollback": {"limit": {"count": 21}}})",
       "spec.rollback.limit.count: 21 is not a whole number from 1 to 20"},
      {R"({"rollback": {"limit": {"within": "59s"}}})",
       R"(spec.rollback.limit.within: "59s" is not between 1m and 168h)"},
      {R"({"rollback": {"drill": {"afterGood": "yes"}}})",
       R"(spec.rollback.drill.afterGood: is "yes", expected true or false)"},
      {R"({"rollback": {"drill": {"every": "0s"}}})",
       R"(spec.rollback.drill.every: "0s" is not between 1h and 8760h)"},
      {R"({"rollback": {"drill": {"every": "9000h"}}})",
       R"(spec.rollback.drill.every: "9000h" is not between 1h and 8760h)"},
      {R"({"rollout": {"crashLoopRestarts": -1}})",
       "spec.rollout.crashLoopRestarts: -1 is not a whole number from 0 to 100"},
      {R"({"rollout": {"initCrashLoopRestarts": 101}})",
       "spec.rollout.initCrashLoopRestarts: 101 is not a whole number from 0 to 100"},
      {R"({"startupGrace": "25h"})", R"(spec.startupGrace: "25h" is not between 0s and 24h)"},
      {R"({"rollout": {"configErrorsFor": "0s"}})",
       R"(spec.rollout.configErrorsFor: "0s" is not between 1s and 1h)"},
      {R"({"rollout": {"unavailableFor": "2h"}})",
       R"(spec.rollout.unavailableFor: "2h" is not between 0s and 1h)"},
      {R"({"selector": {"matchLabels": {"a": 1}}})",
       R"(spec.selector.matchLabels["a"]: is 1, expected a string)"},
  });
}

TEST_CASE("parse_policy reports the index of an invalid check") {
  check_problems({
      {R"({"checks": {}})", "spec.checks: is an object, expected a list"},
      {R"({"checks": [1]})", "spec.checks[0]: is 1, expected an object"},
      {R"({"checks": [{"name": "My Check", "http": {"port": 1}}]})",
       R"(spec.checks[0].name: "My Check" must have at most 63 lower case letters, digits and "-", such as "health")"},
      {R"({"checks": [{"name": "rollout", "http": {"port": 1}}]})",
       R"(spec.checks[0].name: "rollout" is the name of the built-in check)"},
      {R"({"checks": [{"name": "a", "http": {"port": 1}}, {"name": "a", "http": {"port": 1}}]})",
       R"(spec.checks[1].name: "a" is the name of an earlier check)"},
      {spec_with_check(R"("interval": "1s")"),
       "spec.checks[0].http: is missing; each check needs one of http, prometheus, "
       "prometheusRule, alert, podMetrics, externalMetric"},
      {spec_with_check(R"("interval": "500ms", "http": {"port": 1})"),
       R"(spec.checks[0].interval: "500ms" is not between 1s and 1h)"},
      {spec_with_check(R"("failureThreshold": 0, "http": {"port": 1})"),
       "spec.checks[0].failureThreshold: 0 is not a whole number from 1 to 100"},
      {spec_with_check(R"("interval": "2s", "http": {"port": 1, "timeout": "5s"})"),
       "spec.checks[0].http.timeout: 5s is longer than the interval of 2s"},
  });
}

TEST_CASE("parse_policy reports an invalid field of an HTTP check") {
  check_problems({
      {spec_with_http(R"("path": "/h")"),
       "spec.checks[0].http.port: is missing, but target Pods needs it"},
      {spec_with_http(R"("port": 65536)"),
       "spec.checks[0].http.port: 65536 is not a whole number from 1 to 65535"},
      {spec_with_http(R"("port": 1, "path": "h")"),
       R"(spec.checks[0].http.path: "h" must begin with "/" and have no spaces)"},
      {spec_with_http(R"("port": 1, "path": "/a b")"),
       R"(spec.checks[0].http.path: "/a b" must begin with "/" and have no spaces)"},
      {spec_with_http(R"("port": 1, "scheme": "ftp")"),
       R"(spec.checks[0].http.scheme: "ftp" is not http or https)"},
      {spec_with_http(R"("port": 1, "target": "pods")"),
       R"(spec.checks[0].http.target: "pods" is not a valid value)"},
      {spec_with_http(R"("url": "http://a", "port": 1)"),
       "spec.checks[0].http.port: cannot be combined with url"},
      {spec_with_http(R"("url": "http://a", "target": "Pods")"),
       "spec.checks[0].http.url: cannot be combined with target Pods"},
      {spec_with_http(R"("target": "Url")"),
       R"(spec.checks[0].http.url: "" is empty; use a URL such as "http://myapp:8080/health")"},
      {spec_with_http(R"("target": "Service", "port": 1)"),
       R"(spec.checks[0].http.service: "" is not a valid name of a Service; target Service needs one)"},
      {spec_with_http(R"("target": "Pods", "port": 1, "service": "web")"),
       "spec.checks[0].http.service: needs target Service"},
      {spec_with_http(R"("port": 1, "expectedStatus": "2xx")"),
       R"(spec.checks[0].http.expectedStatus: "2xx" is not a list of at most 16 status codes or ranges from 100 to 599, such as "200-399" or "200,204")"},
      {spec_with_http(R"("port": 1, "maxFailingPods": "100%")"),
       R"(spec.checks[0].http.maxFailingPods: "100%" is not a percentage from 0% to 99%, such as "25%")"},
  });
}

TEST_CASE("parse_policy rejects more than 16 checks") {
  std::string checks;
  for (int i = 0; i < 17; ++i) {
    checks += std::string(i == 0 ? "" : ",") + R"({"name": "c)" + std::to_string(i) +
              R"(", "http": {"port": 1}})";
  }
  const auto policy = parse_spec(R"({"checks": [)" + checks + "]}");
  CHECK(policy.problem == "spec.checks: has 17 elements, more than 16");
  CHECK(policy.spec.checks.empty());
}

TEST_CASE("parse_policy keeps the spec of a policy whose status cannot be read") {
  const auto policy = parse_policy(*parse_json(
      R"({"metadata": {"name": "web"}, "spec": {"suspend": true}, "status": {"guarded": "two"}})"));
  REQUIRE(policy);
  CHECK(policy->spec.suspend);
  CHECK(policy->problem.empty());
  CHECK(policy->status == PolicyStatus{});
}
