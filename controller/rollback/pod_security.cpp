#include "rollback/pod_security.hpp"

#include <algorithm>
#include <string_view>

#include "rollback/deployment_json.hpp"

namespace lastgood::rollback {
namespace {

constexpr std::string_view would_violate = "would violate PodSecurity \"";

// For example "restricted". The version after the colon does not matter.
std::string level_of(std::string_view warning) {
  const auto begin = warning.find(would_violate) + would_violate.size();
  return std::string(warning.substr(begin, warning.find_first_of(":\"", begin) - begin));
}

}  // namespace

const std::string* pod_security_warning(const std::vector<std::string>& texts) {
  const auto found = std::ranges::find_if(
      texts, [](const std::string& text) { return text.contains(would_violate); });
  return found == texts.end() ? nullptr : &*found;
}

std::optional<std::string> enforced_violation(const AdmissionWarnings& warnings) {
  const std::string* warning = pod_security_warning(warnings.texts);
  if (!warning) return std::nullopt;
  const auto& object = warnings.namespace_;
  const bool is_known = object && object->has_value();
  if (is_known &&
      text_at(**object, {"metadata", "labels", enforced_standard_label}) != level_of(*warning))
    return std::nullopt;
  return "violates" + warning->substr(warning->find(" PodSecurity"));
}

}  // namespace lastgood::rollback
