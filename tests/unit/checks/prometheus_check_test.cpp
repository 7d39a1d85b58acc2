#include "checks/prometheus_check.hpp"

#include <catch2/catch.hpp>

#include "unit/checks/pods.hpp"

namespace lastgood::checks::test {
namespace {

const std::string address = "http://prometheus:9090";

api::Check check_with(const std::string& query) {
  return {.name = "errors",
          .kind = api::PrometheusCheck{.query = query, .fail_if = api::Comparison{.limit = 0.05}}};
}

const codec::QueryVariables web{.namespace_ = "shop", .deployment = "web", .pods = {"web-1"}};

}  // namespace

TEST_CASE("variables_of names the active pods of the revision") {
  api::Deployment deployment;
  deployment.meta.key = {.namespace_ = "shop", .name = "web"};
  const api::Revision revision{.hash = TemplateHash("abc"), .number = 4};
  const std::vector<api::Pod> pods{running("web-1"), terminating(running("web-2"))};
  const codec::QueryVariables found = variables_of(deployment, revision, pods);
  CHECK(found.namespace_ == "shop");
  CHECK(found.deployment == "web");
  CHECK(found.revision == "4");
  CHECK(found.hash == "abc");
  CHECK(found.pods == std::vector<std::string>{"web-1"});
  CHECK(found.baseline_pods.empty());
}

TEST_CASE("plan_prometheus is Unknown without pods, and with an invalid query or no address") {
  const api::Check check = check_with(R"(errors{pod=~"$pods"})");
  CHECK(plan_prometheus(check, {}, address, {}).measurement->reason == api::Reason::NoPodsToProbe);
  CHECK(plan_prometheus(check, web, "", {}).measurement->reason == api::Reason::InvalidCheck);
  CHECK(plan_prometheus(check_with("$pods"), web, address, {}).measurement->reason ==
        api::Reason::InvalidCheck);
}

TEST_CASE("plan_prometheus sends the time of an evaluation in the past, to the millisecond") {
  const api::Check check = check_with(R"(errors{pod=~"$pods"})");
  const Time at{Duration(1'770'000'000'042)};
  CHECK_THAT(plan_prometheus(check, web, address, at).value.body,
             Catch::EndsWith("&time=1770000000.042"));
  CHECK_THAT(plan_prometheus(check, web, address, {}).value.body, !Catch::Contains("&time="));
}

TEST_CASE("plan_prometheus queries the traffic only if the check has a minimum") {
  api::Check check = check_with("errors");
  CHECK_FALSE(plan_prometheus(check, web, address, {}).traffic);
  std::get<api::PrometheusCheck>(check.kind).minimum_traffic =
      api::MinimumTraffic{.query = "requests", .at_least = 1};
  const PrometheusPlan plan = plan_prometheus(check, web, address, {});
  REQUIRE(plan.traffic);
  CHECK_THAT(plan.traffic->body, Catch::Contains("requests"));
}

TEST_CASE("distinguishes_revisions is true for a query with $pods, $revision or $hash") {
  CHECK(distinguishes_revisions(check_with(R"(errors{pod=~"$pods"})")));
  CHECK(distinguishes_revisions(check_with(R"(errors{hash="$hash"})")));
  CHECK_FALSE(distinguishes_revisions(check_with(R"(errors{app="$deployment"})")));
}

TEST_CASE("is_about_all_pods is true when a check does not tell the revisions apart") {
  const auto is_about_all = [](const api::CheckKind& kind) {
    return is_about_all_pods({.name = "c", .kind = kind});
  };
  CHECK(is_about_all(check_with("errors").kind));
  CHECK_FALSE(is_about_all(check_with(R"(errors{pod=~"$pods"})").kind));
  CHECK(is_about_all(api::AlertCheck{.alert = "A", .match_labels = {{"app", "web"}}}));
  CHECK(is_about_all(api::PrometheusRuleCheck{.alert = "A", .match_labels = {{"app", "web"}}}));
  CHECK_FALSE(is_about_all(api::AlertCheck{.alert = "A"}));
  CHECK_FALSE(is_about_all(api::PrometheusRuleCheck{.alert = "A"}));
  CHECK(is_about_all(api::ExternalMetricCheck{}));
  CHECK_FALSE(is_about_all(api::HttpCheck{}));
}

}  // namespace lastgood::checks::test
