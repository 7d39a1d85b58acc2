// The checks of a policy that measure metrics or alerts. policy_checks_test.cpp has the others.
#include "codec/policy_metrics_checks.hpp"

#include <catch2/catch.hpp>

#include "codec/objects.hpp"

using namespace lastgood;
using namespace lastgood::api;
using namespace lastgood::codec;
using namespace std::chrono_literals;

namespace {

RollbackPolicy policy_with(const std::string& kind, const std::string& more = "") {
  const auto policy =
      parse_policy(Json::parse(R"({"spec": {"checks": [{"name": "c", )" + kind + more + "}]}}"));
  REQUIRE(policy);
  return *policy;
}

template <class Kind>
Kind kind_of(const RollbackPolicy& policy) {
  REQUIRE(policy.problem.empty());
  return std::get<Kind>(policy.spec.checks.at(0).kind);
}

constexpr Comparison above(double limit) {
  return {.operation = Comparison::Operator::Greater, .limit = limit};
}

}  // namespace

TEST_CASE("the form errorRatio has a default limit and a default minimum traffic") {
  const auto check = kind_of<PrometheusCheck>(
      policy_with(R"("prometheus": {"errorRatio": {"metric": "requests_total"}})"));
  CHECK(check.query.contains(R"(requests_total{namespace="$namespace",pod=~"$pods",code=~"5.."})"));
  CHECK(check.fail_if == above(0.05));
  REQUIRE(check.minimum_traffic);
  CHECK(check.minimum_traffic->at_least == 20);
  CHECK(check.window == 1min);
}

TEST_CASE("compareWith needs no failIf") {
  const auto check = kind_of<PrometheusCheck>(policy_with(
      R"("prometheus": {"query": "up", "compareWith": "Baseline", "ratioAbove": 2,
         "andAbove": 0.01})"));
  CHECK_FALSE(check.fail_if);
  CHECK(check.compare == BaselineComparison{.ratio_above = 2, .and_above = 0.01});
}

TEST_CASE("reads a check prometheusRule, alert, podMetrics and externalMetric") {
  const auto rule = kind_of<PrometheusRuleCheck>(policy_with(
      R"("prometheusRule": {"name": "web", "namespace": "monitoring", "alert": "HighErrorRate",
         "matchLabels": {"app": "web"}, "credentialsSecret": "metrics"})"));
  CHECK(rule == PrometheusRuleCheck{.server = {.credentials = "metrics"},
                                    .rule_namespace = "monitoring",
                                    .rule = "web",
                                    .alert = "HighErrorRate",
                                    .match_labels = {{"app", "web"}}});
  const auto alert = kind_of<AlertCheck>(
      policy_with(R"("alert": {"name": "Down", "timeout": "1s"}, "onNoData": "Ignore")"));
  CHECK(alert == AlertCheck{.server = {.timeout = 1s}, .alert = "Down"});
  const auto pods = kind_of<PodMetricsCheck>(policy_with(R"("podMetrics": {})"));
  CHECK(pods == PodMetricsCheck{.fail_if = above(0.05)});
  const auto metric = kind_of<ExternalMetricCheck>(
      policy_with(R"("externalMetric": {"metric": "queue", "failIf": "> 100"})"));
  CHECK(metric == ExternalMetricCheck{.metric = "queue", .fail_if = above(100)});
}

TEST_CASE("reads how long a check waits and what it does without data") {
  const auto policy =
      policy_with(R"("podMetrics": {})", R"(, "initialDelay": "1m", "onNoData": "Ignore")");
  CHECK(policy.spec.checks.at(0).initial_delay == 1min);
  CHECK(policy.spec.checks.at(0).on_no_data == OnNoData::Ignore);
}

TEST_CASE("two checks have the same digest only if they measure the same") {
  const CheckKind checks[] = {
      PrometheusCheck{.query = "a"},
      PrometheusCheck{.query = "a", .compare = BaselineComparison{.ratio_above = 2}},
      PrometheusRuleCheck{.rule = "a", .alert = "b"},
      PrometheusRuleCheck{.rule = "a", .alert = "b", .match_labels = {{"c", "d"}}},
      AlertCheck{.alert = "b"},
      AlertCheck{.alert = "b", .match_labels = {{"c", "d"}}},
      PodMetricsCheck{},
      PodMetricsCheck{.value = PodMetricsCheck::Value::Latency},
      PodMetricsCheck{.total = "a", .errors = "b"},
      ExternalMetricCheck{.metric = "a"},
      ExternalMetricCheck{.metric = "a", .match_labels = {{"c", "d"}}}};
  std::set<std::string> digests;
  for (const CheckKind& check : checks) digests.insert(config_hash_of(check));
  CHECK(digests.size() == std::size(checks));
  CHECK(config_hash_of(AlertCheck{.server = {.credentials = "new"}, .alert = "b"}) ==
        config_hash_of(AlertCheck{.alert = "b"}));
}

