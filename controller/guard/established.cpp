#include "guard/established.hpp"

#include <algorithm>
#include <ranges>

#include "api/find_check.hpp"

namespace lastgood::guard {

using api::MeasurementResult;
using api::PassedCheck;

namespace {

constexpr std::size_t max_revisions_for_each = 2;
constexpr std::size_t max_passed_checks = 40;

constexpr char separator = '/';  // between the config hash and the question

bool is_pass_of(const PassedCheck& passed, const std::string& config_hash) {
  return passed.config_hash == config_hash ||
         passed.config_hash.starts_with(config_hash + separator);
}

bool has_check(const api::PolicySpec& spec, const PassedCheck& passed) {
  return std::ranges::any_of(spec.checks, [&](const api::Check& check) {
    return is_pass_of(passed, api::config_hash_of(check.kind));
  });
}

// Removes the oldest entry that no check of the policy needs, else the oldest one.
void remove_one(std::vector<PassedCheck>& passed, const api::PolicySpec& spec) {
  const auto oldest_first = std::views::reverse(passed);
  const auto not_needed = std::ranges::find_if(
      oldest_first, [&](const PassedCheck& one) { return !has_check(spec, one); });
  passed.erase(not_needed == oldest_first.end() ? std::prev(passed.end())
                                                : std::prev(not_needed.base()));
}

}  // namespace

std::string passed_hash(const std::string& config_hash, const std::string& question) {
  return question.empty() ? config_hash : config_hash + separator + question;
}

void record_pass(api::GuardStatus& guard, PassedCheck passed, const api::PolicySpec& spec) {
  if (has_passed_for(guard, passed.config_hash, passed.revision)) return;
  std::size_t kept = 1;  // the new entry
  std::erase_if(guard.passed_checks, [&](const PassedCheck& one) {
    return one.config_hash == passed.config_hash && ++kept > max_revisions_for_each;
  });
  guard.passed_checks.insert(guard.passed_checks.begin(), std::move(passed));
  while (guard.passed_checks.size() > max_passed_checks) remove_one(guard.passed_checks, spec);
}

void record_passes(api::GuardStatus& guard, std::span<const api::Measurement> measurements,
                   const api::PolicySpec& spec) {
  // In the order of the policy: the order in which results arrive does not matter.
  for (const api::Check& check : spec.checks) {
    for (const api::Measurement& measurement : measurements) {
      if (measurement.check != check.name) continue;
      const auto record = [&](const TemplateHash& revision) {
        record_pass(
            guard,
            {.check = check.name,
             .config_hash = passed_hash(api::config_hash_of(check.kind), measurement.question),
             .revision = revision},
            spec);
      };
      const auto& baseline = measurement.baseline;
      if (baseline && baseline->result == MeasurementResult::Pass &&
          !measurement.baseline_revision.empty())
        record(measurement.baseline_revision);
      if (measurement.result == MeasurementResult::Pass && guard.current && guard.rolled_out)
        record(guard.current->hash);
    }
  }
}

bool has_passed(const api::GuardStatus& guard, const std::string& config_hash) {
  return std::ranges::any_of(guard.passed_checks,
                             [&](const PassedCheck& one) { return is_pass_of(one, config_hash); });
}

bool has_passed_for(const api::GuardStatus& guard, const std::string& config_hash,
                    const TemplateHash& revision) {
  return std::ranges::any_of(guard.passed_checks, [&](const PassedCheck& one) {
    return is_pass_of(one, config_hash) && one.revision == revision;
  });
}

bool is_established(const api::GuardStatus& guard, const api::CheckStatus& check) {
  if (check.name == api::rollout_check) return true;
  return std::ranges::any_of(guard.passed_checks, [&](const PassedCheck& one) {
    return is_pass_of(one, passed_hash(check.config_hash, check.question)) &&
           !(guard.current && one.revision == guard.current->hash);
  });
}

bool may_be_wrong(const api::GuardStatus& guard, const api::CheckStatus& check) {
  return check.consecutive_failures > 0 && check.name != api::rollout_check &&
         !has_passed(guard, passed_hash(check.config_hash, check.question));
}

std::vector<api::CheckStatus> credible_checks(const api::GuardStatus& guard) {
  std::vector<api::CheckStatus> checks = guard.checks;
  std::erase_if(checks, [&](const api::CheckStatus& one) { return may_be_wrong(guard, one); });
  return checks;
}

std::vector<std::string> passed_for_current(const api::GuardStatus& guard,
                                            const api::PolicySpec& spec) {
  std::vector<std::string> names;
  if (!guard.current || !guard.rolled_out) return names;
  for (const api::Check& check : spec.checks) {
    if (has_passed_for(guard, api::config_hash_of(check.kind), guard.current->hash))
      names.push_back(check.name);
  }
  return names;
}

std::vector<std::string> not_established(const api::GuardStatus& guard,
                                         const api::PolicySpec& spec) {
  std::vector<std::string> names;
  for (const api::Check& check : spec.checks) {
    api::CheckStatus unproven{.name = check.name, .config_hash = api::config_hash_of(check.kind)};
    const api::CheckStatus* measured = api::find_check(guard.checks, check.name);
    if (measured && measured->config_hash == unproven.config_hash)
      unproven.question = measured->question;
    if (!is_established(guard, unproven)) names.push_back(check.name);
  }
  return names;
}

}  // namespace lastgood::guard
