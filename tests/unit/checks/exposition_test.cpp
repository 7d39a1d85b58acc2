#include "checks/exposition.hpp"

#include <fmt/format.h>
#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cmath>

namespace lastgood::checks::test {

namespace {

std::vector<SeriesSelector> selectors(std::initializer_list<std::string_view> texts) {
  std::vector<SeriesSelector> out;
  for (const std::string_view text : texts) out.push_back(SeriesSelector::parse(text).value());
  return out;
}

auto parse(std::string_view body, ExpositionFormat format = ExpositionFormat::Text,
           std::string_view selector = "x") {
  return parse_exposition(body, format, selectors({selector}));
}

Exposition parsed(std::string_view body, ExpositionFormat format = ExpositionFormat::Text,
                  std::string_view selector = "x") {
  auto out = parse(body, format, selector);
  INFO((out ? std::string() : out.error().message));
  REQUIRE(out);
  return *std::move(out);
}

double only_value(std::string_view body, ExpositionFormat format = ExpositionFormat::Text,
                  std::string_view selector = "x") {
  const Exposition out = parsed(body, format, selector);
  REQUIRE(out.series.size() == 1);
  return out.series.front().value;
}

// As the Go library of Prometheus writes it.
constexpr std::string_view go_page = R"(# HELP go_gc_duration_seconds A summary of the pauses.
# TYPE go_gc_duration_seconds summary
go_gc_duration_seconds{quantile="0"} 1.8941e-05
go_gc_duration_seconds_sum 0.001
go_gc_duration_seconds_count 12
# HELP http_requests_total Requests by code.
# TYPE http_requests_total counter
http_requests_total{code="200",method="get"} 1027 1395066363000
http_requests_total{code="500",method="get"} 3
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.79590797583e+09
)";

// From the specification of OpenMetrics.
constexpr std::string_view open_metrics_page = R"(# TYPE foo histogram
foo_bucket{le="0.01"} 0
foo_bucket{le="0.1"} 8 # {} 0.054
foo_bucket{le="1"} 11 # {trace_id="KOO5S4vxi0o"} 0.67
foo_bucket{le="10"} 17 # {trace_id="oHg5SJYRHA0"} 9.8 1520879607.789
foo_bucket{le="+Inf"} 17 1520879607.5
foo_count 17
foo_sum 324789.3
foo_created 1520430000.123
# EOF
)";

}  // namespace

TEST_CASE("parse_exposition keeps only the series that are selected") {
  const auto wanted =
      selectors({"http_requests_total", R"(http_requests_total{code=~"5.."})", "none"});
  const auto page = parse_exposition(go_page, ExpositionFormat::Text, wanted);
  REQUIRE(page);
  REQUIRE(page->series.size() == 2);
  double total = 0;
  double errors = 0;
  for (const ScrapedSeries& one : page->series) {
    CHECK(one.is_selected_by(0));
    CHECK_FALSE(one.is_selected_by(2));
    total += one.value;
    if (one.is_selected_by(1)) errors += one.value;
  }
  CHECK(total == 1030);
  CHECK(errors == 3);
  CHECK(page->uses[0].has_name);
  CHECK_FALSE(page->uses[2].has_name);
}

TEST_CASE("parse_exposition says whether the labels of a selector exist") {
  CHECK(parsed("x{code=\"200\"} 1\n", ExpositionFormat::Text, R"(x{code=~"5.."})")
            .uses[0]
            .has_labels);
  const auto misspelt = parsed("x{code=\"200\"} 1\n", ExpositionFormat::Text, R"(x{cod=~"5.."})");
  CHECK(misspelt.uses[0].has_name);
  CHECK_FALSE(misspelt.uses[0].has_labels);
}

TEST_CASE("parse_exposition reads the bounds of a histogram with exemplars") {
  const Exposition page = parsed(open_metrics_page, ExpositionFormat::OpenMetrics, "foo_bucket");
  REQUIRE(page.series.size() == 5);
  std::vector<std::pair<double, double>> buckets;
  for (const ScrapedSeries& one : page.series) buckets.emplace_back(one.bound, one.value);
  std::ranges::sort(buckets);
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(buckets == std::vector<std::pair<double, double>>{
                       {0.01, 0}, {0.1, 8}, {1, 11}, {10, 17}, {infinity, 17}});
}

