#include "guard/known_before.hpp"

#include "api/find_check.hpp"
#include "guard/check_status.hpp"
#include "guard/release_states.hpp"

namespace lastgood::guard {
namespace {

bool is_known(const api::CheckStatus& check) {
  const auto& baseline = check.baseline;
  const bool passed_before =
      baseline && baseline->before && baseline->result == api::MeasurementResult::Pass;
  // Only a Pass and a failure that counts have a time. A breach of a Rollback that is resumed may
  // have none, but its failures counted.
  return passed_before || is_baseline_failing(check) || check.last_result || check.breached;
}

}  // namespace

bool is_external_metric(const api::PolicySpec& spec, const std::string& check) {
  const api::Check* found = api::find_check(spec.checks, check);
  return found && std::holds_alternative<api::ExternalMetricCheck>(found->kind);
}

std::vector<std::string> known_before(const api::GuardStatus& guard, const api::PolicySpec& spec) {
  std::vector<std::string> names;
  for (const api::Check& check : spec.checks) {
    if (!std::holds_alternative<api::ExternalMetricCheck>(check.kind)) continue;
    const api::CheckStatus* status = api::find_check(guard.checks, check.name);
    const bool has_status = status && status->config_hash == api::config_hash_of(check.kind);
    if (!is_release_evaluated(guard.state) || (has_status && is_known(*status)))
      names.push_back(check.name);
  }
  return names;
}

}  // namespace lastgood::guard
