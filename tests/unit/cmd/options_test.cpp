// The flags of the controller and their environment variables.
#include "lastgood-controller/options.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>

using namespace lastgood;

namespace {

struct Option {
  const char* flag;
  const char* variable;
};

constexpr Option rollbacks{.flag = "--breaker-rollbacks", .variable = "LASTGOOD_BREAKER_ROLLBACKS"};
constexpr Option percent{.flag = "--breaker-percent", .variable = "LASTGOOD_BREAKER_PERCENT"};
constexpr Option within{.flag = "--breaker-within", .variable = "LASTGOOD_BREAKER_WITHIN"};
constexpr Option shared_number{.flag = "--shared-cause-deployments",
                               .variable = "LASTGOOD_SHARED_CAUSE_DEPLOYMENTS"};
constexpr Option shared_percent{.flag = "--shared-cause-percent",
                                .variable = "LASTGOOD_SHARED_CAUSE_PERCENT"};
// The options with limits that count all guarded Deployments: the fleet.
constexpr std::array fleet_options{rollbacks, percent, within, shared_number, shared_percent};

void unset_fleet_variables() {
  for (const Option& option : fleet_options) unsetenv(option.variable);
}

// Captures the output on std::cout and std::cerr until it is destroyed.
class CapturedOutput {
 public:
  CapturedOutput() : out_(std::cout.rdbuf(text_.rdbuf())), err_(std::cerr.rdbuf(text_.rdbuf())) {}
  CapturedOutput(const CapturedOutput&) = delete;
  CapturedOutput& operator=(const CapturedOutput&) = delete;
  ~CapturedOutput() {
    std::cout.rdbuf(out_);
    std::cerr.rdbuf(err_);
  }
  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::streambuf* out_;
  std::streambuf* err_;
};

struct Outcome {
  Parsed parsed;
  std::string output;
};

Outcome parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "lastgood-controller");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  const CapturedOutput output;
  Outcome outcome{.parsed = parse_options(static_cast<int>(argv.size()), argv.data()),
                  .output = {}};
  outcome.output = output.text();
  return outcome;
}

using Values = std::vector<std::pair<Option, std::string>>;

Outcome parse_flags(const Values& values) {
  unset_fleet_variables();
  std::vector<std::string> arguments;
  for (const auto& [option, value] : values)
    arguments.push_back(std::string(option.flag) + "=" + value);
  return parse(std::move(arguments));
}

Outcome parse_variables(const Values& values) {
  unset_fleet_variables();
  for (const auto& [option, value] : values) setenv(option.variable, value.c_str(), 1);
  Outcome outcome = parse({});
  unset_fleet_variables();
  return outcome;
}

constexpr std::array parsers{parse_flags, parse_variables};

struct InvalidValue {
  Option option;
  const char* value;
};

}  // namespace

TEST_CASE("rejects an invalid setting of the fleet from a flag or a variable, and names the flag") {
  const std::vector<InvalidValue> rows = {
      {rollbacks, "-1"},      {rollbacks, "100001"},   {rollbacks, "many"},
      {rollbacks, "2.5"},     {percent, "-1"},         {percent, "101"},
      {percent, "many"},      {percent, "2.5"},        {within, "0s"},
      {within, "-5m"},        {within, "25h"},         {within, "5"},
      {within, "many"},       {shared_number, "-1"},   {shared_number, "100001"},
      {shared_percent, "-1"}, {shared_percent, "101"},
  };
  for (const InvalidValue& row : rows) {
    for (const auto parse_values : parsers) {
      INFO(row.option.flag << " " << row.value
                           << (parse_values == parse_flags ? " from a flag" : " from a variable"));
      const Outcome rejected = parse_values({{row.option, row.value}});
      CHECK_FALSE(rejected.parsed.run);
      CHECK(rejected.parsed.exit_code != 0);
      CHECK_THAT(rejected.output, Catch::Contains(row.option.flag));
    }
  }
}

TEST_CASE("never ignores an invalid value of an environment variable that has no validator") {
  setenv("LASTGOOD_NAMESPACES", ",", 1);
  const Outcome outcome = parse({});
  unsetenv("LASTGOOD_NAMESPACES");
  // Releases of CLI11 differ: some accept this value.
  if (outcome.parsed.run) {
    CHECK_FALSE(outcome.parsed.options.namespaces.empty());
  } else {
    CHECK_THAT(outcome.output, Catch::Contains("invalid value \",\" of LASTGOOD_NAMESPACES"));
  }
}

