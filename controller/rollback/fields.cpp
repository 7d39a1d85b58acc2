#include "rollback/fields.hpp"

#include <fmt/format.h>

#include "rollback/keep.hpp"

namespace lastgood::rollback {

using api::Json;

namespace {

const Json& empty_object() {
  static const Json value = Json::object();
  return value;
}

const Json& empty_array() {
  static const Json value = Json::array();
  return value;
}

Json normal(const Json& value) {
  if (value.is_array()) {
    Json out = Json::array();
    for (const auto& one : value) out.push_back(normal(one));
    return out;
  }
  if (!value.is_object()) return value;
  Json out = Json::object();
  for (const auto& [key, one] : value.items())
    if (!one.is_null()) out[key] = normal(one);
  return out;
}

std::string percent_encoded(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

const Json* find(const Json& object, Path path) {
  const Json* at = &object;
  for (const auto key : path) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(key);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

std::string text_at(const Json& object, Path path) {
  const auto* found = find(object, path);
  return found && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t number_at(const Json& object, Path path) {
  const auto* found = find(object, path);
  return found && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

const Json& object_at(const Json& object, Path path) {
  const auto* found = find(object, path);
  return found && found->is_object() ? *found : empty_object();
}

const Json& array_at(const Json& object, Path path) {
  const auto* found = find(object, path);
  return found && found->is_array() ? *found : empty_array();
}

Json without_template_hash(Json pod_template) {
  if (!find(pod_template, {"metadata", "labels", "pod-template-hash"})) return pod_template;
  pod_template["metadata"]["labels"].erase("pod-template-hash");
  return pod_template;
}

Json comparable(const Json& pod_template) {
  Json out = without_template_hash(normal(pod_template));
  const auto meta = out.find("metadata");
  if (meta == out.end() || !meta->is_object()) return out;
  for (const char* key : {"labels", "annotations"})
    if (meta->contains(key) && (*meta)[key].empty()) meta->erase(key);
  if (meta->empty()) out.erase(meta);
  return out;
}

bool same_template(const Json& a, const Json& b) { return comparable(a) == comparable(b); }

std::string dumped(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string patch_target(const Json& live) {
  return fmt::format("/apis/apps/v1/namespaces/{}/deployments/{}?fieldManager={}",
                     percent_encoded(text_at(live, {"metadata", "namespace"})),
                     percent_encoded(text_at(live, {"metadata", "name"})), field_manager);
}

}  // namespace lastgood::rollback
