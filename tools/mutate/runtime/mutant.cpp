// Selects the mutant. Prints for campaign.py which test cases fail and which points they reach.
#include "mutant.hpp"

#include <array>
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace mutant {

namespace {

constexpr std::size_t max_id = 1 << 16;

// constinit, because the tables of other files may reach points before this file is initialized.
constinit std::array<bool, max_id> reached{};

unsigned selected() {
  static const unsigned id = [] {
    const char* text = std::getenv("MUTANT");
    return text ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : 0U;
  }();
  return id;
}

// Prints one line for each event, so that a killed process leaves the name of its test case:
//   start NAME
//   fail NAME
//   end SECONDS NUMBER...       the points that the case reached; only with MUTANT_RECORD
struct Listener : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    std::printf("start %s\n", info.name.c_str());
    std::fflush(stdout);
    at_start = at_start_of_program();
    reached.fill(false);
    began = std::chrono::steady_clock::now();
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    if (stats.totals.testCases.failed > 0) std::printf("fail %s\n", stats.testInfo.name.c_str());
    if (std::getenv("MUTANT_RECORD")) {
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
      std::printf("end %.6f", took.count());
      for (std::size_t id = 0; id < max_id; ++id) {
        if (reached[id] || at_start[id]) std::printf(" %zu", id);
      }
      std::printf("\n");
    }
    std::fflush(stdout);
  }

  // The points that were reached before the first test case. They count for each test case.
  static std::array<bool, max_id> at_start_of_program() {
    static const std::array<bool, max_id> first = reached;
    return first;
  }

  std::array<bool, max_id> at_start{};
  std::chrono::steady_clock::time_point began{};
};

CATCH_REGISTER_LISTENER(Listener)

}  // namespace

bool on(unsigned id) {
  reached[id] = true;
  return id == selected();
}

}  // namespace mutant
