#include "codec/prometheus_rule.hpp"

#include <catch2/catch.hpp>

namespace lastgood::codec::test {
namespace {

std::vector<PrometheusRuleEntry> entries_of(const std::string& groups) {
  const auto found = parse_prometheus_rule(*parse_json(R"({"spec":{"groups":)" + groups + "}}"));
  REQUIRE(found);
  return *found;
}

PrometheusRuleEntry entry_of(const std::string& rule) {
  const auto entries = entries_of(R"([{"name":"web","rules":[)" + rule + "]}]");
  REQUIRE(entries.size() == 1);
  return entries.front();
}

}  // namespace

TEST_CASE("parse_prometheus_rule reads alerting and recording rules of all groups") {
  const auto entries = entries_of(R"j([
    {"name":"web","interval":"30s","rules":[
      {"alert":"HighErrorRate","expr":"rate(http_requests_total{status=~\"5..\"}[5m]) > 0.1",
       "for":"2m","labels":{"severity":"critical"},"annotations":{"summary":"x"}},
      {"record":"job:errors:rate5m","expr":"sum(rate(errors[5m]))"}]},
    {"name":"other","rules":[{"alert":"One","expr":1}]},
    {"name":"empty"}])j");
  REQUIRE(entries.size() == 3);
  CHECK(entries[0] ==
        PrometheusRuleEntry{.group = "web",
                            .alert = "HighErrorRate",
                            .expression = R"(rate(http_requests_total{status=~"5.."}[5m]) > 0.1)",
                            .hold = std::chrono::minutes(2),
                            .labels = {{"severity", "critical"}}});
  CHECK(entries[1] == PrometheusRuleEntry{.group = "web",
                                          .record = "job:errors:rate5m",
                                          .expression = "sum(rate(errors[5m]))"});
  CHECK(entries[2] == PrometheusRuleEntry{.group = "other", .alert = "One", .expression = "1"});
}

TEST_CASE("parse_prometheus_rule keeps an invalid rule, with its problem") {
  struct Row {
    const char* rule;
    const char* problem;
  };
  const Row row = GENERATE(values<Row>({
      {R"({"expr":"up"})", "it has no name"},
      {R"({"alert":"A","record":"B","expr":"up"})", "it has both an alert and a record"},
      {R"({"alert":"A"})", "expr is missing, or is not a text"},
      {R"({"alert":"A","expr":["up"]})", "expr is missing, or is not a text"},
      {R"({"alert":"A","expr":" "})", "expr is empty"},
      {R"({"alert":"A","expr":"a) or (b"})", "expr: a bracket has no end, or a wrong one"},
      {R"({"alert":"A","expr":"up","for":"2 min"})",
       R"(for: "2 min" is not a duration of Prometheus, such as "2m" or "1h30m")"},
      {R"({"alert":"A","expr":"up","for":2})", "for is not a text"},
      {R"({"alert":"A","expr":"up","labels":{"a":1}})",
       R"(the label "a" is not a text, or is too long)"},
  }));
  CHECK(entry_of(row.rule).problem == row.problem);
}

TEST_CASE("parse_prometheus_rule bounds the expression, the labels and the number of rules") {
  const std::string large(max_expression_size + 1, 'x');
  CHECK(entry_of(R"({"alert":"A","expr":")" + large + R"("})").problem ==
        "expr is larger than 32 KiB");
  std::string labels;
  for (std::size_t i = 0; i <= max_rule_labels; ++i)
    labels += (i ? ",\"l" : "\"l") + std::to_string(i) + R"(":"x")";
  CHECK(entry_of(R"({"alert":"A","expr":"up","labels":{)" + labels + "}}").problem ==
        "it has more than 64 labels");
  std::string rules = "{}";
  for (std::size_t i = 0; i < max_rules; ++i) rules += ",{}";
  const auto found = parse_prometheus_rule(
      *parse_json(R"({"spec":{"groups":[{"name":"a","rules":[)" + rules + "]}]}}"));
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == ErrorKind::TooLarge);
}

TEST_CASE("parse_prometheus_rule fails when the object has another form") {
  const char* const text =
      GENERATE(as<const char*>(), "{}", "[]", R"({"spec":{"groups":{}}})",
               R"({"spec":{"groups":[{"name":"a","rules":"x"}]}})", R"({"spec":"x"})");
  INFO(text);
  const auto found = parse_prometheus_rule(*parse_json(text));
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == ErrorKind::Protocol);
  CHECK(parse_prometheus_rule(*parse_json(R"({"spec":{}})"))->empty());
}

TEST_CASE("parse_prometheus_duration reads the units of Prometheus in their order") {
  using namespace std::chrono_literals;
  struct Row {
    const char* text;
    Duration expected;
  };
  const Row row = GENERATE(values<Row>({{"0", 0s},
                                        {"0s", 0s},
                                        {"2m", 2min},
                                        {"1h30m", 90min},
                                        {"1d", 24h},
                                        {"1w", 168h},
                                        {"1y", 365 * 24h},
                                        {"1h500ms", 1h + 500ms},
                                        {"1m30s5ms", 90s + 5ms}}));
  INFO(row.text);
  REQUIRE(parse_prometheus_duration(row.text));
  CHECK(*parse_prometheus_duration(row.text) == row.expected);
}

TEST_CASE("parse_prometheus_duration rejects every other text") {
  const char* const text = GENERATE(as<const char*>(), "", "2", "m", "1.5m", "-1m", "1m1h", "1m1m",
                                    "2 m", "1M", "11y", "99999999999ms", "00", "9y300d300d");
  INFO(text);
  REQUIRE_FALSE(parse_prometheus_duration(text));
  CHECK(parse_prometheus_duration(text).error().kind == ErrorKind::BadInput);
}

}  // namespace lastgood::codec::test
