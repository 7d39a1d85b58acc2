// Why the API server did not accept a template patch. One HTTP status has several causes: 403 is a
// missing permission or an admission policy, and 422 is an invalid template or a patch whose test
// failed because the Deployment has changed. Only the message of the server tells them apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lastgood::rollback {

enum class PatchFailure : std::uint8_t {
  Conflict,         // a test operation failed, or the Deployment is gone: read it again
  Forbidden,        // the controller lacks a permission
  AdmissionDenied,  // validation or admission rejects the template
  Temporary,        // the server or a webhook is busy, broken or unreachable: try again
};

//   error                                            PatchFailure
//   404, 409                                         Conflict
//   422 "the server rejected our request ..."        Conflict
//   422 otherwise                                    AdmissionDenied
//   403 'User "..." cannot patch resource ...'       Forbidden
//   403 otherwise                                    AdmissionDenied
//   "admission webhook ... denied the request"       AdmissionDenied, with any status
//   "admission webhook ... does not support dry run" Temporary
//   401, 408, 410, 429, 5xx, no response             Temporary
//   other 4xx                                        AdmissionDenied
[[nodiscard]] PatchFailure classify(const Error& error);

// The permission in a message of the RBAC authorizer: "patch deployments.apps in namespace shop".
// Nothing if the message is not from the authorizer.
[[nodiscard]] std::optional<std::string> missing_permission(std::string_view message);

}  // namespace lastgood::rollback
