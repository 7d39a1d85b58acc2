#include "policy/template_author.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "api/constants.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "codec/json_at.hpp"

namespace lastgood::policy {
namespace {

using api::TemplateAuthor;
using codec::find;
using codec::Json;
using codec::text_at;

// More entries than a Deployment has: the API server keeps at most 10 with the operation Update,
// and one with the operation Apply for each manager.
constexpr std::size_t max_entries = 512;
constexpr std::size_t max_manager_size = 128;  // bytes
constexpr std::size_t max_instance_size = 63;  // bytes
// The API server gives this name to fields that were set before the first server-side apply.
constexpr std::string_view unknown_manager = "before-first-apply";

struct Tool {
  std::string_view name;
  std::string_view instance_kind;  // such as "application"
  std::vector<std::string_view> managers;
  std::string (*instance_of)(const Json& deployment);  // the name of the application; may be empty
};

std::string label(const Json& deployment, std::string_view key) {
  return text_at(deployment, {"metadata", "labels", key});
}
std::string annotation(const Json& deployment, std::string_view key) {
  return text_at(deployment, {"metadata", "annotations", key});
}

// The value of the annotation is "APPLICATION:GROUP/KIND:NAMESPACE/NAME".
std::string argo_application(const Json& deployment) {
  const std::string tracking = annotation(deployment, "argocd.argoproj.io/tracking-id");
  if (!tracking.empty()) return tracking.substr(0, tracking.find(':'));
  return label(deployment, "argocd.argoproj.io/instance");
}
std::string flux_kustomization(const Json& deployment) {
  return label(deployment, "kustomize.toolkit.fluxcd.io/name");
}
std::string flux_release(const Json& deployment) {
  return label(deployment, "helm.toolkit.fluxcd.io/name");
}
std::string helm_release(const Json& deployment) {
  const bool managed_by_helm = label(deployment, "app.kubernetes.io/managed-by") == "Helm";
  return managed_by_helm ? annotation(deployment, "meta.helm.sh/release-name") : "";
}

// Helm is last, because Argo CD and Flux deploy charts with Helm's labels.
const std::array<Tool, 4>& tools() {
  static const std::array<Tool, 4> all{
      Tool{"Argo CD",
           "application",
           {"argocd-controller", "argocd-application-controller"},
           argo_application},
      Tool{"Flux", "Kustomization", {"kustomize-controller"}, flux_kustomization},
      Tool{"Flux", "HelmRelease", {"helm-controller"}, flux_release},
      Tool{"Helm", "release", {"helm"}, helm_release},
  };
  return all;
}

// Every manager that is not in these lists is a tool. "Mozilla" is the user agent of a browser, and
// argocd-server writes the edits that a user makes in the UI of Argo CD.
bool is_user_manager(std::string_view manager) {
  constexpr std::array prefixes{"kubectl-", "mozilla"};
  constexpr std::array names{"kubectl",  "k9s",    "lens",      "openlens",      "freelens",
                             "headlamp", "octant", "dashboard", "dashboard-api", "argocd-server"};
  const std::string lower = lowered(manager);
  return std::ranges::find(names, lower) != names.end() ||
         std::ranges::any_of(prefixes,
                             [&](std::string_view prefix) { return lower.starts_with(prefix); });
}

// One line of at most `max` bytes, because an annotation may have any content.
std::string one_line(std::string_view text, std::size_t max) {
  return on_one_line(clip(text, max), '?');
}

std::string instance_text(const Tool& tool, const Json& deployment) {
  const std::string instance = tool.instance_of(deployment);
  if (instance.empty()) return "";
  return fmt::format(", {} {}", tool.instance_kind, one_line(instance, max_instance_size));
}

TemplateAuthor tool_author(const std::string& manager, const Json& deployment) {
  const std::string name = one_line(manager, max_manager_size);
  for (const Tool& tool : tools()) {
    if (std::ranges::find(tool.managers, manager) == tool.managers.end()) continue;
    return {.name = fmt::format("{} ({}{})", tool.name, name, instance_text(tool, deployment)),
            .is_tool = true};
  }
  for (const Tool& tool : tools()) {
    const std::string instance = instance_text(tool, deployment);
    if (!instance.empty())
      return {.name = fmt::format("{} (tracked by {}{})", name, tool.name, instance),
              .is_tool = true};
  }
  return {.name = name, .is_tool = true};
}

struct Writer {
  std::string manager;
  Time time = Time::min();  // of an entry without a valid time
  bool is_lastgood = false;
  bool is_user = false;
};

// Nothing if the entry does not own a field of the template.
std::optional<Writer> writer_of(const Json& entry) {
  const Json* owned = find(entry, {"fieldsV1", "f:spec", "f:template"});
  std::string manager = text_at(entry, {"manager"});
  const bool is_ignored =
      manager.empty() || manager == unknown_manager || !text_at(entry, {"subresource"}).empty();
  if (is_ignored || !owned || !owned->is_object()) return std::nullopt;
  Writer out{.is_lastgood = manager == api::field_manager, .is_user = is_user_manager(manager)};
  if (const auto time = parse_rfc3339(text_at(entry, {"time"}))) out.time = *time;
  out.manager = std::move(manager);
  return out;
}

bool has_lower_rank(const Writer& a, const Writer& b) {
  if (a.is_lastgood != b.is_lastgood) return a.is_lastgood;
  if (a.time != b.time) return a.time < b.time;
  return a.is_user && !b.is_user;
}

}  // namespace

std::optional<TemplateAuthor> author_of(const Json& live_deployment) {
  const Json* entries = find(live_deployment, {"metadata", "managedFields"});
  if (!entries || !entries->is_array()) return std::nullopt;
  std::vector<Writer> writers;
  for (std::size_t i = 0; i < std::min(entries->size(), max_entries); ++i) {
    if (auto writer = writer_of((*entries)[i])) writers.push_back(std::move(*writer));
  }
  const auto author = std::ranges::max_element(writers, has_lower_rank);
  if (author == writers.end()) return std::nullopt;
  if (author->is_user)
    return TemplateAuthor{.name = one_line(author->manager, max_manager_size), .is_tool = false};
  return tool_author(author->manager, live_deployment);
}

}  // namespace lastgood::policy
