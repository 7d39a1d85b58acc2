// Whether a namespace would reject the pods of a template by its pod security standard.
//
// The standard applies to pods. For a Deployment the API server only warns:
//   would violate PodSecurity "restricted:latest": runAsNonRoot != true (...)
// It also warns if the namespace only has a label that asks for warnings. So the label of the
// enforced standard decides. If the namespace asks for warnings of a weaker standard than it
// enforces, the API server does not tell what the enforced one forbids.
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

// The first warning about pod security; null if there is none. If there is one, the Namespace must
// be read.
[[nodiscard]] const std::string* pod_security_warning(const std::vector<std::string>& texts);

// For example: violates PodSecurity "restricted:latest": runAsNonRoot != true (...). Nothing if the
// namespace does not enforce the standard. If the Namespace cannot be read, the standard counts as
// enforced: a rollback whose pods are rejected would do harm.
[[nodiscard]] std::optional<std::string> enforced_violation(const AdmissionWarnings& warnings);

}  // namespace lastgood::rollback
