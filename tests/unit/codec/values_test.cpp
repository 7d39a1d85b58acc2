#include "codec/values.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace lastgood;
using namespace lastgood::api;
using namespace lastgood::codec;
using namespace std::chrono_literals;

TEST_CASE("parse_http_url splits a URL into its parts") {
  struct Row {
    const char* text;
    HttpUrl url;
  };
  const Row row = GENERATE(values<Row>({
      {"http://myapp:8080/health",
       {.tls = false, .host = "myapp", .port = 8080, .target = "/health"}},
      {"http://myapp", {.tls = false, .host = "myapp", .port = 80, .target = "/"}},
      {"https://myapp/", {.tls = true, .host = "myapp", .port = 443, .target = "/"}},
      {"HTTP://MyApp.Shop.svc/Health",
       {.tls = false, .host = "myapp.shop.svc", .port = 80, .target = "/Health"}},
      {"http://10.0.0.1:1?x=1", {.tls = false, .host = "10.0.0.1", .port = 1, .target = "/?x=1"}},
      {"http://[fd00::1]:65535/a?b=c#d",
       {.tls = false, .host = "fd00::1", .port = 65535, .target = "/a?b=c"}},
      {"https://[::1]", {.tls = true, .host = "::1", .port = 443, .target = "/"}},
      {"http://a/b@c", {.tls = false, .host = "a", .port = 80, .target = "/b@c"}},
      {"http://a#frag", {.tls = false, .host = "a", .port = 80, .target = "/"}},
  }));
  INFO(row.text);
  const auto url = parse_http_url(row.text);
  REQUIRE(url);
  CHECK(*url == row.url);
}