TEST_CASE("parse_exposition reads each spelling of a sample") {
  struct Row {
    std::string body;
    double value;
  };
  const auto row = GENERATE(values<Row>({
      {"x 1\n", 1},
      {"x{} 1\n", 1},
      {"\n\n  x\t1\n", 1},
      {"x 1 1395066363000\n", 1},
      {"x 1 -3982045\n", 1},
      {"x{a=\"b\",} 1\n", 1},
      {"x { a = \"b\" , c = \"d\" } 1\n", 1},
      {"x{a=\"}\"} 1\n", 1},
      {"x{a=\" # {\"} 1\n", 1},
      {"x{a=\"\"} 1\n", 1},
      {"x 1.458255915e9\n", 1.458255915e9},
      {"x -1e-05\n", -1e-05},
      {"x +1\n", 1},
      {"x +Inf\n", std::numeric_limits<double>::infinity()},
      {"x Inf\n", std::numeric_limits<double>::infinity()},
      {"x -inf\n", -std::numeric_limits<double>::infinity()},
      {"# EOF\nx 1\n", 1},
      {"y 2\nx 1\nz 3\n", 1},
  }));
  INFO(row.body);
  CHECK(only_value(row.body) == row.value);
}

TEST_CASE("parse_exposition reads NaN") {
  CHECK(std::isnan(only_value("x NaN\n")));
  CHECK(std::isnan(only_value("x nan\n# EOF", ExpositionFormat::OpenMetrics)));
}

TEST_CASE("parse_exposition decodes the escape sequences of label values") {
  const std::string_view line = R"(x{a="C:\\D\n\"E\"\q"} 1)";
  CHECK(only_value(std::string(line) + "\n", ExpositionFormat::Text, R"(x{a="C:\\D\n\"E\"\\q"})") ==
        1);
}

TEST_CASE("parse_exposition gives a series the same id for any order of its labels") {
  const auto id = [](std::string_view body) { return parsed(body).series.front().id; };
  CHECK(id("x{a=\"1\",b=\"2\"} 1\n") == id("x{ b=\"2\", a=\"1\" } 7 5\n"));
  CHECK(id("x{a=\"1\"} 1\n") == id("x{a=\"1\",b=\"\"} 1\n"));
  CHECK(id("x{a=\"1\",b=\"2\"} 1\n") != id("x{a=\"12\"} 1\n"));
  CHECK(id("x{a=\"1\"} 1\n") != id("x{b=\"1\"} 1\n"));
}

TEST_CASE("parse_exposition names the line that is not valid") {
  struct Row {
    std::string body;
    std::string_view problem;
  };
  const auto row = GENERATE(values<Row>({
      {"x 1\n<html>\n", "line 2: \"<html>\" does not begin with a metric name"},
      {"9x 1\n", "line 1: \"9x 1\" does not begin with a metric name"},
      {"y abc\n", "line 1: the value \"abc\" is not a number"},
      {"x\n", "line 1: the value \"\" is not a number"},
      {"x 1e999\n", "line 1: the value \"1e999\" is not a number"},
      {"x 0x10\n", "line 1: the value \"0x10\" is not a number"},
      {"x 1,5\n", "line 1: the value \"1,5\" is not a number"},
      {"x 1 soon\n", "line 1: the timestamp \"soon\" is not a number"},
      {"x 1 2 3\n", "line 1: \"3\" follows the value"},
      {"x 1 # {} 1\n", "line 1: \"# {} 1\" follows the value"},
      {"x{a=\"b\" 1\n", "line 1: a comma or } is missing after a label"},
      {"x{a=\"b} 1\n", "line 1: the closing quote of a label is missing"},
      {"x{a=\"b\\\"} 1\n", "line 1: the closing quote of a label is missing"},
      {"x{a=b} 1\n", "line 1: the value of a label is not in quotes"},
      {"x{a:b=\"c\"} 1\n", "line 1: a label name and = are missing"},
      {"x{,} 1\n", "line 1: a label name and = are missing"},
      {"x{a=\"1\",a=\"2\"} 1\n", "line 1: a label occurs twice"},
      {"x{a=\"1\"} 1\ny 1\nx{a=\"1\"} 2\n", "line 3: the same series is also in line 1"},
      {"x 1\r\n", "line 1: it ends with CR LF; lines must end with LF alone"},
      {"x 1\nx{a=\"b\"} 12",
       "line 2: the line feed at its end is missing, so the page may have been cut"},
  }));
  const auto page = parse(row.body);
  REQUIRE_FALSE(page);
  CHECK(page.error().kind == ExpositionError::Kind::Invalid);
  CHECK(page.error().message == row.problem);
}

TEST_CASE("parse_exposition rejects a page of OpenMetrics without its end") {
  const auto message = [](std::string_view body) {
    const auto page = parse(body, ExpositionFormat::OpenMetrics);
    return page ? std::string("valid") : page.error().message;
  };
  CHECK(message("x 1\n# EOF\n") == "valid");
  CHECK(message("x 1\n# EOF") == "valid");
  CHECK(message("") == "line 0: the last line is not # EOF, so the page was cut");
  CHECK(message("x 1\n") == "line 1: the last line is not # EOF, so the page was cut");
  CHECK(message("x 1\n# EOF\nx 2\n") == "line 2: there is more after # EOF");
  CHECK(message("x 1 # 5\n# EOF\n") == "line 1: the exemplar does not begin with {");
  CHECK(message("x 1 # {a=\"b\"} z\n# EOF\n") == "line 1: the value \"z\" is not a number");
  CHECK(message("x 1 # {} 1 2 3\n# EOF\n") == "line 1: \"2 3\" follows the exemplar");
}

