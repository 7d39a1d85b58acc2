// Random histories of releases, faults and users, with two controllers: history/history.hpp. Each
// write of a controller keeps the invariants, and each rollback helps. At the end all faults stop,
// and the controllers still roll back a bad release.
//
// `./dev simulate` plays other histories than `./dev test`. It sets these variables:
//   LASTGOOD_SIMULATE_SEED    the first seed; the number of a history is its seed
//   LASTGOOD_SIMULATE_SEEDS   the number of histories
//   LASTGOOD_SIMULATE_EVENTS  play only these events of the history: "0,3,4"; "none": no event
//   LASTGOOD_SIMULATE_TRACE   if it is set, print what happens in each history
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <numeric>

#include "simulation/history/history.hpp"
#include "simulation/history/shrink.hpp"

using namespace lastgood;
using namespace lastgood::simulation;

namespace {

constexpr std::uint64_t steps_of_test = 1'000'000;  // of all parts together
constexpr std::uint32_t parts = 4;                  // which `./dev test` runs at the same time

using Numbers = std::vector<std::size_t>;

struct Total {
  int histories = 0;
  int must_roll_back = 0;
  int rollbacks = 0;
  int races = 0;
  std::uint64_t steps = 0;
  Duration virtual_time{0};
};

Numbers all_numbers(std::size_t count) {
  Numbers out(count);
  std::iota(out.begin(), out.end(), 0);
  return out;
}

HistoryResult play(std::uint32_t seed, const Numbers& numbers) {
  const auto all = generate_history(seed);
  std::vector<HistoryEvent> events;
  for (const std::size_t number : numbers) events.push_back(all.at(number));
  return History(seed).play(events);
}

// The kind of a failure: the text until the first colon, of a violation also the rule.
std::string kind_of(const std::string& failure) {
  if (failure.starts_with("violation:")) return failure.substr(failure.rfind(':'));
  return failure.substr(0, failure.find(':'));
}

bool fails_alike(const HistoryResult& result, const std::string& kind) {
  return std::ranges::any_of(result.failures,
                             [&](const std::string& failure) { return kind_of(failure) == kind; });
}

std::string joined(const Numbers& numbers) {
  return numbers.empty() ? "none" : fmt::format("{}", fmt::join(numbers, ","));
}

// The failures of the shortest history, its trace, and the command that plays it again.
std::string report(std::uint32_t seed, const Numbers& numbers, const HistoryResult& failed) {
  constexpr int max_runs = 150;
  const std::string kind = kind_of(failed.failures.at(0));
  const auto numbers_of = [&](const Numbers& kept) {
    Numbers out;
    for (const std::size_t i : kept) out.push_back(numbers.at(i));
    return out;
  };
  const Numbers shortest = numbers_of(shrink(
      numbers.size(),
      [&](const Numbers& kept) { return fails_alike(play(seed, numbers_of(kept)), kind); },
      max_runs));
  const HistoryResult result = play(seed, shortest);
  return fmt::format(
      "{}\nhistory {} fails with {} of {} events:\n{}\nto play it again: "
      "./dev simulate --seed {} --events {}\n",
      fmt::join(result.failures, "\n"), seed, shortest.size(), numbers.size(),
      fmt::join(result.trace, "\n"), seed, joined(shortest));
}

void play_and_check(std::uint32_t seed, const Numbers& numbers, Total& total) {
  const HistoryResult result = play(seed, numbers);
  ++total.histories;
  total.must_roll_back += result.must_roll_back ? 1 : 0;
  total.rollbacks += result.rollbacks;
  total.races += result.races;
  total.steps += result.steps;
  total.virtual_time += result.virtual_time;
  if (std::getenv("LASTGOOD_SIMULATE_TRACE"))
    std::cout << fmt::format("history {}\n{}\n", seed, fmt::join(result.trace, "\n"));
  if (result.failures.empty()) return;
  FAIL_CHECK(report(seed, numbers, result));
}

void print(const Total& total) {
  std::cout << fmt::format(
      "simulated: {} histories, {} steps, {} virtual minutes, {} rollbacks, "
      "{} races, {} last releases to roll back\n",
      total.histories, total.steps, total.virtual_time / std::chrono::minutes(1), total.rollbacks,
      total.races, total.must_roll_back);
}

// Plays every fourth seed, for a fourth of the steps.
void play_part(std::uint32_t part) {
  Total total;
  for (std::uint32_t seed = part; total.steps < steps_of_test / parts; seed += parts)
    play_and_check(seed, all_numbers(generate_history(seed).size()), total);
  print(total);
  CHECK(total.must_roll_back * 3 > total.histories);
}

std::uint32_t number_from(const char* variable, std::uint32_t fallback) {
  const char* text = std::getenv(variable);
  return text ? static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10)) : fallback;
}

Numbers numbers_from(const char* variable, std::size_t count) {
  const char* text = std::getenv(variable);
  if (!text || *text == '\0') return all_numbers(count);
  Numbers out;
  for (std::string_view rest = text; !rest.empty() && rest != "none";) {
    std::size_t number = 0;
    std::from_chars(rest.data(), rest.data() + rest.size(), number);
    out.push_back(number);
    rest.remove_prefix(std::min(rest.size(), std::min(rest.find(','), rest.size()) + 1));
  }
  return out;
}

}  // namespace

TEST_CASE("keeps the invariants in random histories, part 1") { play_part(1); }
TEST_CASE("keeps the invariants in random histories, part 2") { play_part(2); }
TEST_CASE("keeps the invariants in random histories, part 3") { play_part(3); }
TEST_CASE("keeps the invariants in random histories, part 4") { play_part(4); }

TEST_CASE("keeps the invariants in the histories of ./dev simulate", "[.simulate]") {
  const std::uint32_t first = number_from("LASTGOOD_SIMULATE_SEED", 1);
  const std::uint32_t histories = number_from("LASTGOOD_SIMULATE_SEEDS", 1);
  Total total;
  for (std::uint32_t seed = first; seed < first + histories; ++seed) {
    const auto numbers = numbers_from("LASTGOOD_SIMULATE_EVENTS", generate_history(seed).size());
    play_and_check(seed, numbers, total);
  }
  print(total);
}

TEST_CASE("gives the same history for the same seed") {
  for (const std::uint32_t seed : {3U, 4U}) {
    const auto numbers = all_numbers(generate_history(seed).size());
    const HistoryResult first = play(seed, numbers);
    const HistoryResult second = play(seed, numbers);
    CHECK(first.steps == second.steps);
    CHECK(first.trace == second.trace);
  }
}

TEST_CASE("shrink leaves out each event that a failure does not need") {
  int runs = 0;
  const auto fails = [&](const Numbers& events) {
    ++runs;
    return std::ranges::count(events, 3) == 1 && std::ranges::count(events, 7) == 1;
  };
  CHECK(shrink(10, fails, 1'000) == Numbers{3, 7});
  CHECK(runs < 40);
  CHECK(shrink(1, [](const Numbers&) { return true; }, 10).empty());
  CHECK(shrink(
            4, [](const Numbers& events) { return events.size() == 4; }, 10) ==
        Numbers{0, 1, 2, 3});
}
