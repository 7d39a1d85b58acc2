#include "rollback/deployment_json.hpp"

#include <fmt/format.h>

#include "api/constants.hpp"
#include "base/text.hpp"

namespace lastgood::rollback {

using codec::Json;

namespace {

Json without_nulls(const Json& value) {
  if (value.is_array()) {
    Json out = Json::array();
    for (const auto& element : value) out.push_back(without_nulls(element));
    return out;
  }
  if (!value.is_object()) return value;
  Json out = Json::object();
  for (const auto& [key, member] : value.items())
    if (!member.is_null()) out[key] = without_nulls(member);
  return out;
}

}  // namespace

Json without_template_hash(Json pod_template) {
  if (!find(pod_template, {"metadata", "labels", "pod-template-hash"})) return pod_template;
  pod_template["metadata"]["labels"].erase("pod-template-hash");
  return pod_template;
}

Json normalized_template(const Json& pod_template) {
  Json out = without_template_hash(without_nulls(pod_template));
  const auto meta = out.find("metadata");
  if (meta == out.end() || !meta->is_object()) return out;
  for (const char* key : {"labels", "annotations"})
    if (meta->contains(key) && (*meta)[key].empty()) meta->erase(key);
  if (meta->empty()) out.erase(meta);
  return out;
}

bool same_template(const Json& a, const Json& b) {
  return normalized_template(a) == normalized_template(b);
}

std::string dumped(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string patch_url(const Json& live) {
  return fmt::format("/apis/apps/v1/namespaces/{}/deployments/{}?fieldManager={}",
                     percent_encoded(text_at(live, {"metadata", "namespace"})),
                     percent_encoded(text_at(live, {"metadata", "name"})), api::field_manager);
}

}  // namespace lastgood::rollback
