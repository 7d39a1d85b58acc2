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
constexpr std::array all{rollbacks, percent, within};

void unset_variables() {
  for (const Option& option : all) unsetenv(option.variable);
}

// Captures the output on both streams while it lives.
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
  unset_variables();
  std::vector<std::string> arguments;
  for (const auto& [option, value] : values)
    arguments.push_back(std::string(option.flag) + "=" + value);
  return parse(std::move(arguments));
}

Outcome parse_variables(const Values& values) {
  unset_variables();
  for (const auto& [option, value] : values) setenv(option.variable, value.c_str(), 1);
  Outcome outcome = parse({});
  unset_variables();
  return outcome;
}

constexpr std::array sources{parse_flags, parse_variables};

struct Row {
  Option option;
  const char* value;
};

}  // namespace

TEST_CASE("rejects an invalid breaker setting from a flag or a variable, and names the flag") {
  const std::vector<Row> rows = {
      {rollbacks, "-1"}, {rollbacks, "100001"}, {rollbacks, "many"}, {rollbacks, "2.5"},
      {percent, "-1"},   {percent, "101"},      {percent, "many"},   {percent, "2.5"},
      {within, "0s"},    {within, "-5m"},       {within, "25h"},     {within, "5"},
      {within, "many"},
  };
  for (const Row& row : rows) {
    for (const auto source : sources) {
      INFO(row.option.flag << " " << row.value
                           << (source == parse_flags ? " from a flag" : " from a variable"));
      const Outcome rejected = source({{row.option, row.value}});
      CHECK_FALSE(rejected.parsed.run);
      CHECK(rejected.parsed.exit_code != 0);
      CHECK_THAT(rejected.output, Catch::Contains(row.option.flag));
    }
  }
}

TEST_CASE("names an environment variable with an unusable value even without a validator") {
  setenv("LASTGOOD_NAMESPACES", ",", 1);
  const Outcome rejected = parse({});
  unsetenv("LASTGOOD_NAMESPACES");
  if (rejected.parsed.run) {
    CHECK_FALSE(rejected.parsed.options.namespaces.empty());
  } else {
    CHECK_THAT(rejected.output, Catch::Contains("invalid value \",\" of LASTGOOD_NAMESPACES"));
  }
}

TEST_CASE("opens the breaker by default above 5 rollbacks and 10 percent within 5 minutes") {
  const Outcome defaults = parse_flags({});
  CHECK(defaults.parsed.run);
  CHECK(defaults.output.empty());
  CHECK(defaults.parsed.options.breaker_rollbacks == 5);
  CHECK(defaults.parsed.options.breaker_percent == 10);
  CHECK(defaults.parsed.options.breaker_within == std::chrono::minutes(5));
}

TEST_CASE("accepts breaker settings up to their limits from flags and variables") {
  struct Valid {
    Values values;
    int rollbacks = 5;
    int percent = 10;
    Duration within{300'000};
  };
  const std::vector<Valid> cases = {
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
  for (const Valid& valid : cases) {
    for (const auto source : sources) {
      INFO(valid.values.size() << " values"
                               << (source == parse_flags ? " from a flag" : " from a variable"));
      const Outcome accepted = source(valid.values);
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
  unset_variables();
  setenv(percent.variable, "20", 1);
  const Outcome both = parse({"--breaker-percent=30"});
  unset_variables();
  CHECK(both.parsed.run);
  CHECK(both.parsed.options.breaker_percent == 30);
}

TEST_CASE("describes the flags in the help with placeholder, default and variable") {
  unset_variables();
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