TEST_CASE("reports what is wrong with a check that measures metrics") {
  struct Row {
    const char* kind;
    const char* problem;
  };
  const Row rows[] = {
      {R"("http": {"port": 1}, "alert": {"name": "A"})", "alert: cannot be combined with http"},
      {R"("interval": "5s")", "http: is missing; each check needs one of http, prometheus"},
      {R"("prometheus": {"query": "up", "latency": {"histogram": "h"}, "failIf": "> 1"})",
       "must be the only one"},
      {R"("prometheus": {"latency": {"histogram": "h"}})", "prometheus.failIf: is missing"},
      {R"("prometheus": {"latency": {"histogram": "h", "quantile": 99}, "failIf": "> 1"})",
       "prometheus.latency.quantile: 99 is not a number above 0 and at most 1"},
      {R"("prometheus": {"errorRatio": {"metric": "a b"}})", R"(metric: "a b")"},
      {R"("prometheus": {"errorRatio": {"metric": "a", "errors": "code=~\"$pod\""}})", "$pods"},
      {R"("prometheus": {"query": "up", "failIf": "> 1", "ratioAbove": 2})",
       "prometheus.ratioAbove: needs compareWith: Baseline"},
      {R"("prometheus": {"query": "up", "compareWith": "Target", "ratioAbove": 2,
          "andAbove": 1})",
       R"("Target" is not Baseline)"},
      {R"("prometheus": {"query": "up", "compareWith": "Baseline", "ratioAbove": 2})",
       "prometheus.andAbove: is missing"},
      {R"("prometheus": {"query": "up", "failIf": "> 1", "credentialsSecret": "A"})",
       R"(credentialsSecret: "A")"},
      {R"("prometheusRule": {"alert": "A"})", "prometheusRule.name"},
      {R"("prometheusRule": {"name": "web"})", "prometheusRule.alert: is missing"},
      {R"("prometheusRule": {"name": "web", "alert": "A", "matchLabels": {"app": ""}})",
       R"(matchLabels: "app" has an empty value)"},
      {R"("alert": {})", "alert.name: is missing"},
      {R"("podMetrics": {"gauge": {}, "failIf": "> 1"})", "podMetrics.gauge.metric: is missing"},
      {R"("podMetrics": {"gauge": {"metric": "a"}})", "podMetrics.failIf: is missing"},
      {R"("podMetrics": {"errorRatio": {"total": "a"}})", "errorRatio.errors: is missing"},
      {R"("podMetrics": {"path": "metrics"})", R"(path: "metrics" must begin with)"},
      {R"("podMetrics": {"errorRatio": {"total": "a", "errors": "a{code=5}"}})",
       R"(errorRatio.errors: selector "a{code=5}" needs a value in quotes)"},
      {R"("podMetrics": {"errorRatio": {"total": "a[1m]", "errors": "b"}})",
       R"(errorRatio.total: selector "a[1m]")"},
      {R"x("podMetrics": {"latency": {"histogram": "sum(a)"}, "failIf": "> 1"})x",
       R"x(latency.histogram: selector "sum(a)")x"},
      {R"("podMetrics": {"gauge": {"metric": "a{b=~'('}"}, "failIf": "> 1"})",
       R"(gauge.metric: selector "a{b=~'('}" has the regular expression)"},
      {R"("externalMetric": {"metric": "a"})", "externalMetric.failIf: is missing"},
      {R"("externalMetric": {"metric": "a/b", "failIf": "> 1"})", R"(metric: "a/b")"},
      {R"("alert": {"name": "A"}, "onNoData": "Pass")", R"(onNoData: "Pass")"},
      {R"("alert": {"name": "A", "timeout": "11s"})", "is longer than the interval of 10s"}};
  for (const Row& row : rows) {
    INFO(row.kind);
    const std::string problem = policy_with(row.kind).problem;
    CHECK_THAT(problem, Catch::Contains(row.problem));
  }
}
