#include "codec/reader.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace lastgood::codec {

using namespace api;
namespace {

const nlohmann::json null_json;
const nlohmann::json empty_array = nlohmann::json::array();

std::string description_of(const nlohmann::json& value) {
  if (value.is_string()) return in_quotes(value.get_ref<const std::string&>(), 48);
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  return value.dump();
}

}  // namespace

Reader::Reader(const Json& node, std::string path, std::optional<Error>& error, ErrorKind kind)
    : node_(&node), path_(std::move(path)), error_(&error), kind_(kind) {
  if (node.is_null() || node.is_object()) return;
  set_error("", fmt::format("is {}, expected an object", description_of(node)));
  node_ = &null_json;
}

const nlohmann::json& Reader::raw(const char* key) const {
  if (!node_->is_object()) return null_json;
  const auto found = node_->find(key);
  return found == node_->end() ? null_json : *found;
}

bool Reader::has(const char* key) const { return !raw(key).is_null(); }

double Reader::number(const char* key, double fallback) const {
  const Json& value = raw(key);
  if (value.is_null()) return fallback;
  if (!value.is_number()) {
    wrong_type(key, "a number");
    return fallback;
  }
  return value.get<double>();
}

std::string Reader::text(const char* key, std::size_t max) const {
  const Json& value = raw(key);
  if (value.is_null()) return {};
  if (!value.is_string()) {
    wrong_type(key, "a string");
    return {};
  }
  const auto& found = value.get_ref<const std::string&>();
  return max == 0 ? found : clip(found, max);
}

std::int64_t Reader::integer(const char* key, std::int64_t fallback) const {
  const Json& value = raw(key);
  if (value.is_null()) return fallback;
  const bool too_big = value.is_number_unsigned() &&
                       value.get<std::uint64_t>() >
                           static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!value.is_number_integer() || too_big) {
    wrong_type(key, "a whole number");
    return fallback;
  }
  return value.get<std::int64_t>();
}

int Reader::int_or(const char* key, int fallback, int from, int to) const {
  const std::int64_t value = integer(key, fallback);
  if (value >= from && value <= to) return static_cast<int>(value);
  set_error(key, fmt::format("{} is not a whole number from {} to {}", value, from, to));
  return fallback;
}

bool Reader::boolean(const char* key, bool fallback) const {
  const Json& value = raw(key);
  if (value.is_null()) return fallback;
  if (!value.is_boolean()) {
    wrong_type(key, "true or false");
    return fallback;
  }
  return value.get<bool>();
}

std::optional<Time> Reader::time(const char* key) const {
  if (!has(key)) return std::nullopt;
  const auto time = parse_rfc3339(text(key));
  if (!time) wrong_type(key, "a time such as \"2026-11-24T12:00:00Z\"");
  return time;
}

StringMap Reader::strings(const char* key) const {
  StringMap out;
  const Json& value = raw(key);
  if (value.is_null()) return out;
  if (!value.is_object()) {
    wrong_type(key, "an object");
    return out;
  }
  for (const auto& [name, item] : value.items()) {
    if (!item.is_string()) {
      set_error(fmt::format("{}[{}]", key, in_quotes(name)),
                fmt::format("is {}, expected a string", description_of(item)));
      return out;
    }
    out.emplace(name, item.get_ref<const std::string&>());
  }
  return out;
}

Reader Reader::object(const char* key) const {
  return Reader(raw(key), path_of(key), *error_, kind_);
}

const nlohmann::json& Reader::array(const char* key, std::size_t max) const {
  const Json& value = raw(key);
  if (value.is_null()) return empty_array;
  if (!value.is_array()) {
    wrong_type(key, "a list");
    return empty_array;
  }
  if (value.size() > max) {
    set_error(key, fmt::format("has {} elements, more than {}", value.size(), max));
    return empty_array;
  }
  return value;
}

void Reader::set_error(std::string_view key, std::string_view message) const {
  if (*error_) return;
  const std::string path = path_of(key);
  *error_ =
      Error{.kind = kind_,
            .message = path.empty() ? std::string(message) : path + ": " + std::string(message)};
}

void Reader::wrong_type(const char* key, std::string_view expected) const {
  set_error(key, fmt::format("is {}, expected {}", description_of(raw(key)), expected));
}

std::string Reader::path_of(std::string_view key) const {
  if (path_.empty() || key.empty()) return path_ + std::string(key);
  return path_ + "." + std::string(key);
}

std::string Reader::element_path(std::string_view key, std::size_t index) const {
  return fmt::format("{}[{}]", path_of(key), index);
}

}  // namespace lastgood::codec
