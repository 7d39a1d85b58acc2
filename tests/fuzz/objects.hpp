// Objects of the API server, for the fuzzers of their parsers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "fuzz.hpp"
#include "kube/watch_event.hpp"

namespace lastgood::fuzz {

inline constexpr std::size_t max_error = 16 * 1024;  // bytes: an error can have the path of a field

// The object, if the text is a JSON object.
inline std::optional<codec::Json> object_of(std::string_view text) {
  auto json = codec::parse_json(text);
  if (!json || !json->is_object()) return std::nullopt;
  return std::move(*json);
}

inline std::string added(std::string_view object) {
  return R"({"type":"ADDED","object":)" + std::string(object) + "}";
}
inline std::string list_of(std::string_view object) {
  return R"({"metadata":{"resourceVersion":"1"},"items":[)" + std::string(object) + "]}";
}

// The object as an event of a watch and as the item of a list. Requires that both are the same. The
// text is valid JSON.
template <class T>
std::optional<T> watched(const std::string& object) {
  auto event = kube::parse_event<T>(added(object));
  const auto list = kube::parse_list<T>(list_of(object));
  require(event.has_value() == list.has_value(), "an event and a list have the same objects");
  if (!event) {
    require_message(event.error().message, max_error);
    return std::nullopt;
  }
  if (const auto* unreadable = std::get_if<kube::Unreadable>(&*event)) {
    require(list->unreadable.size() == 1, "a list has the same unreadable objects as a watch");
    require(list->unreadable.front().key == unreadable->key, "an unreadable object has its key");
    require_message(unreadable->error.message, max_error);
    return std::nullopt;
  }
  require(list->items.size() == 1, "a list has the same objects as a watch");
  T& object_of_event = std::get<kube::Changed<T>>(*event).object;
  require(list->items.front() == object_of_event, "an object of a list is that of a watch");
  return std::move(object_of_event);
}

}  // namespace lastgood::fuzz