TEST_CASE("parse_http_url reports why a URL is not valid") {
  struct Row {
    const char* text;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {"", R"("" is empty; use a URL such as "http://myapp:8080/health")"},
      {"myapp:8080/health",
       R"("myapp:8080/health" must begin with http:// or https://, such as "http://myapp:8080/health")"},
      {"ftp://myapp/",
       R"("ftp://myapp/" must begin with http:// or https://, such as "http://myapp:8080/health")"},
      {"http:/myapp",
       R"("http:/myapp" must begin with http:// or https://, such as "http://myapp:8080/health")"},
      {"http://", R"("http://" has no host; use a URL such as "http://myapp:8080/health")"},
      {"http://:80/", R"("http://:80/" has no host; use a URL such as "http://myapp:8080/health")"},
      {"http://me:secret@myapp/",
       R"("http://me:secret@myapp/" must not contain a user or password)"},
      {"http://my app/",
       R"("http://my app/" contains a space or another character that a URL cannot have)"},
      {"http://myapp/\r\nHost: x",
       R"("http://myapp/\r\nHost: x" contains a space or another character that a URL cannot have)"},
      {"http://my%20app/", R"("http://my%20app/" has an invalid host: "my%20app")"},
      {"http://[::1/", R"("http://[::1/" has an invalid host: "[::1")"},
      {"http://[myapp]/", R"("http://[myapp]/" has an invalid host: "[myapp]")"},
      {"http://myapp:0/",
       R"("http://myapp:0/" has the port "0", which is not a whole number from 1 to 65535)"},
      {"http://myapp:65536/",
       R"("http://myapp:65536/" has the port "65536", which is not a whole number from 1 to 65535)"},
      {"http://myapp:/",
       R"("http://myapp:/" has the port "", which is not a whole number from 1 to 65535)"},
      {"http://myapp:8o8o/",
       R"("http://myapp:8o8o/" has the port "8o8o", which is not a whole number from 1 to 65535)"},
  }));
  const auto url = parse_http_url(row.text);
  REQUIRE_FALSE(url);
  CHECK(url.error().kind == ErrorKind::BadInput);
  CHECK(url.error().message == row.message);
}

TEST_CASE("parse_http_url limits the size of the error message") {
  const auto url = parse_http_url("http://" + std::string(1'000'000, 'x'));
  REQUIRE_FALSE(url);
  CHECK(url.error().message.size() < 256);
}

TEST_CASE("reads and writes a list of status codes, and rejects an invalid list") {
  using Ranges = std::vector<StatusRange>;
  CHECK(parse_status_ranges("200-399") == Ranges{{200, 399}});
  CHECK(parse_status_ranges("200") == Ranges{{200, 200}});
  CHECK(parse_status_ranges("200, 204,300-399") == Ranges{{200, 200}, {204, 204}, {300, 399}});
  CHECK(format_status_ranges({{200, 200}, {204, 204}, {300, 399}}) == "200,204,300-399");
  const auto* invalid =
      GENERATE("", "ok", "99", "600", "200-", "-200", "399-200", "200,,204", "200-300-400", "2xx",
               "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17",
               "200,200,200,200,200,200,200,200,200,200,200,200,200,200,200,200,200");
  INFO(invalid);
  CHECK(parse_status_ranges(invalid).error().message.ends_with(
      R"( is not a list of at most 16 status codes or ranges from 100 to 599, such as "200-399" or "200,204")"));
}

TEST_CASE("rejects percentages, numbers and durations that are badly formed or out of bounds") {
  CHECK(parse_percent("0%") == 0);
  CHECK(parse_percent("99%") == 99);
  const auto* invalid = GENERATE("", "25", "100%", "-1%", "%", "2 5%", "0.5%");
  CHECK(parse_percent(invalid).error().message.ends_with(
      R"( is not a percentage from 0% to 99%, such as "25%")"));
  CHECK(parse_whole("7", 1, 100) == 7);
  CHECK_FALSE(parse_whole("+7", 1, 100));
  CHECK_FALSE(parse_whole("99999999999999999999", 1, 100));
  CHECK(parse_duration_within("1s", 1s, 1h) == Duration{1s});
  CHECK(parse_duration_within("1h1s", 1s, 1h).error().message ==
        R"("1h1s" is not between 1s and 1h)");
}

TEST_CASE("parse_comparison reads an operator and a number, and to_string writes them") {
  using enum Comparison::Operator;
  struct Row {
    const char* text;
    Comparison rule;
    const char* written;
  };
  const Row row = GENERATE(values<Row>({
      {"> 0.05", {Greater, 0.05}, "> 0.05"},
      {">0.05", {Greater, 0.05}, "> 0.05"},
      {" >=  100000 ", {GreaterOrEqual, 100000}, ">= 100000"},
      {"< -1.5", {Less, -1.5}, "< -1.5"},
      {"<=1e-5", {LessOrEqual, 0.00001}, "<= 1e-05"},
      {"== 0", {Equal, 0}, "== 0"},
      {"!= 1E3", {NotEqual, 1000}, "!= 1000"},
      {"> 0.1000000000000000055511151231257827", {Greater, 0.1}, "> 0.1"},
  }));
  INFO(row.text);
  const auto rule = parse_comparison(row.text);
  REQUIRE(rule);
  CHECK(rule->operation == row.rule.operation);
  CHECK(rule->limit == row.rule.limit);
  CHECK(to_string(*rule) == row.written);
  CHECK(parse_comparison(to_string(*rule)).value() == *rule);
}

TEST_CASE("parse_comparison rejects a text that is not an operator and a finite number") {
  const auto* invalid =
      GENERATE("", ">", "0.05", "= 5", "=> 5", "> > 5", "> 5%", "> 0,05", "> +5", "> 0x10", "> NaN",
               "> +Inf", "> inf", "> 1e999", "> 5 5", "above 5", "<> 5", "! 5");
  INFO(invalid);
  const auto rule = parse_comparison(invalid);
  REQUIRE_FALSE(rule);
  CHECK(rule.error().kind == ErrorKind::BadInput);
  CHECK(rule.error().message.ends_with(
      R"( is not one of > >= < <= == != and a number, such as "> 0.05")"));
}

TEST_CASE("parse_number reads the numbers of Prometheus, and format_number writes them") {
  CHECK(parse_number("1185") == 1185.0);
  CHECK(parse_number("0.19999999999999998") == 0.19999999999999998);
  CHECK(parse_number("0.00001234") == 0.00001234);
  CHECK(parse_number("1" + std::string(301, '0')) == 1e301);
  CHECK(std::isnan(parse_number("NaN").value()));
  CHECK(parse_number("+Inf") == std::numeric_limits<double>::infinity());
  CHECK(parse_number("-Inf") == -std::numeric_limits<double>::infinity());
  const auto* invalid = GENERATE("", " 1", "1 ", "+1", "nan", "nan(x)", "inf", "-infinity", "0x1p3",
                                 "1e999", "1e-999", "1,5", "one");
  INFO(invalid);
  CHECK_FALSE(parse_number(invalid));
  for (const char* text : {"0.2", "1e-05", "-3", "100000", "1e+300", "NaN", "+Inf", "-Inf"})
    CHECK(format_number(parse_number(text).value()) == text);
}

TEST_CASE("is_dns_label and is_dns_subdomain accept only valid names of Kubernetes objects") {
  CHECK(is_dns_label("web-2"));
  CHECK(is_dns_subdomain("web.v2"));
  CHECK(is_dns_subdomain(std::string(253, 'a')));
  const auto* invalid = GENERATE("", "-web", "web-", "Web", "we_b", "we b", "a..b", ".a", "a.");
  INFO(invalid);
  CHECK_FALSE(is_dns_label(invalid));
  CHECK_FALSE(is_dns_subdomain(invalid));
  CHECK_FALSE(is_dns_label("web.v2"));
  CHECK_FALSE(is_dns_label(std::string(64, 'a')));
  CHECK_FALSE(is_dns_subdomain(std::string(254, 'a')));
}
