#include "codec/raw_json.hpp"

#include <algorithm>

namespace lastgood::codec {
namespace {

bool is_opening_bracket(char c) { return c == '{' || c == '['; }
bool is_closing_bracket(char c) { return c == '}' || c == ']'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::size_t skip_blanks(std::string_view json, std::size_t at) {
  while (at < json.size() && is_blank(json[at])) ++at;
  return at;
}

// `at` is the position of the opening quote. Returns the position after the closing quote.
std::size_t after_string(std::string_view json, std::size_t at) {
  for (++at; at < json.size(); ++at) {
    if (json[at] == '\\') {
      ++at;
    } else if (json[at] == '"') {
      return at + 1;
    }
  }
  return json.size();
}

// `at` is the position of the first character of a value. Returns the position after the value.
std::size_t after_value(std::string_view json, std::size_t at) {
  int depth = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (c == '"') {
      at = after_string(json, at);
      if (depth == 0) return at;
      continue;
    }
    if (depth == 0 && (c == ',' || is_closing_bracket(c) || is_blank(c))) return at;
    ++at;
    if (is_opening_bracket(c)) ++depth;
    if (is_closing_bracket(c) && --depth == 0) return at;
  }
  return json.size();
}

// The text of the value of `key` in a JSON object.
std::optional<std::string_view> member(std::string_view json, std::string_view key) {
  std::size_t at = skip_blanks(json, 0);
  if (at >= json.size() || json[at] != '{') return std::nullopt;
  for (++at; at < json.size(); ++at) {
    at = skip_blanks(json, at);
    if (at >= json.size() || json[at] != '"') return std::nullopt;
    const std::size_t key_end = after_string(json, at);
    // The key without its quotes. std::max: the text may end right after the opening quote.
    const std::string_view found = json.substr(at + 1, std::max(key_end, at + 2) - at - 2);
    const std::size_t colon = skip_blanks(json, key_end);
    at = skip_blanks(json, colon + 1);
    const std::size_t end = after_value(json, at);
    if (found == key) return at < end ? std::optional(json.substr(at, end - at)) : std::nullopt;
    at = skip_blanks(json, end);
    if (at >= json.size() || json[at] != ',') return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::size_t> first_bracket_deeper_than(std::string_view json, int levels) {
  int depth = 0;
  for (std::size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (c == '"') {
      at = after_string(json, at) - 1;
    } else if (is_opening_bracket(c) && ++depth > levels) {
      return at;
    } else if (is_closing_bracket(c)) {
      --depth;
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> raw_member(std::string_view json,
                                           std::initializer_list<std::string_view> path) {
  std::optional<std::string_view> value = json;
  for (const std::string_view key : path) {
    value = member(*value, key);
    if (!value) return std::nullopt;
  }
  return value;
}

}  // namespace lastgood::codec
