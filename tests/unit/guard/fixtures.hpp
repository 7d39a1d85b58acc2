// A start time, measurements, policies, authors and ReplicaSets for the tests of guard/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/inputs.hpp"
#include "support/printers.hpp"

namespace lastgood::guard::test {

using namespace std::chrono_literals;
using namespace lastgood::testing;
using api::RevisionVerdict;
using api::RollbackPhase;

inline constexpr Time noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 24} +
                           std::chrono::hours{12}};

using Measurements = std::vector<api::Measurement>;
[[nodiscard]] api::Measurement pass(const std::string& check);
[[nodiscard]] api::Measurement fails(const std::string& check);
[[nodiscard]] api::Measurement unknown(const std::string& check);
// A failure that breaches the check at once.
[[nodiscard]] api::Measurement fails_immediately(const std::string& check);
// The check fails for the new revision, and at the same time for the baseline.
[[nodiscard]] api::Measurement fails_like_baseline(const std::string& check);
// The check fails, and failed twice for the baseline before the new revision had a pod.
[[nodiscard]] api::Measurement failed_before_release(const std::string& check);

inline const api::TemplateAuthor user{.name = "kubectl-client-side-apply"};
inline const api::TemplateAuthor tool{.name = "Argo CD (argocd-controller)", .is_tool = true};

// RollbackPolicy/web: bakeTime 10m, verifyFor 5m, one check "health" every 10s with the failure
// threshold 3.
[[nodiscard]] policy::EffectivePolicy web_policy();
// RollbackPolicy/web does not exist, but the Deployment names it.
[[nodiscard]] policy::EffectivePolicy broken_policy();

[[nodiscard]] api::Preflight failed_preflight(Reason reason, const std::string& message);

// `is_current`: the ReplicaSet has the present template of the Deployment. `number`: its revision.
// The ReplicaSet is created `number` seconds after noon.
[[nodiscard]] api::ReplicaSet replica_set(const std::string& hash, bool is_current,
                                          std::int64_t number = 1);

}  // namespace lastgood::guard::test
