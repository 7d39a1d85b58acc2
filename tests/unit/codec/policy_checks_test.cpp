#include "codec/policy_checks.hpp"

#include <catch2/catch.hpp>

#include "codec/policy.hpp"

using namespace lastgood;
using namespace lastgood::api;
using namespace std::chrono_literals;

namespace {

// A policy with the check `errors` of these fields.
RollbackPolicy policy_with(const std::string& prometheus, const std::string& more = "") {
  const std::string text = R"({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"checks":
      [{"name": "errors", "prometheus": )" +
                           prometheus + more + "}]}}";
  return codec::parse_policy(codec::Json::parse(text)).value();
}

}  // namespace

TEST_CASE("reads a check prometheus with all its fields") {
  const RollbackPolicy policy = policy_with(
      R"({"query": "errors{pod=~\"$pods\"}", "failIf": ">= 0.05", "timeout": "3s",
          "address": "https://prometheus.monitoring:9090/prefix",
          "minimumTraffic": {"query": "requests", "atLeast": 20.5}})",
      R"(, "interval": "15s", "for": "2m", "failureThreshold": 4)");
  CHECK(policy.problem.empty());
  const PrometheusCheck expected{
      .server = {.address = "https://prometheus.monitoring:9090/prefix", .timeout = 3s},
      .query = R"(errors{pod=~"$pods"})",
      .fail_if = Comparison{.operation = Comparison::Operator::GreaterOrEqual, .limit = 0.05},
      .minimum_traffic = MinimumTraffic{.query = "requests", .at_least = 20.5}};
  const Check check{.name = "errors",
                    .kind = expected,
                    .interval = 15s,
                    .failure_threshold = 4,
                    .fail_for = 2min};
  CHECK(policy.spec.checks == std::vector<Check>{check});
}

TEST_CASE("reports what is wrong with a check prometheus") {
  struct Row {
    const char* prometheus;
    const char* problem;
  };
  const std::vector<Row> rows{
      {R"({"failIf": "> 1"})", "prometheus.query: is missing"},
      {R"({"query": "up"})", "prometheus.failIf: is missing"},
      {R"({"query": "up", "failIf": "0.05"})", R"(prometheus.failIf: "0.05")"},
      {R"({"query": "up{pod=~\"$pod\"}", "failIf": "> 1"})", "$pods"},
      {R"({"query": "up", "failIf": "> 1", "address": "prometheus:9090"})",
       R"(prometheus.address: "prometheus:9090")"},
      {R"({"query": "up", "failIf": "> 1", "timeout": "11s"})",
       "prometheus.timeout: 11s is longer than the interval of 10s"},
      {R"({"query": "up", "failIf": "> 1", "minimumTraffic": {"query": "up", "atLeast": "1"}})",
       "prometheus.minimumTraffic.atLeast"},
      {R"({"query": "up", "failIf": "> 1", "minimumTraffic": {"atLeast": 1}})",
       "prometheus.minimumTraffic.query: is missing"},
  };
  for (const Row& row : rows) {
    INFO(row.prometheus);
    CHECK_THAT(policy_with(row.prometheus).problem, Catch::Contains(row.problem));
  }
}

TEST_CASE("a check with `for` has the same default threshold as the CRD") {
  const RollbackPolicy policy =
      policy_with(R"({"query": "up", "failIf": "< 1"})", R"(, "for": "2m")");
  CHECK(policy.spec.checks.at(0).failure_threshold == 3);
}

TEST_CASE("reports a check that has both prometheus and http") {
  CHECK_THAT(
      policy_with(R"({"query": "up", "failIf": "> 1"})", R"(, "http": {"port": 80})").problem,
      Catch::Contains("checks[0].prometheus: cannot be combined with http"));
}
