#include "policy/config_map.hpp"

#include <catch2/catch.hpp>

using namespace lastgood;
using namespace std::chrono_literals;

namespace {

api::ConfigMap config_map(api::StringMap data) { return {.data = std::move(data)}; }

// The data of a valid ConfigMap, but one key has another value or is absent.
api::StringMap valid_data_except(const char* key, std::optional<std::string> value) {
  api::StringMap data = {{"health_check_url", "http://myapp:8080/health"},
                         {"failure_threshold", "3"},
                         {"check_interval", "30s"}};
  data.erase(key);
  if (value) data[key] = *value;
  return data;
}

}  // namespace

TEST_CASE("policy_spec_of returns one HTTP check, and defaults for all other fields") {
  const auto spec =
      policy::policy_spec_of(config_map({{"health_check_url", "http://myapp:8080/health"},
                                         {"failure_threshold", "3"},
                                         {"check_interval", "30s"}}));
  REQUIRE(spec);
  api::PolicySpec expected;
  expected.checks = {api::Check{
      .name = "health",
      .kind = api::HttpCheck{.target = api::HttpTarget::Url, .url = "http://myapp:8080/health"},
      .interval = 30s,
      .failure_threshold = 3}};
  CHECK(*spec == expected);
}

TEST_CASE("policy_spec_of ignores trailing line breaks and keys of other programs") {
  auto data = valid_data_except("failure_threshold", "5\n");
  data["log_level"] = "debug";
  data["health_check_port"] = "8080";
  const auto spec = policy::policy_spec_of(config_map(data));
  REQUIRE(spec);
  CHECK(spec->checks.at(0).failure_threshold == 5);
}

TEST_CASE("policy_spec_of limits the timeout to the interval") {
  const auto spec = policy::policy_spec_of(config_map(valid_data_except("check_interval", "1s")));
  REQUIRE(spec);
  CHECK(api::http_of(spec->checks.at(0)).timeout == 1s);
}

TEST_CASE("policy_spec_of reports a missing or invalid key with an example") {
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
      {"failure_threshold", {}, R"(failure_threshold is missing; set it to a value such as "3")"},
      {"check_interval", "30", R"(check_interval: "30" has no unit: write for example "30s")"},
      {"check_interval", "soon",
       R"(check_interval: "soon" is not a duration, such as "30s", "5m" or "1h30m")"},
      {"check_interval", "-1s",
       R"(check_interval: "-1s" is not a duration, such as "30s", "5m" or "1h30m")"},
      {"check_interval", "500ms", R"(check_interval: "500ms" is not between 1s and 1h)"},
      {"check_interval", "2h", R"(check_interval: "2h" is not between 1s and 1h)"},
      {"check_interval", {}, R"(check_interval is missing; set it to a value such as "30s")"},
      {"health_check_url", "myapp:8080/health",
       R"(health_check_url: "myapp:8080/health" must begin with http:// or https://, such as "http://myapp:8080/health")"},
      {"health_check_url", "http:///health",
       R"(health_check_url: "http:///health" has no host; use a URL such as "http://myapp:8080/health")"},
      {"health_check_url", "http://myapp:99999/",
       R"(health_check_url: "http://myapp:99999/" has the port "99999", which is not a whole number from 1 to 65535)"},
      {"health_check_url", "",
       R"(health_check_url: "" is empty; use a URL such as "http://myapp:8080/health")"},
      {"health_check_url",
       {},
       R"(health_check_url is missing; set it to a value such as "http://myapp:8080/health")"},
  }));
  const auto spec = policy::policy_spec_of(config_map(valid_data_except(row.key, row.value)));
  REQUIRE_FALSE(spec);
  CHECK(spec.error().kind == ErrorKind::BadInput);
  CHECK(spec.error().message == row.message);
}

TEST_CASE("policy_spec_of suggests the valid key when a key is misspelt") {
  struct Row {
    const char* misspelt_key;
    const char* valid_key;
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
  auto data = valid_data_except(row.valid_key, std::nullopt);
  data[row.misspelt_key] = "x";
  const auto spec = policy::policy_spec_of(config_map(data));
  REQUIRE_FALSE(spec);
  CHECK(spec.error().message == "\"" + std::string(row.misspelt_key) +
                                    "\" is not a valid key; did you mean " +
                                    std::string(row.valid_key) + "?");
}

namespace {

constexpr MonotonicTime earlier{1s};
constexpr MonotonicTime later{2s};

policy::ConfigMapRead read_of(const std::string& name, Result<api::ConfigMap> result,
                              MonotonicTime at) {
  return {.name = name, .result = std::move(result), .at = at};
}

}  // namespace

TEST_CASE("usable_read keeps the last success when the latest read failed temporarily") {
  const auto success = read_of("settings", config_map({{"check_interval", "30s"}}), earlier);
  for (const ErrorKind kind : {ErrorKind::TimedOut, ErrorKind::Server, ErrorKind::Unauthorized}) {
    CAPTURE(to_string(kind));
    const auto failed = read_of("settings", fail(kind, "cannot be read"), later);
    const auto usable = policy::usable_read(success, failed);
    REQUIRE(usable.result);
    CHECK(usable.result->data == success.result->data);
    CHECK(usable.at == failed.at);
    CHECK_FALSE(policy::usable_read(std::nullopt, failed).result);
    CHECK_FALSE(policy::usable_read(read_of("other", config_map({}), earlier), failed).result);
  }
}

TEST_CASE("usable_read returns the latest read when its error is NotFound or Forbidden") {
  const auto success = read_of("settings", config_map({}), earlier);
  for (const ErrorKind kind : {ErrorKind::NotFound, ErrorKind::Forbidden}) {
    CAPTURE(to_string(kind));
    CHECK_FALSE(
        policy::usable_read(success, read_of("settings", fail(kind, "cannot be read"), later))
            .result);
  }
}
