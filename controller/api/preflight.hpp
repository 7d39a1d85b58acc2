// Facts about a Deployment that only requests to the API server show: the result of the last
// preflight, and the author of the current template.
#pragma once

#include <cstdint>
#include <string>

#include "api/meta.hpp"
#include "api/reasons.hpp"

namespace lastgood::api {

// Whether a rollback to `target` would work.
struct Preflight {
  ConditionStatus ready = ConditionStatus::Unknown;
  Reason reason = Reason::None;  // one of those with ReasonPlace::Preflight
  std::string message;           // for users; quotes the API server where it decided
  std::int64_t generation = 0;   // of the Deployment that was read
  std::string target;            // name of the ControllerRevision with the snapshot
  Time at;
  bool operator==(const Preflight&) const = default;
};

// The field manager that wrote the current template.
struct TemplateAuthor {
  std::string name;      // "Argo CD (argocd-controller)", "kubectl-client-side-apply"
  bool is_tool = false;  // applies its own state again, or is not known to be used by users
  bool operator==(const TemplateAuthor&) const = default;
};

}  // namespace lastgood::api
