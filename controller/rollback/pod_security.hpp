// Whether a namespace would reject the pods of a template by its pod security standard.
//
// The standard applies to pods. For a Deployment the API server only warns:
//   would violate PodSecurity "restricted:latest": runAsNonRoot != true (...)
// It also warns if the namespace enforces no standard and only has a label that asks for warnings.
// So the label of the enforced standard decides whether the pods would be rejected. If the
// namespace asks for warnings of a weaker standard than it enforces, violations of only the
// enforced standard stay unknown, because the API server does not report them.
// https://kubernetes.io/docs/concepts/security/pod-security-admission/
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codec/json.hpp"

namespace lastgood::rollback {

inline constexpr const char* enforced_standard_label = "pod-security.kubernetes.io/enforce";

// The warnings of the dry run, and the Namespace if one of them is about pod security.
struct AdmissionWarnings {
  std::vector<std::string> texts = {};
  std::optional<Result<codec::Json>> namespace_ = {};
};

// The first warning about pod security; null if there is none. After such a warning, the Namespace
// must be read for its label.
[[nodiscard]] const std::string* pod_security_warning(const std::vector<std::string>& texts);

// For example: violates PodSecurity "restricted:latest": runAsNonRoot != true (...). Nothing if the
// namespace does not enforce the standard. If the Namespace cannot be read, the standard counts as
// enforced: a rollback whose pods are rejected would do harm.
[[nodiscard]] std::optional<std::string> enforced_violation(const AdmissionWarnings& warnings);

}  // namespace lastgood::rollback
