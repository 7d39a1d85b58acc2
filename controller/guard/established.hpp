// Established checks. A check may cause a rollback only if it has passed, with the same
// configuration, for another revision of the Deployment. Otherwise the check itself may be wrong.
//
//   a check passes                                         recorded for
//   for the current revision, after its rollout            the current revision
//   for pods of another revision, during a release         that revision
//   for the current revision, in state Idle                the current revision
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"

namespace lastgood::guard {

// The config hash under which a pass is recorded. If the policy alone does not say what was
// measured, the question is appended (see api::Measurement::question): the pass of a rule does not
// establish another rule of the same name. has_passed() and has_passed_for() also take a config
// hash without a question, which then matches the passes of each question.
[[nodiscard]] std::string passed_hash(const std::string& config_hash, const std::string& question);

// Records that a check with this configuration passed for a revision. The list has at most the last
// two revisions of each configuration. If the list is too long, entries of configurations that
// `spec` does not have are removed first.
void record_pass(api::GuardStatus& guard, api::PassedCheck passed, const api::PolicySpec& spec);

// Records the passes of the evaluated revision, if its rollout was complete, and of the baselines.
void record_passes(api::GuardStatus& guard, std::span<const api::Measurement> measurements,
                   const api::PolicySpec& spec);

[[nodiscard]] bool has_passed(const api::GuardStatus& guard, const std::string& config_hash);
[[nodiscard]] bool has_passed_for(const api::GuardStatus& guard, const std::string& config_hash,
                                  const TemplateHash& revision);

// The check has passed for another revision than the current one. Always true for the rollout.
[[nodiscard]] bool is_established(const api::GuardStatus& guard, const api::CheckStatus& check);

// The check fails and has passed for no revision, so it may be wrong. Never true for the rollout.
[[nodiscard]] bool may_be_wrong(const api::GuardStatus& guard, const api::CheckStatus& check);
// guard.checks without those that may be wrong, because a wrong check says nothing about a restored
// revision.
[[nodiscard]] std::vector<api::CheckStatus> credible_checks(const api::GuardStatus& guard);

// The checks of `spec` that have passed for the current revision, by name. None before its
// rollout is complete: a revision that is applied again may have passed long ago.
[[nodiscard]] std::vector<std::string> passed_for_current(const api::GuardStatus& guard,
                                                          const api::PolicySpec& spec);

// The checks of `spec` that are not established, by name.
[[nodiscard]] std::vector<std::string> not_established(const api::GuardStatus& guard,
                                                       const api::PolicySpec& spec);

}  // namespace lastgood::guard
