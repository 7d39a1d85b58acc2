// The policy in a ConfigMap: three keys of text, strictly read.
#include "policy/config_map.hpp"

#include <catch2/catch.hpp>

using namespace lastgood;
using namespace std::chrono_literals;

namespace {

api::ConfigMap config_map(api::StringMap data) { return {.data = std::move(data)}; }

// A ConfigMap that is right but for one key; absent: without it.
api::StringMap but(const char* key, std::optional<std::string> value) {
  api::StringMap data = {{"health_check_url", "http://myapp:8080/health"},
                         {"failure_threshold", "3"},
                         {"check_interval", "30s"}};
  data.erase(key);
  if (value) data[key] = *value;
  return data;
}

}  // namespace

TEST_CASE("The three keys make one HTTP check named health, and everything else is the default") {
  const auto spec = policy::spec_of(config_map({{"health_check_url", "http://myapp:8080/health"},
                                                {"failure_threshold", "3"},
                                                {"check_interval", "30s"}}));
  REQUIRE(spec);
  api::PolicySpec expected;
  expected.checks = {
      api::Check{.name = "health",
                 .http = {.target = api::HttpTarget::Url, .url = "http://myapp:8080/health"},
                 .interval = 30s,
                 .failure_threshold = 3}};
  CHECK(*spec == expected);
}

TEST_CASE("A line end after a value, and keys that are someone else's, do no harm") {
  auto data = but("failure_threshold", "5\n");
  data["log_level"] = "debug";
  data["health_check_port"] = "8080";
  const auto spec = policy::spec_of(config_map(data));
  REQUIRE(spec);
  CHECK(spec->checks.at(0).failure_threshold == 5);
}

TEST_CASE("A timeout is never longer than the interval") {
  const auto spec = policy::spec_of(config_map(but("check_interval", "1s")));
  REQUIRE(spec);
  CHECK(spec->checks.at(0).http.timeout == 1s);
}

TEST_CASE(
    "A key that is missing or cannot be understood is named, with what was found and what is "
    "expected") {
  struct Row {
    const char* key;
    std::optional<std::string> value;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {"failure_threshold", "abc",
       R"(failure_threshold: "abc" is not a whole number from 1 to 100, such as "3")"},
      {"failure_threshold", "-1",
       R"(failure_threshold: "-1" is not a whole number from 1 to 100, such as "3")"},
      {"failure_threshold", "0",
       R"(failure_threshold: "0" is not a whole number from 1 to 100, such as "3")"},
      {"failure_threshold", "101",
       R"(failure_threshold: "101" is not a whole number from 1 to 100, such as "3")"},
      {"failure_threshold", "3.0",
       R"(failure_threshold: "3.0" is not a whole number from 1 to 100, such as "3")"},
      {"failure_threshold", "",
       R"(failure_threshold: "" is not a whole number from 1 to 100, such as "3")"},
      {"failure_threshold", {}, R"(failure_threshold is missing: it must be set, such as "3")"},
      {"check_interval", "30", R"(check_interval: "30" has no unit: write for example "30s")"},
      {"check_interval", "soon",
       R"(check_interval: "soon" is not a duration, such as "30s", "5m" or "1h30m")"},
      {"check_interval", "-1s",
       R"(check_interval: "-1s" is not a duration, such as "30s", "5m" or "1h30m")"},
      {"check_interval", "500ms", R"(check_interval: "500ms" is not from 1s to 1h)"},
      {"check_interval", "2h", R"(check_interval: "2h" is not from 1s to 1h)"},
      {"check_interval", {}, R"(check_interval is missing: it must be set, such as "30s")"},
      {"health_check_url", "myapp:8080/health",
       R"(health_check_url: "myapp:8080/health" must begin with http:// or https://, such as "http://myapp:8080/health")"},
      {"health_check_url", "http:///health",
       R"(health_check_url: "http:///health" has no host, such as "http://myapp:8080/health")"},
      {"health_check_url", "http://myapp:99999/",
       R"(health_check_url: "http://myapp:99999/" has the port "99999", which is not a whole number from 1 to 65535)"},
      {"health_check_url", "",
       R"(health_check_url: "" is empty: a URL is expected, such as "http://myapp:8080/health")"},
      {"health_check_url",
       {},
       R"(health_check_url is missing: it must be set, such as "http://myapp:8080/health")"},
  }));
  const auto spec = policy::spec_of(config_map(but(row.key, row.value)));
  REQUIRE_FALSE(spec);
  CHECK(spec.error().kind == ErrorKind::BadInput);
  CHECK(spec.error().message == row.message);
}

TEST_CASE("A misspelt key is named before the missing one") {
  struct Row {
    const char* found;
    const char* key;
  };
  const Row row = GENERATE(values<Row>({
      {"health_chek_url", "health_check_url"},
      {"healthCheckUrl", "health_check_url"},
      {"HEALTH_CHECK_URL", "health_check_url"},
      {"health-check-url", "health_check_url"},
      {"failure_treshold", "failure_threshold"},
      {"failures_threshold", "failure_threshold"},
      {"check_intervall", "check_interval"},
      {"check.interval", "check_interval"},
  }));
  auto data = but(row.key, std::nullopt);
  data[row.found] = "x";
  const auto spec = policy::spec_of(config_map(data));
  REQUIRE_FALSE(spec);
  CHECK(spec.error().message == "\"" + std::string(row.found) + "\" is not a key; did you mean " +
                                    std::string(row.key) + "?");
}
