#include "codec/promql_expression.hpp"

#include <catch2/catch.hpp>

namespace lastgood::codec::test {
namespace {

PromqlExpression read(const std::string& text) {
  const auto found = read_expression(text);
  REQUIRE(found);
  return *found;
}

}  // namespace

TEST_CASE("may_have_label is false when every selector has lost the label") {
  struct Row {
    const char* text;
    bool pod;
    bool app;
  };
  const Row row = GENERATE(values<Row>({
      {R"(rate(http_requests_total{status=~"5.."}[5m]) > 0.1)", true, true},
      {"sum(rate(x[5m])) > 0.1", false, false},
      {"sum by (app) (rate(x[5m])) > 0.1", false, true},
      {"sum(rate(x[5m])) by (app) > 0.1", false, true},
      {"sum without (pod) (rate(x[5m])) > 0.1", false, true},
      {"sum by (app, pod) (x) / sum by (app, pod) (y) > 0.1", true, true},
      {"max by (app) (sum by (app, pod) (x)) > 0.1", false, true},
      {"topk(3, x) > 0.1", true, true},
      {"rate(x[5m]) > 3 * scalar(avg(rate(x[5m])))", true, true},
      {"x / on (app) y > 0.1", false, true},
      {"x / ignoring (pod) y > 0.1", false, true},
      {"x > on (app) y", false, true},
      {"x > bool on (app) y", false, true},
      {"x and on (app) y", true, true},
      {"x unless on (app) y", true, true},
      {"x * on (app) group_left (team) y", true, true},
      {"(x / on (app) y) > 0.1 or z", true, true},
      {R"(label_replace(sum(x), "pod", "web", "", "") > 0.1)", true, true},
      {"vector(1)", true, true},
      {"sum > 1", true, true},
  }));
  INFO(row.text);
  const PromqlExpression expression = read(row.text);
  CHECK(may_have_label(expression, "pod") == row.pod);
  CHECK(may_have_label(expression, "app") == row.app);
}

TEST_CASE("read_expression fails when a bracket or a string has no end, or a wrong one") {
  const char* const text = GENERATE(as<const char*>(), "sum(x", "x)", "x{a=\"b}", "x{a='b\\'}", "{",
                                    "x[5m", "`a", "(x]", "x[5m)", "sum(x{a=\"b\")}", "a) or (b");
  INFO(text);
  REQUIRE_FALSE(read_expression(text));
  CHECK(read_expression(text).error().kind == ErrorKind::BadInput);
}

TEST_CASE("read_expression bounds the number of selectors") {
  std::string text = "x";
  for (std::size_t i = 0; i < PromqlExpression::max_selectors; ++i) text += " + x";
  REQUIRE_FALSE(read_expression(text));
  CHECK(read_expression(text).error().kind == ErrorKind::TooLarge);
}

}  // namespace lastgood::codec::test
