#include "rollback/ownership.hpp"

#include <algorithm>
#include <map>

#include "api/constants.hpp"
#include "rollback/fields.hpp"
#include "rollback/managers.hpp"
#include "rollback/patch.hpp"

namespace lastgood::rollback {

using codec::Json;

namespace {

// The annotation is given back where it was kept. Otherwise it is nobody's that did not write it;
// there being none, it has no owner.
Scope scope_of(const Json& live, const Snapshot& kept) {
  const bool has_annotation =
      find(live, {"metadata", "annotations", api::annotation::last_applied}) != nullptr;
  return kept.last_applied && has_annotation ? Scope::TemplateAndLastApplied : Scope::TemplateOnly;
}

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

Json restored_managers(const Json& live, const Snapshot& kept) {
  const auto scope = scope_of(live, kept);
  std::map<std::string, Json> owned_then;  // by identity
  for (const auto& entry : kept.managers) {
    auto fields = within(object_at(entry, {"fieldsV1"}), scope);
    if (is_ours(entry) || is_status(entry) || fields.empty()) continue;
    Json reduced = entry;
    reduced["fieldsV1"] = std::move(fields);
    owned_then[identity(entry)] = std::move(reduced);
  }

  Json out = Json::array();
  for (const auto& entry : array_at(live, {"metadata", "managedFields"})) {
    const auto& fields = object_at(entry, {"fieldsV1"});
    if (is_status(entry) || fields.empty()) {
      out.push_back(entry);
      continue;
    }
    auto restored = outside(fields, is_ours(entry) ? Scope::TemplateAndLastApplied : scope);
    if (const auto then = owned_then.extract(identity(entry)); !then.empty()) {
      auto& fields_then = then.mapped()["fieldsV1"];
      restored =
          restored.empty() ? std::move(fields_then) : joined(std::move(restored), fields_then);
    }
    if (restored.empty()) continue;
    Json changed = entry;
    changed["fieldsV1"] = std::move(restored);
    out.push_back(std::move(changed));
  }
  for (auto& [_, entry] : owned_then) out.push_back(std::move(entry));
  return out;
}

std::optional<api::ApiCall> ownership_patch(const Json& live, const Snapshot& kept) {
  const auto wanted = restored_managers(live, kept);
  if (same_entries(wanted, array_at(live, {"metadata", "managedFields"}))) return std::nullopt;
  const Json patch =
      Json::array({{{"op", "test"},
                    {"path", "/metadata/resourceVersion"},
                    {"value", text_at(live, {"metadata", "resourceVersion"})}},
                   {{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", wanted}}});
  return api::ApiCall{.verb = api::Verb::Patch,
                      .target = patch_target(live),
                      .body = dumped(patch),
                      .content_type = std::string(api::json_patch)};
}

}  // namespace lastgood::rollback
