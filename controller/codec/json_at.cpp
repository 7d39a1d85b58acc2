#include "codec/json_at.hpp"

namespace lastgood::codec {

namespace {

const Json& empty_object() {
  static const Json value = Json::object();
  return value;
}

const Json& empty_array() {
  static const Json value = Json::array();
  return value;
}

}  // namespace

const Json* find(const Json& object, JsonPath path) {
  const Json* value = &object;
  for (const auto key : path) {
    if (!value->is_object()) return nullptr;
    const auto found = value->find(key);
    if (found == value->end()) return nullptr;
    value = &*found;
  }
  return value;
}

std::string text_at(const Json& object, JsonPath path) {
  const auto* found = find(object, path);
  return found && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t number_at(const Json& object, JsonPath path) {
  const auto* found = find(object, path);
  return found && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

const Json& object_at(const Json& object, JsonPath path) {
  const auto* found = find(object, path);
  return found && found->is_object() ? *found : empty_object();
}

const Json& array_at(const Json& object, JsonPath path) {
  const auto* found = find(object, path);
  return found && found->is_array() ? *found : empty_array();
}

}  // namespace lastgood::codec
