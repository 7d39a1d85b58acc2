#include "policy/author.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "base/time.hpp"
#include "codec/json_at.hpp"

namespace lastgood::policy {
namespace {

using codec::find;
using codec::Json;
using codec::text_at;

// Far more than the API server keeps of those that update; of those that apply there is one for
// each tool.
constexpr std::size_t max_entries = 512;
constexpr std::size_t max_manager = 128;
constexpr std::size_t max_instance = 63;
constexpr std::string_view own_manager = "lastgood";
// Nobody: what the API server writes for fields from before it kept account of them.
constexpr std::string_view before_account = "before-first-apply";

struct Tool {
  std::string_view name;                   // as people call it
  std::string_view instance;               // what it calls that which it brings here
  std::vector<std::string_view> managers;  // under which it writes
  std::string (*instance_of)(const Json& deployment);
};

std::string label(const Json& deployment, std::string_view key) {
  return text_at(deployment, {"metadata", "labels", key});
}
std::string annotation(const Json& deployment, std::string_view key) {
  return text_at(deployment, {"metadata", "annotations", key});
}

// The annotation reads "APPLICATION:GROUP/KIND:NAMESPACE/NAME".
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
  const bool is_helms = label(deployment, "app.kubernetes.io/managed-by") == "Helm";
  return is_helms ? annotation(deployment, "meta.helm.sh/release-name") : "";
}

// Helm last: what a chart was unpacked from stays on what others brought.
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

// A browser names itself to whatever it reaches the API server through, and argocd-server is where
// a person edits what Argo CD shows.
bool is_persons_tool(std::string_view manager) {
  constexpr std::array begin{"kubectl-", "mozilla"};
  constexpr std::array are{"kubectl",  "k9s",    "lens",      "openlens",      "freelens",
                           "headlamp", "octant", "dashboard", "dashboard-api", "argocd-server"};
  const std::string lower = lowered(manager);
  return std::ranges::find(are, lower) != are.end() ||
         std::ranges::any_of(begin, [&](std::string_view name) { return lower.starts_with(name); });
}

// Bounded, and on one line: an annotation may hold anything.
std::string plain(std::string_view text, std::size_t max) {
  return on_one_line(clip(text, max), '?');
}

std::string of_instance(const Tool& tool, const Json& deployment) {
  const std::string instance = tool.instance_of(deployment);
  return instance.empty() ? ""
                          : fmt::format(", {} {}", tool.instance, plain(instance, max_instance));
}

api::Author machine(const std::string& manager, const Json& deployment) {
  const std::string by = plain(manager, max_manager);
  for (const Tool& tool : tools()) {
    if (std::ranges::find(tool.managers, manager) == tool.managers.end()) continue;
    return {.name = fmt::format("{} ({}{})", tool.name, by, of_instance(tool, deployment)),
            .is_machine = true};
  }
  for (const Tool& tool : tools()) {
    const std::string instance = of_instance(tool, deployment);
    if (!instance.empty())
      return {.name = fmt::format("{} (tracked by {}{})", by, tool.name, instance),
              .is_machine = true};
  }
  return {.name = by, .is_machine = true};
}

api::Author author_for(const std::string& manager, const Json& deployment) {
  if (is_persons_tool(manager)) return {.name = plain(manager, max_manager), .is_machine = false};
  return machine(manager, deployment);
}

struct Writer {
  std::string manager;
  Time at = Time::min();  // of an entry without a time that can be read: before all others
  bool is_ours = false;
  bool is_person = false;
};

std::optional<Writer> writer_of(const Json& entry) {
  const Json* owned = find(entry, {"fieldsV1", "f:spec", "f:template"});
  std::string manager = text_at(entry, {"manager"});
  const bool is_nobody =
      manager.empty() || manager == before_account || !text_at(entry, {"subresource"}).empty();
  if (is_nobody || !owned || !owned->is_object()) return std::nullopt;
  Writer out{.is_ours = manager == own_manager, .is_person = is_persons_tool(manager)};
  if (const auto at = parse_rfc3339(text_at(entry, {"time"}))) out.at = *at;
  out.manager = std::move(manager);
  return out;
}

bool comes_before(const Writer& a, const Writer& b) {
  if (a.is_ours != b.is_ours) return a.is_ours;
  if (a.at != b.at) return a.at < b.at;
  return a.is_person && !b.is_person;
}

}  // namespace

std::optional<api::Author> author_of(const Json& live_deployment) {
  const Json* entries = find(live_deployment, {"metadata", "managedFields"});
  if (!entries || !entries->is_array()) return std::nullopt;
  std::vector<Writer> writers;
  for (std::size_t i = 0; i < std::min(entries->size(), max_entries); ++i) {
    if (auto writer = writer_of((*entries)[i])) writers.push_back(std::move(*writer));
  }
  const auto last = std::ranges::max_element(writers, comes_before);
  if (last == writers.end()) return std::nullopt;
  return author_for(last->manager, live_deployment);
}

}  // namespace lastgood::policy
