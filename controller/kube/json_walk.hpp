// Reads fields from JSON while parsing it, with simdjson's On-Demand API. simdjson.h is a large
// header, so only deployment_reader.hpp, pod_reader.hpp and watch_event.cpp include this one.
//
// An object is read once, from its first to its last field. Fields that no callback reads are
// skipped. A field with the value null is treated as missing.
#pragma once

#include <simdjson.h>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "api/meta.hpp"

namespace lastgood::kube::walk {

using Value = simdjson::ondemand::value;
using Parser = simdjson::ondemand::parser;
using ErrorCode = simdjson::error_code;

// Text with at least SIMDJSON_PADDING readable bytes after its end. Does not own the bytes.
struct Padded {
  std::string_view text;
  std::size_t capacity = 0;  // bytes of `text` plus the readable bytes after it

  // `piece`, which must be a part of `text`, with the bytes after it as its padding.
  [[nodiscard]] Padded part(std::string_view piece) const {
    return {.text = piece,
            .capacity = capacity - static_cast<std::size_t>(piece.data() - text.data())};
  }
};

// Owns text with padding after its end.
class PaddedCopy {
 public:
  explicit PaddedCopy(std::string_view text) {
    text_.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    text_ = text;
  }
  // Copies only if the string has too little spare capacity.
  explicit PaddedCopy(std::string&& text) : text_(std::move(text)) {
    text_.reserve(text_.size() + simdjson::SIMDJSON_PADDING);
  }

  [[nodiscard]] Padded view() const { return {.text = text_, .capacity = text_.capacity()}; }

 private:
  std::string text_;
};

// The path of the field that could not be read, for example "spec.replicas".
class ErrorPath {
 public:
  // Prepends `field` to the path if `code` is an error. Returns `code`.
  ErrorCode record(std::string_view field, ErrorCode code) {
    if (code == simdjson::SUCCESS) return code;
    text_ = text_.empty() ? std::string(field) : std::string(field) + "." + text_;
    return code;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Calls on_field(std::string_view name, Value value) -> ErrorCode for each field that is not null.
// Stops at the first error.
template <class OnField>
ErrorCode fields(simdjson::ondemand::object object, ErrorPath& error_path, OnField&& on_field) {
  for (auto field : object) {
    std::string_view name;
    if (const ErrorCode code = field.unescaped_key().get(name)) return code;
    Value value;
    if (const ErrorCode code = field.value().get(value)) return error_path.record(name, code);
    bool is_null = false;
    if (const ErrorCode code = value.is_null().get(is_null)) return error_path.record(name, code);
    if (is_null) continue;
    if (const ErrorCode code = on_field(name, value)) return error_path.record(name, code);
  }
  return simdjson::SUCCESS;
}

template <class OnField>
ErrorCode fields(Value value, ErrorPath& error_path, OnField&& on_field) {
  simdjson::ondemand::object object;
  if (const ErrorCode code = value.get_object().get(object)) return code;
  return fields(object, error_path, on_field);
}

// Calls on_element(Value value) -> ErrorCode for each element. Stops at the first error.
template <class OnElement>
ErrorCode elements(Value value, OnElement&& on_element) {
  simdjson::ondemand::array array;
  if (const ErrorCode code = value.get_array().get(array)) return code;
  for (auto element : array) {
    Value item;
    if (const ErrorCode code = element.get(item)) return code;
    if (const ErrorCode code = on_element(item)) return code;
  }
  return simdjson::SUCCESS;
}

template <class Text>
  requires std::same_as<Text, std::string> || std::same_as<Text, InternedString>
ErrorCode read(Value value, Text& out) {
  std::string_view text;
  if (const ErrorCode code = value.get_string().get(text)) return code;
  out = text;
  return simdjson::SUCCESS;
}
inline ErrorCode read(Value value, std::int64_t& out) { return value.get_int64().get(out); }
inline ErrorCode read(Value value, bool& out) { return value.get_bool().get(out); }

// The JSON text of a value, without white space around it.
inline ErrorCode read_raw(Value value, std::string_view& out) {
  return simdjson::to_json_string(value).get(out);
}

inline ErrorCode read(Value value, api::StringMap& out, ErrorPath& error_path) {
  return fields(value, error_path,
                [&](std::string_view name, Value text) { return read(text, out[name]); });
}

// Calls on_field for each field of a document, as fields() does. The document must be one object.
template <class OnField>
ErrorCode document(Parser& parser, const Padded& bytes, ErrorPath& error_path, OnField&& on_field) {
  simdjson::ondemand::document document;
  if (const ErrorCode code = parser.iterate(bytes.text, bytes.capacity).get(document)) return code;
  simdjson::ondemand::object object;
  if (const ErrorCode code = document.get_object().get(object)) return code;
  if (const ErrorCode code = fields(object, error_path, on_field)) return code;
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS
             ? simdjson::SUCCESS
             : simdjson::TRAILING_CONTENT;
}

}  // namespace lastgood::kube::walk
