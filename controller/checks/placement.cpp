#include "checks/placement.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace lastgood::checks {
namespace {

constexpr std::string_view namespace_label = "namespace";
constexpr std::string_view pod_label = "pod";
constexpr std::size_t max_labels_size = 200;  // bytes in a message

const std::string* value_of(const api::StringMap& labels, std::string_view name) {
  const auto found = labels.find(name);
  return found == labels.end() ? nullptr : &found->second.str();
}

bool is_template(std::string_view value) { return value.contains("{{"); }

// The name of a pod is that of its ReplicaSet with "-", cut to 58 bytes, and 5 letters or digits:
// k8s.io/apiserver/pkg/storage/names/generate.go.
constexpr std::size_t max_pod_base_size = 58;

bool is_pod_of(const std::string& replica_set, std::string_view pod) {
  constexpr std::size_t suffix_size = 5;
  const std::string base = (replica_set + "-").substr(0, max_pod_base_size);
  return pod.size() == base.size() + suffix_size && pod.starts_with(base) &&
         !pod.substr(base.size()).contains('-');
}

bool is_measured_pod(const std::string& pod, const Placement& placement) {
  if (!placement.replica_set.empty() && is_pod_of(placement.replica_set, pod)) return true;
  return std::ranges::find(placement.pods, pod) != placement.pods.end();
}

// The label `pod` names a pod of the Deployment that is not a measured pod. A pod with another name
// does not matter: it may be the pod of an exporter.
bool has_unmeasured_pod(const api::StringMap& labels, const Placement& placement) {
  const std::string* const pod = value_of(labels, pod_label);
  if (!pod || placement.deployment.empty() || placement.match_labels.contains("pod")) return false;
  return pod->starts_with(placement.deployment + "-") && !is_measured_pod(*pod, placement);
}

}  // namespace

Placement placement_of(const codec::QueryVariables& variables, const api::StringMap& match_labels,
                       PodLabel needed) {
  return {.namespace_ = variables.namespace_,
          .deployment = variables.deployment,
          .pods = variables.pods,
          .replica_set = variables.replica_set,
          .match_labels = match_labels,
          .pod_label = needed};
}

bool distinguishes_revisions(const Placement& placement) {
  return placement.match_labels.empty() || placement.pod_label == PodLabel::Required;
}

bool has_no_pods(const Placement& placement) {
  return distinguishes_revisions(placement) && placement.pods.empty() &&
         placement.replica_set.empty();
}

bool has_labels(const api::StringMap& labels, const api::StringMap& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& one) {
    const std::string* const value = value_of(labels, one.first);
    return value && *value == one.second;
  });
}

bool matches_namespace_and_pod(const api::StringMap& labels, const Placement& placement) {
  const std::string* const namespace_ = value_of(labels, namespace_label);
  const std::string* const pod = value_of(labels, pod_label);
  return namespace_ && *namespace_ == placement.namespace_ && pod &&
         is_measured_pod(*pod, placement);
}

bool may_be_pod_of(const std::string& deployment, std::string_view pod) {
  const std::string prefix = (deployment + "-").substr(0, max_pod_base_size);
  return pod.starts_with(prefix) && std::ranges::count(pod.substr(prefix.size()), '-') <= 1;
}

bool pod_label_names_measured_pod(const api::StringMap& labels, const Placement& placement) {
  const std::string* const pod = value_of(labels, pod_label);
  return pod && !placement.match_labels.contains(std::string(pod_label)) &&
         is_measured_pod(*pod, placement);
}

bool is_placed(const api::StringMap& labels, const Placement& placement) {
  if (placement.match_labels.empty()) return matches_namespace_and_pod(labels, placement);
  if (has_unmeasured_pod(labels, placement)) return false;
  if (distinguishes_revisions(placement) && !pod_label_names_measured_pod(labels, placement))
    return false;
  const std::string* const namespace_ = value_of(labels, namespace_label);
  const bool is_in_namespace = namespace_ && *namespace_ == placement.namespace_;
  const bool names_namespace = value_of(placement.match_labels, namespace_label) != nullptr;
  if (namespace_ && !is_in_namespace && !names_namespace) return false;
  return has_labels(labels, placement.match_labels);
}

std::vector<std::string> needed_labels(const Placement& placement) {
  if (placement.match_labels.empty()) return {std::string(namespace_label), std::string(pod_label)};
  std::vector<std::string> names;
  for (const auto& [name, value] : placement.match_labels) names.push_back(name);
  if (distinguishes_revisions(placement)) names.emplace_back(pod_label);
  return names;
}

std::optional<std::string> removed_label(std::span<const api::StringMap* const> series,
                                         const Placement& placement) {
  if (series.empty()) return {};
  for (const std::string& name : needed_labels(placement)) {
    const bool has_one = std::ranges::any_of(
        series, [&](const api::StringMap* labels) { return labels->contains(name); });
    if (!has_one) return name;
  }
  return {};
}

std::optional<Placement> placement_for_rule(Placement placement,
                                            const api::StringMap& rule_labels) {
  for (const auto& [name, value] : rule_labels) {
    const auto wanted = placement.match_labels.find(name);
    if (wanted == placement.match_labels.end() || is_template(value)) continue;
    if (wanted->second != value) return {};
    placement.match_labels.erase(wanted);
  }
  return placement;
}

std::optional<std::string> templated_label(const api::StringMap& rule_labels,
                                           const Placement& placement) {
  for (const auto& [name, value] : rule_labels) {
    if (is_template(value) && placement.match_labels.contains(name)) return name;
  }
  return {};
}

std::string text_of(const api::StringMap& labels, const Placement& placement) {
  std::string text;
  const auto add = [&](const std::string& name, const std::string& value) {
    if (text.size() < max_labels_size)
      text += fmt::format("{}{}={}", text.empty() ? "" : ", ", clip(name, 64), in_quotes(value));
  };
  const std::vector<std::string> first = needed_labels(placement);
  for (const std::string& name : first) {
    if (const std::string* const value = value_of(labels, name)) add(name, *value);
  }
  for (const auto& [name, value] : labels) {
    const bool is_first = std::ranges::find(first, name) != first.end();
    if (!is_first && name != "__name__") add(name, value);
  }
  return clip(on_one_line("{" + text + "}", ' '), max_labels_size);
}

std::string text_of(const Placement& placement) {
  if (!placement.match_labels.empty()) {
    return text_of(placement.match_labels, placement) +
           (distinguishes_revisions(placement) ? " with a pod of the revision" : "");
  }
  if (!placement.replica_set.empty()) return "the pods of " + placement.replica_set;
  if (placement.pods.size() == 1) return "the pod of the revision";
  return fmt::format("the {} pods of the revision", placement.pods.size());
}

}  // namespace lastgood::checks
