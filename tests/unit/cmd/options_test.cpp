// What the controller may be told of the breaker, by flag and by environment variable, and what of it is refused.
// Must not know what the breaker does with it.
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

void forget_environment() {
  for (const Option& option : all) unsetenv(option.variable);
}

// What is said meanwhile to a person, on either stream.
class Words {
 public:
  Words() : out_(std::cout.rdbuf(text_.rdbuf())), err_(std::cerr.rdbuf(text_.rdbuf())) {}
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;
  ~Words() {
    std::cout.rdbuf(out_);
    std::cerr.rdbuf(err_);
  }
  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::streambuf* out_;
  std::streambuf* err_;
};

struct Told {
  Parsed parsed;
  std::string words;
};

Told told(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "lastgood-controller");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  const Words words;
  Told out{.parsed = parse_options(static_cast<int>(argv.size()), argv.data()), .words = {}};
  out.words = words.text();
  return out;
}

using Values = std::vector<std::pair<Option, std::string>>;

Told told_by_flag(const Values& values) {
  forget_environment();
  std::vector<std::string> arguments;
  for (const auto& [option, value] : values) arguments.push_back(std::string(option.flag) + "=" + value);
  return told(std::move(arguments));
}

Told told_by_environment(const Values& values) {
  forget_environment();
  for (const auto& [option, value] : values) setenv(option.variable, value.c_str(), 1);
  Told out = told({});
  forget_environment();
  return out;
}

constexpr std::array ways{told_by_flag, told_by_environment};

struct Row {
  Option option;
  const char* value;
};

}  // namespace

TEST_CASE("A value of the breaker that makes no sense ends the start with words that name it, by flag and by environment") {
  const std::vector<Row> rows = {
      {rollbacks, "-1"}, {rollbacks, "100001"}, {rollbacks, "many"}, {rollbacks, "2.5"}, {percent, "-1"},
      {percent, "101"},  {percent, "many"},     {percent, "2.5"},    {within, "0s"},     {within, "-5m"},
      {within, "25h"},   {within, "5"},         {within, "many"},
  };
  for (const Row& row : rows) {
    for (const auto way : ways) {
      INFO(row.option.flag << " " << row.value << (way == told_by_flag ? " by flag" : " by environment"));
      const Told refused = way({{row.option, row.value}});
      CHECK_FALSE(refused.parsed.run);
      CHECK(refused.parsed.exit_code != 0);
      CHECK_THAT(refused.words, Catch::Contains(row.option.flag));
    }
  }
}

TEST_CASE("A variable that says nothing that can be used is named, also where there is no rule for its values") {
  setenv("LASTGOOD_NAMESPACES", ",", 1);
  const Told refused = told({});
  unsetenv("LASTGOOD_NAMESPACES");
  if (refused.parsed.run) {
    CHECK_FALSE(refused.parsed.options.namespaces.empty());
  } else {
    CHECK_THAT(refused.words, Catch::Contains("LASTGOOD_NAMESPACES is \",\""));
  }
}

TEST_CASE("Nobody has said anything: more than 5 rollbacks and 10 percent within 5 minutes open the breaker") {
  const Told nothing = told_by_flag({});
  CHECK(nothing.parsed.run);
  CHECK(nothing.words.empty());
  CHECK(nothing.parsed.options.breaker_rollbacks == 5);
  CHECK(nothing.parsed.options.breaker_percent == 10);
  CHECK(nothing.parsed.options.breaker_within == std::chrono::minutes(5));
}

TEST_CASE("The breaker is as it is told, to the last value that makes sense, by flag and by environment") {
  struct Sense {
    Values values;
    int rollbacks = 5;
    int percent = 10;
    Duration within{300'000};
  };
  const std::vector<Sense> senses = {
      {.values = {{rollbacks, "100000"}, {percent, "100"}, {within, "24h"}},
       .rollbacks = 100'000,
       .percent = 100,
       .within = std::chrono::hours(24)},
      {.values = {{rollbacks, "1"}, {percent, "0"}, {within, "1s"}}, .rollbacks = 1, .percent = 0, .within{1'000}},
      {.values = {{within, "1h30m"}}, .within = std::chrono::minutes(90)},
      // Off, a share of the fleet says nothing; it is no contradiction either.
      {.values = {{rollbacks, "0"}, {percent, "25"}}, .rollbacks = 0, .percent = 25},
  };
  for (const Sense& sense : senses) {
    for (const auto way : ways) {
      INFO(sense.values.size() << " values" << (way == told_by_flag ? " by flag" : " by environment"));
      const Told sensible = way(sense.values);
      CHECK(sensible.parsed.run);
      CHECK(sensible.parsed.exit_code == 0);
      CHECK(sensible.words.empty());
      CHECK(sensible.parsed.options.breaker_rollbacks == sense.rollbacks);
      CHECK(sensible.parsed.options.breaker_percent == sense.percent);
      CHECK(sensible.parsed.options.breaker_within == sense.within);
    }
  }
}

TEST_CASE("What is said by flag goes before what the environment says") {
  forget_environment();
  setenv(percent.variable, "20", 1);
  const Told both = told({"--breaker-percent=30"});
  forget_environment();
  CHECK(both.parsed.run);
  CHECK(both.parsed.options.breaker_percent == 30);
}
