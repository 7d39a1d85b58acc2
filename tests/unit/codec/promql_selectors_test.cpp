#include "codec/promql_selectors.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "codec/promql.hpp"

using namespace lastgood;
using namespace lastgood::codec;

namespace {

// "a{x="1"}[5m] b{}": the selectors of the query, or the message of the error.
std::string shown(std::string_view query) {
  const auto selectors = vector_selectors(query);
  if (!selectors) return "error: " + selectors.error().message;
  std::string text;
  for (const VectorSelector& one : *selectors) {
    std::string matchers;
    for (const LabelMatcher& matcher : one.matchers) {
      matchers += matchers.empty() ? "" : ",";
      matchers += fmt::format("{}{}{}", matcher.label, to_string(matcher.operation), matcher.value);
    }
    text += fmt::format("{}{}{{{}}}", text.empty() ? "" : " ", one.metric, matchers);
    if (!one.range.empty()) text += "[" + one.range + "]";
  }
  return text;
}

std::string presence_of(std::string_view query) {
  const std::vector<LabelMatcher> pods = {
      {.label = "namespace", .operation = MatchOperator::Equal, .value = "\"shop\""},
      {.label = "pod", .operation = MatchOperator::Matches, .value = "\"a|b\""}};
  return presence_query(vector_selectors(query).value(), pods);
}

}  // namespace

TEST_CASE("vector_selectors finds each metric with its label matchers as written") {
  struct Row {
    const char* query;
    const char* selectors;
  };
  const Row rows[] = {
      {"up", "up{}"},
      {" up # up down\n", "up{}"},
      {"up{}", "up{}"},
      {R"(up { job = "a b" , x!~'y\'}' , } )", R"(up{job="a b",x!~'y\'}'})"},
      {R"(up{job="x # y"} # z)", R"(up{job="x # y"})"},
      {R"({__name__=~"a|b",c!="d"})", R"({__name__=~"a|b",c!="d"})"},
      {R"({"my.metric", "my.label"="x"})", R"("my.metric"{"my.label"="x"})"},
      {R"(x{a=`b\`})", R"(x{a=`b\`})"},
      {"rate(a[5m])", "a{}[5m]"},
      {"rate(a{b=\"c\"}[ 5m ] offset 1h)", "a{b=\"c\"}[5m]"},
      {"rate(a[5m] offset -1h30m) / b offset 5m", "a{}[5m] b{}"},
      {"a[5m:1m]", "a{}"},
      {"max_over_time(rate(a[5m])[1h:1m])", "a{}[5m]"},
      {"max_over_time((a + b)[1h:])", "a{} b{}"},
      {"rate(a[1m] anchored) + b smoothed", "a{}[1m] b{}"},
      {"a @ 1609746000 + b @ start() + c @ end()", "a{} b{} c{}"},
      {"sum(a) by (pod, app) / b", "a{} b{}"},
      {"sum by (pod) (a) / SUM WITHOUT(x) (b)", "a{} b{}"},
      {"sum(a) by (pod) and sum(b) by (pod) unless c", "a{} b{} c{}"},
      {"sum by (\"my.label\") (a)", "a{}"},
      {"a / on(pod, x) group_left(y) b", "a{} b{}"},
      {"a / on (pod) group_left b", "a{} b{}"},
      {"a AND ON(pod) b or ignoring(x) c", "a{} b{} c{}"},
      {"a > bool 0.5 and b == Bool 1e3", "a{} b{}"},
      {"a > +Inf or b < -NaN", "a{} b{}"},
      {"topk(5, a) + quantile(0.9, b) + 0x1F + .5", "a{} b{}"},
      {"label_replace(a, \"dst\", \"$1\", \"src\", \"(.*)\")", "a{}"},
      {"-a ^ b % c atan2 d", "a{} b{} c{} d{}"},
      {"job:errors:rate5m > 1", "job:errors:rate5m{}"},
      {"sum", "sum{}"},
      {"sum_x{a=\"b\"} * by_x", "sum_x{a=\"b\"} by_x{}"},
      {"time() - process_start_time_seconds", "process_start_time_seconds{}"},
      {"vector(1)", ""},
      {"", ""},
      {"a + a", "a{} a{}"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.query);
    CHECK(shown(row.query) == row.selectors);
  }
}

TEST_CASE("vector_selectors reports where a query cannot be read") {
  CHECK(shown("a{") ==
        "error: at character 2: \"{\" without an end, or an invalid label matcher "
        "after it");
  CHECK(shown("a{b") == "error: at character 3: an invalid label matcher begins");
  CHECK(shown("a{b=c}") == "error: at character 3: an invalid label matcher begins");
  CHECK(shown("a{=\"c\"}") == "error: at character 3: an invalid label matcher begins");
  CHECK(shown("a{b=\"c}") == "error: at character 5: a string without an end begins");
  CHECK(shown("a{b=\"c\\") == "error: at character 5: a string without an end begins");
  CHECK(shown("a{b=\"c\" d=\"e\"}").starts_with("error: at character 2:"));
  CHECK(shown("a[5m") == "error: at character 2: \"[\" without an end");
}

TEST_CASE("vector_selectors is bounded for hostile queries") {
  std::string selectors;
  for (std::size_t i = 0; i <= max_selectors; ++i) selectors += "a+";
  CHECK(shown(selectors).contains("more than 64 selectors"));
  std::string matchers = "a{";
  for (std::size_t i = 0; i <= max_matchers; ++i) matchers += "b=\"c\",";
  CHECK(shown(matchers + "}").contains("more than 64 label matchers"));
  CHECK(shown(std::string(max_bound_query_size + 1, 'a')).contains("65537 bytes"));
  CHECK(shown(std::string(max_bound_query_size, '(')).empty());
}

TEST_CASE("vector_selectors ends for every prefix and for every mutation of a query") {
  const std::string query = R"(sum by (a,"b") (rate(x{y=~"z\"",w='v'}[5m:1m] offset -5m)) )"
                            "# c\n / on(q) group_left(`r`) {\"my.m\",s!=`t`} @ end() > bool 1e3";
  for (std::size_t size = 0; size <= query.size(); ++size) {
    const std::string prefix = query.substr(0, size);
    static_cast<void>(vector_selectors(prefix));
    for (const char c : std::string_view("(){}[]\"'`\\#,$=a0 \n\0\xff", 20)) {
      const auto selectors = vector_selectors(prefix + c);
      if (selectors) CHECK(selectors->size() <= 4);
      static_cast<void>(vector_selectors(prefix + c + query.substr(size)));
    }
  }
}

