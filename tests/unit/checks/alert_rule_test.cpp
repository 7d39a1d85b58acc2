#include "checks/alert_rule.hpp"

#include <catch2/catch.hpp>

#include "codec/errors.hpp"
#include "support/printers.hpp"

namespace lastgood::checks::test {
namespace {

using api::Reason;

const Key key{.namespace_ = "monitoring", .name = "web-rules"};
const api::PrometheusRuleCheck check{
    .rule_namespace = "monitoring", .rule = "web-rules", .alert = "HighErrorRate"};

RulesOfObject object_with(const std::string& rules) {
  return codec::parse_prometheus_rule(
      *codec::parse_json(R"({"spec":{"groups":[{"name":"web","rules":[)" + rules + "]}]}}"));
}

const std::string warning = R"({"alert":"HighErrorRate","expr":"x > 1","labels":{"severity":"w"}})";
const std::string critical =
    R"({"alert":"HighErrorRate","expr":"x > 2","for":"2m","labels":{"severity":"c"}})";

MissingValue missing(const RulesOfObject& object, const api::StringMap& labels = {}) {
  const auto found = read_alert_rule(check, key, object, {.match_labels = labels});
  REQUIRE_FALSE(found);
  return found.error();
}

RulesOfObject response(int status, const std::string& body) {
  return std::unexpected(codec::status_error(status, body));
}

}  // namespace

TEST_CASE("rule_key has the namespace of the policy by default") {
  CHECK(rule_key(check, "shop") == key);
  CHECK(rule_key({.rule = "r"}, "shop") == Key{.namespace_ = "shop", .name = "r"});
}

TEST_CASE("read_alert_rule reads the expression and for of the named alert") {
  const auto found =
      read_alert_rule(check, key, object_with(R"({"record":"a","expr":"b"},)" + critical), {});
  REQUIRE(found);
  CHECK(*found == AlertRule{.expression = "x > 2", .hold = std::chrono::minutes(2)});
  CHECK(query_of(*found).value == "(\nx > 2\n)");
}

TEST_CASE("read_alert_rule selects one of several rules by the labels of the rule") {
  const auto object = object_with(warning + "," + critical);
  CHECK(missing(object).reason == Reason::InvalidCheck);
  CHECK(missing(object).message ==
        R"(the PrometheusRule monitoring/web-rules has 2 different alerts "HighErrorRate", in the )"
        R"(groups "web", "web"; select one with a label of the rule in matchLabels, such as )"
        "severity");
  const auto found = read_alert_rule(check, key, object, {.match_labels = {{"severity", "c"}}});
  REQUIRE(found);
  CHECK(found->expression == "x > 2");
  CHECK(found->placement.match_labels.empty());
  CHECK(read_alert_rule(check, key, object_with(critical + "," + critical), {}));
  CHECK(missing(object, {{"severity", "x"}}).reason == Reason::AlertNotFound);
}

TEST_CASE("read_alert_rule has a reason and a message for each rule that it cannot read") {
  struct Row {
    const char* name;
    RulesOfObject object;
    Reason reason;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {"no object",
       response(404, R"({"kind":"Status","code":404,"message":"not found","details":{"kind":)"
                     R"("prometheusrules","group":"monitoring.coreos.com","name":"web-rules"}})"),
       Reason::RuleNotFound,
       "the PrometheusRule monitoring/web-rules does not exist; correct the name or the namespace "
       "in the check"},
      {"the cluster does not have the kind", response(404, "404 page not found\n"),
       Reason::RuleKindMissing,
       "the cluster has no kind PrometheusRule (monitoring.coreos.com/v1); install the CRDs of the "
       "Prometheus Operator, or use a check of kind prometheus"},
      {"forbidden", response(403, "may not get"), Reason::RuleUnreadable,
       "the PrometheusRule monitoring/web-rules cannot be read: may not get; check "
       "that prometheusRules.enabled of the chart is true, and that watch.namespaces contains this "
       "namespace"},
      {"a failing server", response(500, "etcd"), Reason::RuleUnreadable,
       "the PrometheusRule monitoring/web-rules cannot be read: etcd"},
      {"an object without a spec", codec::parse_prometheus_rule(codec::Json::object()),
       Reason::RuleUnreadable,
       "the PrometheusRule monitoring/web-rules cannot be read: the object has no spec"},
      {"a renamed alert", object_with(R"({"alert":"HighErrorRatio","expr":"x"})"),
       Reason::AlertNotFound,
       R"(the PrometheusRule monitoring/web-rules has no alert "HighErrorRate"; its most similar )"
       R"(alert is "HighErrorRatio")"},
      {"no alerts", object_with(""), Reason::AlertNotFound,
       R"(the PrometheusRule monitoring/web-rules has no alert "HighErrorRate"; it has no alerts)"},
      {"a recording rule", object_with(R"({"record":"HighErrorRate","expr":"x"})"),
       Reason::RecordingRule,
       R"("HighErrorRate" in the PrometheusRule monitoring/web-rules is a recording rule, which )"
       "has no alert; name an alerting rule, or use a check of kind prometheus"},
      {"a rule with an invalid duration",
       object_with(R"({"alert":"HighErrorRate","expr":"x","for":"x"})"), Reason::InvalidCheck,
       R"(the alert "HighErrorRate" of the PrometheusRule monitoring/web-rules cannot be )"
       R"(evaluated: for: "x" is not a duration of Prometheus, such as "2m" or "1h30m")"},
  }));
  INFO(row.name);
  CHECK(missing(row.object).reason == row.reason);
  CHECK(missing(row.object).message == row.message);
}

TEST_CASE(
    "read_alert_rule is InvalidCheck when matchLabels names a label whose value is a template") {
  const auto object =
      object_with(R"({"alert":"HighErrorRate","expr":"x","labels":{"app":"{{ $labels.a }}"}})");
  CHECK(missing(object, {{"app", "web"}}).reason == Reason::InvalidCheck);
  CHECK(read_alert_rule(check, key, object, {}));
}

}  // namespace lastgood::checks::test