TEST_CASE("has a breaker of 5 rollbacks and 10 percent within 5 minutes by default") {
  const Outcome defaults = parse_flags({});
  CHECK(defaults.parsed.run);
  CHECK(defaults.output.empty());
  CHECK(defaults.parsed.options.breaker_rollbacks == 5);
  CHECK(defaults.parsed.options.breaker_percent == 10);
  CHECK(defaults.parsed.options.breaker_within == std::chrono::minutes(5));
}

TEST_CASE("has shared-cause limits of 2 Deployments and 1 percent by default") {
  const Outcome defaults = parse_flags({});
  CHECK(defaults.parsed.options.shared_cause_deployments == 2);
  CHECK(defaults.parsed.options.shared_cause_percent == 1);
}

TEST_CASE("accepts the limits of a shared cause from flags and variables") {
  for (const auto parse_values : parsers) {
    const Outcome accepted = parse_values({{shared_number, "0"}, {shared_percent, "100"}});
    REQUIRE(accepted.parsed.run);
    CHECK(accepted.parsed.options.shared_cause_deployments == 0);
    CHECK(accepted.parsed.options.shared_cause_percent == 100);
  }
}

TEST_CASE("accepts breaker settings up to their limits from flags and variables") {
  struct ValidValues {
    Values values;
    int rollbacks = 5;
    int percent = 10;
    Duration within{300'000};
  };
  const std::vector<ValidValues> cases = {
      {.values = {{rollbacks, "100000"}, {percent, "100"}, {within, "24h"}},
       .rollbacks = 100'000,
       .percent = 100,
       .within = std::chrono::hours(24)},
      {.values = {{rollbacks, "1"}, {percent, "0"}, {within, "1s"}},
       .rollbacks = 1,
       .percent = 0,
       .within{1'000}},
      {.values = {{within, "1h30m"}}, .within = std::chrono::minutes(90)},
      // If the breaker is disabled, the percentage has no effect, but is valid.
      {.values = {{rollbacks, "0"}, {percent, "25"}}, .rollbacks = 0, .percent = 25},
  };
  for (const ValidValues& valid : cases) {
    for (const auto parse_values : parsers) {
      INFO(valid.values.size() << " values"
                               << (parse_values == parse_flags ? " from a flag"
                                                               : " from a variable"));
      const Outcome accepted = parse_values(valid.values);
      CHECK(accepted.parsed.run);
      CHECK(accepted.parsed.exit_code == 0);
      CHECK(accepted.output.empty());
      CHECK(accepted.parsed.options.breaker_rollbacks == valid.rollbacks);
      CHECK(accepted.parsed.options.breaker_percent == valid.percent);
      CHECK(accepted.parsed.options.breaker_within == valid.within);
    }
  }
}

TEST_CASE("prefers a flag to its environment variable") {
  unset_fleet_variables();
  setenv(percent.variable, "20", 1);
  const Outcome outcome = parse({"--breaker-percent=30"});
  unset_fleet_variables();
  CHECK(outcome.parsed.run);
  CHECK(outcome.parsed.options.breaker_percent == 30);
}

TEST_CASE("describes the flags in the help with placeholder, default and variable") {
  unset_fleet_variables();
  const Outcome help = parse({"--help"});
  CHECK_FALSE(help.parsed.run);
  CHECK(help.parsed.exit_code == 0);
  for (const char* part :
       {"\n  --kubeconfig FILE\n", "Environment variable: LASTGOOD_KUBECONFIG.\n",
        "\n  --listen ADDRESS:PORT\n", "Default: 0.0.0.0:8080. ", "\n  --breaker-within DURATION\n",
        "Default: 5m. ", "\n  --read-secrets\n"}) {
    CHECK_THAT(help.output, Catch::Contains(part));
  }
  std::istringstream lines(help.output);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
}

TEST_CASE("receives alerts only with the file of a token") {
  constexpr Option listen{.flag = "--alerts-listen", .variable = "LASTGOOD_ALERTS_LISTEN"};
  constexpr Option token{.flag = "--alerts-token-file", .variable = "LASTGOOD_ALERTS_TOKEN_FILE"};
  const Outcome accepted = parse_flags({{listen, ":9094"}, {token, "/token"}});
  REQUIRE(accepted.parsed.run);
  CHECK(accepted.parsed.options.alerts_listen == ":9094");
  CHECK(accepted.parsed.options.alerts_token_file == "/token");
  const Outcome rejected = parse_flags({{listen, ":9094"}});
  CHECK_FALSE(rejected.parsed.run);
  CHECK_THAT(rejected.output, Catch::Contains("--alerts-token-file"));
}