TEST_CASE("presence_query counts the series of each metric that have the labels of the pods") {
  CHECK(presence_of(R"(rate(a{code="500",pod="x"}[5m]) / b)") ==
        R"((count(a{namespace="shop",pod=~"a|b"}) or vector(0)) + )"
        R"((count(b{namespace="shop",pod=~"a|b"}) or vector(0)))");
  CHECK(presence_of("a + a{x=\"1\"}") == R"((count(a{namespace="shop",pod=~"a|b"}) or vector(0)))");
  CHECK(presence_of(R"({__name__=~"a|b",c="d"})") ==
        R"((count({__name__=~"a|b",namespace="shop",pod=~"a|b"}) or vector(0)))");
  CHECK(presence_of(R"({"my.metric"})") ==
        R"((count({"my.metric",namespace="shop",pod=~"a|b"}) or vector(0)))");
  CHECK(presence_of("vector(1)").empty());
  CHECK(presence_of(R"({job="x"} or {__name__!="a"})").empty());
}

TEST_CASE("metrics_of has each metric once, with the range of a selector that has one") {
  const auto metrics =
      metrics_of(vector_selectors("a{x=\"1\"} + rate(a[5m]) + rate(b[1m])").value());
  REQUIRE(metrics.size() == 2);
  CHECK(metrics[0] == VectorSelector{.metric = "a", .range = "5m"});
  CHECK(metrics[1] == VectorSelector{.metric = "b", .range = "1m"});
  CHECK(series_of(metrics[0], {}) == "a");
}