TEST_CASE("parse_exposition accepts an empty page of the text format") {
  CHECK(parsed("").series.empty());
  CHECK(parsed("# nothing\n").series.empty());
}

TEST_CASE("exposition_format reads the content type") {
  using enum ExpositionFormat;
  CHECK(exposition_format("application/openmetrics-text; version=1.0.0; charset=utf-8") ==
        OpenMetrics);
  CHECK(exposition_format("Application/OpenMetrics-Text") == OpenMetrics);
  CHECK(exposition_format("text/plain; version=0.0.4; charset=utf-8") == Text);
  CHECK(exposition_format("text/html") == Text);
  CHECK(exposition_format("") == Text);
}

TEST_CASE("parse_exposition limits the series, the lines and the labels") {
  std::string page;
  for (std::size_t i = 0; i < max_exposition_series; ++i) page += "y{a=\"b\"} 1\n";
  CHECK(parse(page));
  const auto too_many = parse(page + "y 1\n");
  REQUIRE_FALSE(too_many);
  CHECK(too_many.error().kind == ExpositionError::Kind::TooManySeries);
  CHECK(too_many.error().message == "the page has more than 100000 series");

  std::string selected;
  for (std::size_t i = 0; i < max_selected_series; ++i)
    selected += fmt::format("x{{a=\"{}\"}} 1\n", i);
  CHECK(parsed(selected).series.size() == max_selected_series);
  const auto too_many_selected = parse(selected + "x 1\n");
  REQUIRE_FALSE(too_many_selected);
  CHECK(too_many_selected.error().kind == ExpositionError::Kind::TooManySeries);
  CHECK(too_many_selected.error().message == "more than 2000 series of x are selected");

  CHECK_FALSE(parse("# " + std::string(max_exposition_line, 'a') + "\n"));
  std::string labels;
  for (std::size_t i = 0; i < max_series_labels; ++i) labels += fmt::format("a{}=\"b\",", i);
  CHECK(parse("x{" + labels + "} 1\n"));
  CHECK_FALSE(parse("x{" + labels + "z=\"b\"} 1\n"));
  CHECK_FALSE(parse(std::string(max_exposition_size, '\n') + "\n"));
}

TEST_CASE("parse_exposition clips hostile text in its message") {
  const auto page = parse(std::string(60'000, '\x01') + "\n");
  REQUIRE_FALSE(page);
  CHECK(page.error().message.size() <= 300);
}

TEST_CASE("parse_exposition rejects a page that was cut, except a text page cut after a line") {
  CHECK(rc::check([] {
    const bool open_metrics = *rc::gen::arbitrary<bool>();
    const std::string_view body = open_metrics ? open_metrics_page : go_page;
    const auto cut = *rc::gen::inRange<std::size_t>(1, body.size() - 1);
    const auto page = parse(body.substr(0, cut),
                            open_metrics ? ExpositionFormat::OpenMetrics : ExpositionFormat::Text,
                            open_metrics ? "foo_bucket" : "http_requests_total");
    // The text format has no end mark, so a page that was cut after a whole line is valid.
    RC_ASSERT(!page || (!open_metrics && body[cut - 1] == '\n'));
  }));
}

TEST_CASE("parse_exposition reads or rejects any bytes") {
  CHECK(rc::check([] {
    std::string body(*rc::gen::element(go_page, open_metrics_page));
    for (int i = 0; i < 4; ++i)
      body[*rc::gen::inRange<std::size_t>(0, body.size())] = *rc::gen::arbitrary<char>();
    const auto format = *rc::gen::element(ExpositionFormat::Text, ExpositionFormat::OpenMetrics);
    const auto page = parse(body, format, "http_requests_total");
    RC_ASSERT(page || !page.error().message.empty());
    RC_ASSERT(!page || page->series.size() <= 2U);
  }));
}

TEST_CASE("parse_exposition finds a series by a label value with any characters") {
  CHECK(rc::check([] {
    const auto value = *rc::gen::container<std::string>(
        rc::gen::element('a', '"', '\\', '\n', '}', ' ', '#', ','));
    std::string escaped;
    for (const char c : value) {
      if (c == '\n')
        escaped += "\\n";
      else if (c == '"' || c == '\\')
        escaped += std::string("\\") + c;
      else
        escaped += c;
    }
    const std::string body = fmt::format("x{{other=\"{0}\",a=\"{0}\"}} 7\n", escaped);
    const auto page =
        parse_exposition(body, ExpositionFormat::Text, selectors({"x{a=\"" + escaped + "\"}"}));
    RC_ASSERT(page.has_value());
    RC_ASSERT(page->series.size() == 1U);
  }));
}

}  // namespace lastgood::checks::test
