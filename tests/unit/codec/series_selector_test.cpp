#include "codec/series_selector.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

namespace lastgood::codec::test {

namespace {

const std::vector<LabelView> labels{{"code", "503"}, {"method", "GET"}, {"path", "/a\n\"b\"\\"}};

SeriesSelector selector(std::string_view text) {
  auto out = SeriesSelector::parse(text);
  INFO((out ? std::string() : out.error().message));
  REQUIRE(out);
  return *std::move(out);
}

}  // namespace

TEST_CASE("SeriesSelector matches as a selector of PromQL does") {
  struct Row {
    std::string_view text;
    bool matches;
  };
  const auto row = GENERATE(values<Row>({
      {"x", true},
      {"x{}", true},
      {" x { } ", true},
      {R"(x{code="503"})", true},
      {R"(x{code="503",})", true},
      {R"(x{code='503', method="GET"})", true},
      {R"(x{code="503",method="PUT"})", false},
      {R"(x{code!="503"})", false},
      {R"(x{code=~"5.."})", true},
      {R"(x{code=~"5."})", false},  // anchored at the end
      {R"(x{code=~"03"})", false},  // anchored at the beginning
      {R"(x{code=~"4..|5.."})", true},
      {R"(x{code!~"5.."})", false},
      {R"(x{code !~ "4.."})", true},
      {R"(x{other=""})", true},  // a missing label is empty
      {R"(x{other!=""})", false},
      {R"(x{other!="a"})", true},
      {R"(x{other=~".*"})", true},
      {R"(x{other=~".+"})", false},
      {R"(x{path="/a\n\"b\"\\"})", true},
      {"x{path=~`/a.\"b\"\\\\`}", true},  // "." matches a newline
      {R"(x{code="503",code=~"5.."})", true},
  }));
  INFO(row.text);
  CHECK(selector(row.text).matches(labels) == row.matches);
  CHECK(selector(row.text).name() == "x");
}

TEST_CASE("SeriesSelector rejects a text that is not a selector") {
  struct Row {
    std::string text;
    std::string_view problem;
  };
  const auto row = GENERATE(values<Row>({
      {"", "must begin with the name of a metric, such as http_requests_total"},
      {"{a=\"b\"}", "must begin with the name of a metric, such as http_requests_total"},
      {"1x", "must begin with the name of a metric, such as http_requests_total"},
      {"x-y", "must end after the name or go on with {"},
      {"rate(x)", "must end after the name or go on with {"},
      {"x{", "needs the name of a label before each operator"},
      {"x{,}", "needs the name of a label before each operator"},
      {"x{1=\"\"}", "needs the name of a label before each operator"},
      {"x{a}", "needs one of = != =~ !~ after each label, such as code=~\"5..\""},
      {"x{a==\"b\"}", "needs a value in quotes after each operator"},
      {"x{a=b}", "needs a value in quotes after each operator"},
      {"x{a=\"b}", "has a value whose closing quote is missing"},
      {"x{a=\"\\x41\"}", "may have only the escape sequences \\\\ \\\" \\' \\n \\r \\t"},
      {"x{a=\"b\" c=\"d\"}", "needs a comma or } after each matcher"},
      {"x{a=\"b\"}[5m]", "must end with }: a range, an offset or a function is not allowed"},
      {"x{a=\"b\"} offset 5m", "must end with }: a range, an offset or a function is not allowed"},
  }));
  const auto parsed = SeriesSelector::parse(row.text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().kind == ErrorKind::BadInput);
  CHECK(parsed.error().message.ends_with(row.problem));
}

TEST_CASE("SeriesSelector says why a regular expression is not valid") {
  const auto parsed = SeriesSelector::parse(R"(x{code=~"5(."})");
  REQUIRE_FALSE(parsed);
  CHECK(
      parsed.error().message.contains("has the regular expression \"5(.\", which is not valid: "));
}

TEST_CASE("SeriesSelector limits its size and that of its expressions") {
  CHECK_FALSE(SeriesSelector::parse(std::string(SeriesSelector::max_size + 1, 'x')));
  CHECK_FALSE(SeriesSelector::parse(
      "x{a=~\"" + std::string(SeriesSelector::max_expression_size + 1, 'a') + "\"}"));
  CHECK_FALSE(SeriesSelector::parse(R"(x{a=~"((a{100}){100}){100}"})"));
  std::string many = "x{";
  for (std::size_t i = 0; i <= SeriesSelector::max_matchers; ++i) many += "a=\"\",";
  CHECK_FALSE(SeriesSelector::parse(many + "}"));
}

TEST_CASE("SeriesSelector matches a hostile value in linear time") {
  const std::string value = std::string(60'000, 'a') + "b";
  const std::vector<LabelView> long_label{{"a", value}};
  CHECK_FALSE(selector(R"(x{a=~"(a*)*(a|aa)*c"})").matches(long_label));
}

TEST_CASE("SeriesSelector says whether a series has each label of the selector") {
  CHECK(selector("x").has_each_label(labels));
  CHECK(selector(R"(x{code="200"})").has_each_label(labels));
  CHECK_FALSE(selector(R"(x{cod=~"5.."})").has_each_label(labels));
}

TEST_CASE("SeriesSelector never fails on bytes that are not a selector") {
  CHECK(rc::check([] {
    std::string text = R"(x{code=~"5..",method!="GET"})";
    for (int i = 0; i < 3; ++i)
      text[*rc::gen::inRange<std::size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
    const auto parsed = SeriesSelector::parse(text);
    if (parsed) (void)parsed->matches(labels);
    RC_ASSERT(parsed || !parsed.error().message.empty());
  }));
}

}  // namespace lastgood::codec::test
