// A registry that denies access to the images of a release, although it gave those of the old pods.
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

// Changes a Fail with reason ImagePull to Unknown (RegistryAccessDenied), if each pod that lacks an
// image is denied access (401 or 403) and a pod of the baseline pulled an image from the same
// registry: probably a login has expired, and the release is not the cause. A registry that says
// that the repository may not exist counts only if the baseline pulled from the same repository.
//
// At the progress deadline the result is a Fail with that reason.
[[nodiscard]] api::Measurement excuse_denied_access(api::Measurement failure,
                                                    std::span<const api::Pod> pods,
                                                    std::span<const api::Pod> baseline_pods);

}  // namespace lastgood::checks
