#include "rollback/ownership.hpp"

#include <algorithm>
#include <map>

#include "api/constants.hpp"
#include "rollback/deployment_json.hpp"
#include "rollback/managers.hpp"
#include "rollback/patch.hpp"

namespace lastgood::rollback {

using codec::Json;

namespace {

// The owner of the annotation last-applied is restored only if the snapshot and the Deployment have
// the annotation. If only the Deployment has it, its present owner keeps it.
Scope scope_of(const Json& live, const Snapshot& snapshot) {
  const bool has_annotation =
      find(live, {"metadata", "annotations", api::annotation::last_applied}) != nullptr;
  return snapshot.last_applied && has_annotation ? Scope::TemplateAndLastApplied
                                                 : Scope::TemplateOnly;
}

// Compares the entries without their order.
bool same_entries(const Json& a, const Json& b) {
  std::vector<std::string> left;
  std::vector<std::string> right;
  for (const auto& entry : a) left.push_back(dumped(entry));
  for (const auto& entry : b) right.push_back(dumped(entry));
  std::ranges::sort(left);
  std::ranges::sort(right);
  return left == right;
}

}  // namespace

Json restored_managers(const Json& live, const Snapshot& snapshot) {
  const auto scope = scope_of(live, snapshot);
  std::map<std::string, Json> owned_before;  // by identity
  for (const auto& entry : snapshot.managers) {
    auto fields = within(object_at(entry, {"fieldsV1"}), scope);
    if (is_own_entry(entry) || is_status_entry(entry) || fields.empty()) continue;
    Json reduced = entry;
    reduced["fieldsV1"] = std::move(fields);
    owned_before[identity(entry)] = std::move(reduced);
  }

  Json out = Json::array();
  for (const auto& entry : array_at(live, {"metadata", "managedFields"})) {
    const auto& fields = object_at(entry, {"fieldsV1"});
    if (is_status_entry(entry) || fields.empty()) {
      out.push_back(entry);
      continue;
    }
    auto restored = outside(fields, is_own_entry(entry) ? Scope::TemplateAndLastApplied : scope);
    if (const auto before = owned_before.extract(identity(entry)); !before.empty()) {
      auto& fields_before = before.mapped()["fieldsV1"];
      restored =
          restored.empty() ? std::move(fields_before) : joined(std::move(restored), fields_before);
    }
    if (restored.empty()) continue;
    Json changed = entry;
    changed["fieldsV1"] = std::move(restored);
    out.push_back(std::move(changed));
  }
  for (auto& [_, entry] : owned_before) out.push_back(std::move(entry));
  return out;
}

std::optional<api::ApiCall> ownership_patch(const Json& live, const Snapshot& snapshot) {
  const auto wanted = restored_managers(live, snapshot);
  if (same_entries(wanted, array_at(live, {"metadata", "managedFields"}))) return std::nullopt;
  const Json patch =
      Json::array({{{"op", "test"},
                    {"path", "/metadata/resourceVersion"},
                    {"value", text_at(live, {"metadata", "resourceVersion"})}},
                   {{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", wanted}}});
  return api::ApiCall{.verb = api::Verb::Patch,
                      .target = patch_url(live),
                      .body = dumped(patch),
                      .content_type = std::string(api::json_patch)};
}

}  // namespace lastgood::rollback
