// A registry that does not serve the images of a release, although the old pods pulled from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/measurement.hpp"
#include "api/workload.hpp"

namespace lastgood::checks {

// The host of the registry, for example "docker.io" for "app:v1".
[[nodiscard]] std::string registry_of(std::string_view image);
// The image without tag and digest.
[[nodiscard]] std::string repository_of(std::string_view image);

// Changes a Fail with reason ImagePull to Unknown if a pod of the baseline pulled an image from the
// same registry, and each pod that lacks an image has one of these problems:
//
//   RegistryAccessDenied  the registry denies access (401 or 403): probably a login has expired. If
//                         it says that the repository may not exist, the baseline must have pulled
//                         from the same repository.
//   RegistryUnavailable   the host name of the registry does not resolve
//
// The release is not the cause, so the check waits for the progress deadline. A Fail with reason
// ProgressDeadlineExceeded stays a Fail, and gets the reason of the problem.
[[nodiscard]] api::Measurement excuse_registry(api::Measurement failure,
                                               std::span<const api::Pod> pods,
                                               std::span<const api::Pod> baseline_pods);

}  // namespace lastgood::checks
