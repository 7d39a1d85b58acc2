#include "rollback/managers.hpp"

#include <array>
#include <string_view>
#include <vector>

#include "api/constants.hpp"
#include "rollback/deployment_json.hpp"

namespace lastgood::rollback {

using codec::Json;

namespace {

using Keys = std::vector<std::string_view>;

const Keys& template_path() {
  static const Keys path{"f:spec", "f:template"};
  return path;
}

const Keys& last_applied_path() {
  static const Keys path{"f:metadata", "f:annotations",
                         "f:kubectl.kubernetes.io/last-applied-configuration"};
  return path;
}

std::vector<const Keys*> paths_of(Scope scope) {
  if (scope == Scope::TemplateOnly) return {&template_path()};
  return {&template_path(), &last_applied_path()};
}

// Copies the value at `path`, with its parents.
void copy_path(const Json& from, Json& to, const Keys& path, std::size_t depth = 0) {
  if (!from.is_object()) return;
  const auto found = from.find(path[depth]);
  if (found == from.end()) return;
  const std::string key(path[depth]);
  if (depth + 1 == path.size()) {
    to[key] = *found;
    return;
  }
  Json child = to.contains(key) ? to[key] : Json::object();
  copy_path(*found, child, path, depth + 1);
  if (!child.empty()) to[key] = std::move(child);
}

// True if only "." is left: the manager owns the object itself, but none of its fields.
bool has_only_itself(const Json& fields) {
  return fields.is_object() && fields.size() == 1 && fields.contains(".");
}

// Erases the value at `path`, and each parent that becomes empty.
void erase_path(Json& fields, const Keys& path, std::size_t depth = 0) {
  if (!fields.is_object()) return;
  const auto found = fields.find(path[depth]);
  if (found == fields.end()) return;
  if (depth + 1 < path.size()) {
    if (found->empty()) return;
    erase_path(*found, path, depth + 1);
    if (has_only_itself(*found))
      *found = Json::object();
    else if (found->empty())
      fields.erase(found);
    return;
  }
  fields.erase(found);
}

}  // namespace

Json within(const Json& fields, Scope scope) {
  Json out = Json::object();
  for (const auto* path : paths_of(scope)) copy_path(fields, out, *path);
  return out;
}

Json outside(const Json& fields, Scope scope) {
  Json out = fields.is_object() ? fields : Json::object();
  for (const auto* path : paths_of(scope)) erase_path(out, *path);
  return out;
}

Json joined(Json fields, const Json& more) {
  if (!fields.is_object() || !more.is_object()) return fields;
  // One set is {}: it owns only the object itself. The other one owns fields of the object.
  if (more.empty() != fields.empty()) fields["."] = Json::object();
  for (const auto& [key, value] : more.items()) {
    const auto found = fields.find(key);
    if (found == fields.end())
      fields[key] = value;
    else
      *found = joined(std::move(*found), value);
  }
  return fields;
}

std::string identity(const Json& entry) {
  return Json::array({text_at(entry, {"manager"}), text_at(entry, {"operation"}),
                      text_at(entry, {"apiVersion"}), text_at(entry, {"subresource"})})
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_own_entry(const Json& entry) { return text_at(entry, {"manager"}) == api::field_manager; }
bool is_status_entry(const Json& entry) { return text_at(entry, {"subresource"}) == "status"; }

}  // namespace lastgood::rollback
