#include "guard/flapping.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lastgood::guard {

namespace {

constexpr char pass_letter = 'P';
constexpr char fail_letter = 'F';

std::ptrdiff_t recent_failures(const api::CheckStatus& check) {
  return std::ranges::count(check.recent_results, fail_letter);
}

}  // namespace

void record_result(api::CheckStatus& check, api::MeasurementResult result) {
  if (result == api::MeasurementResult::Unknown) return;
  const bool passes = result == api::MeasurementResult::Pass;
  std::string& results = check.recent_results;
  if (passes && check.consecutive_failures >= check.failure_threshold) results.clear();
  results += passes ? pass_letter : fail_letter;
  if (results.size() > max_recent_results) results.erase(0, results.size() - max_recent_results);
}

bool is_flapping(const api::CheckStatus& check) {
  const bool is_possible =
      check.failure_threshold > 1 && check.failure_threshold <= max_flapping_threshold;
  return is_possible && recent_failures(check) > max_recent_results / 2;
}

std::string flapping_text(const api::CheckStatus& check) {
  return fmt::format("{} of the last {} measurements failed (limit {} of {})",
                     recent_failures(check), check.recent_results.size(), max_recent_results / 2,
                     max_recent_results);
}

}  // namespace lastgood::guard
