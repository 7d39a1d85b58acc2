#include "guard/check_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/find_check.hpp"
#include "api/policy.hpp"
#include "base/text.hpp"
#include "guard/check_status.hpp"

namespace lastgood::guard {

using api::CheckStatus;
using api::MeasurementResult;

std::string value_text(const CheckStatus& check) {
  constexpr std::size_t max_value_size = 300;  // bytes
  return check.message.empty() ? "" : ": " + clip(check.message, max_value_size);
}

std::string failure_count(const CheckStatus& check) {
  if (check.failure_threshold <= 1) return {};
  return fmt::format(" ({} of {} consecutive failures)",
                     std::min(check.consecutive_failures, check.failure_threshold),
                     check.failure_threshold);
}

std::string breach_text(const CheckStatus& check) {
  if (check.result == MeasurementResult::Fail)
    return fmt::format("check {} is breached{}{}", check.name, value_text(check),
                       failure_count(check));
  return fmt::format("check {} is breached, but its last result is {} ({}){}", check.name,
                     api::to_string(check.result), check.reason, value_text(check));
}

std::string no_result_text(const CheckStatus& check) {
  return fmt::format("check {} has no result ({}){}", check.name, check.reason, value_text(check));
}

std::string checks_without_result(const std::vector<CheckStatus>& checks) {
  std::string names;
  for (const CheckStatus& check : checks) {
    if (!check.passed_once)
      names += fmt::format("{}{} ({}){}", names.empty() ? "" : ", ", check.name, check.reason,
                           names.empty() ? value_text(check) : "");
  }
  return names;
}

std::string rollout_obstacle(const std::vector<CheckStatus>& checks) {
  const CheckStatus* found = api::find_check(checks, api::rollout_check);
  const bool is_obstacle = found && found->result == MeasurementResult::Unknown &&
                           found->reason != pending_reason &&
                           found->reason != api::Reason::RollingOut;
  return is_obstacle ? ". " + as_sentence(no_result_text(*found)) : "";
}

std::string as_sentence(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

}  // namespace lastgood::guard
