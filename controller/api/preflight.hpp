// Facts about a Deployment that need requests to the API server: the result of the last preflight,
// and the author of the current template.
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
  std::string message;           // for users; may quote the API server
  std::int64_t generation = 0;   // of the Deployment that was read
  std::string target;            // name of the ControllerRevision with the snapshot
  Time at;
  // The containers of the target's template and of the present template name the same images.
  bool same_images = false;
  bool operator==(const Preflight&) const = default;
};

// The field manager that wrote the current template.
struct TemplateAuthor {
  std::string name;      // "Argo CD (argocd-controller)", "kubectl-client-side-apply"
  bool is_tool = false;  // a tool such as Argo CD, or a manager of unknown kind; false: a user
  bool operator==(const TemplateAuthor&) const = default;
};

}  // namespace lastgood::api
