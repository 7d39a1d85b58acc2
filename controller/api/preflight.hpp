// What was last found out on the server beside a Deployment's own fields: whether a rollback would
// work now, and who put the present template there.
#pragma once

#include <cstdint>
#include <string>

#include "api/meta.hpp"
#include "api/reasons.hpp"

namespace lastgood::api {

struct Preflight {
  ConditionStatus ready = ConditionStatus::Unknown;
  Reason reason =
      Reason::None;  // Ready, MissingReference, Refused, Forbidden, SnapshotInvalid, ...
  std::string
      message;  // for a person: what is missing, in the server's words where it was the server
  std::int64_t generation = 0;  // of the Deployment that was on the server then
  std::string target;           // name of the ControllerRevision that would be put back
  Time at;
  bool operator==(const Preflight&) const = default;
};

// Who put the present template there.
struct Author {
  std::string name;  // "Argo CD (argocd-controller)", "kubectl-client-side-apply"
  bool is_machine =
      false;  // a tool that puts back what it has; anything that is not known to be a person's
  bool operator==(const Author&) const = default;
};

}  // namespace lastgood::api
