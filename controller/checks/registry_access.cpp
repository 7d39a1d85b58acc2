#include "checks/registry_access.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "checks/container.hpp"
#include "checks/message.hpp"

namespace lastgood::checks {
namespace {

using api::ContainerState;
using api::Pod;
using api::Reason;

bool is_access_denied(const ContainerState& container) {
  constexpr std::array<std::string_view, 8> errors{"401 Unauthorized",
                                                   "403 Forbidden",
                                                   "unauthorized:",
                                                   "authentication required",
                                                   "no basic auth credentials",
                                                   "authorization failed",
                                                   "token has expired",
                                                   "access denied"};
  return lacks_image(container) && std::ranges::any_of(errors, [&](std::string_view error) {
           return container.waiting_message.contains(error);
         });
}

bool may_not_exist(const ContainerState& container) {
  return container.waiting_message.contains("does not exist");
}

// The baseline pulled an image from the same registry. If the repository may be missing, it must be
// the same repository.
bool was_allowed_before(const ContainerState& denied, std::span<const Pod> baseline_pods) {
  const auto is_like = [&](const ContainerState& old) {
    if (old.image_id.empty()) return false;
    return may_not_exist(denied) ? repository_of(old.image) == repository_of(denied.image)
                                 : registry_of(old.image) == registry_of(denied.image);
  };
  return std::ranges::any_of(
      baseline_pods, [&](const Pod& pod) { return find_container({&pod}, is_like).has_value(); });
}

// The host name may also be misspelt. It is not if was_allowed_before() is true.
bool is_name_not_resolved(const ContainerState& container) {
  return lacks_image(container) && container.waiting_message.contains("no such host");
}

bool is_excused(const ContainerState& container, std::span<const Pod> baseline_pods) {
  return (is_access_denied(container) || is_name_not_resolved(container)) &&
         was_allowed_before(container, baseline_pods);
}

}  // namespace

std::string registry_of(std::string_view image) {
  const std::string_view first = image.substr(0, image.find('/'));
  const bool is_host = first.size() < image.size() &&
                       (first.contains('.') || first.contains(':') || first == "localhost");
  return is_host ? std::string(first) : "docker.io";
}

std::string repository_of(std::string_view image) {
  image = image.substr(0, image.find('@'));
  const auto colon = image.rfind(':');
  const bool is_tag = colon != std::string_view::npos && !image.substr(colon).contains('/');
  return std::string(is_tag ? image.substr(0, colon) : image);
}

api::Measurement excuse_registry(api::Measurement failure, std::span<const Pod> pods,
                                 std::span<const Pod> baseline_pods) {
  const bool is_at_deadline = failure.reason == Reason::ProgressDeadlineExceeded;
  if (failure.result != api::MeasurementResult::Fail ||
      (failure.reason != Reason::ImagePull && !is_at_deadline))
    return failure;
  const Pod* example = nullptr;
  for (const Pod& pod : pods) {
    if (!is_pod_active(pod) || pod.ready) continue;
    const auto lacking = find_container({&pod}, lacks_image);
    if (!lacking || !is_excused(lacking->container, baseline_pods)) return failure;
    if (!example) example = &pod;
  }
  if (!example) return failure;
  const ContainerState& container = find_container({example}, lacks_image)->container;
  const bool is_denied = is_access_denied(container);
  failure.reason = is_denied ? Reason::RegistryAccessDenied : Reason::RegistryUnavailable;
  failure.message = clip(
      fmt::format("pod {}, container {}: {}: {}. The old pods pulled images from this registry, so "
                  "{}; the check waits for the progress deadline",
                  example->meta.key.name, container.name, container.waiting_reason,
                  container.waiting_message,
                  is_denied ? "the login has probably expired" : "its host name is right"),
      max_message_size);
  if (is_at_deadline) return failure;
  failure.result = api::MeasurementResult::Unknown;
  failure.immediate = false;
  failure.min_failing_time = Duration::zero();
  return failure;
}

}  // namespace lastgood::checks
