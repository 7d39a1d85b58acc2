// Converts the values of an enumeration to their text in JSON and back, with one table for both.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace lastgood::api {

template <class Enum>
struct Spelling {
  Enum value;
  const char* text;
};

template <class Enum, std::size_t N>
const char* spelling_of(const Spelling<Enum> (&table)[N], Enum value) {
  for (const auto& entry : table) {
    if (entry.value == value) return entry.text;
  }
  return "Unknown";
}

template <class Enum, std::size_t N>
std::optional<Enum> parse_spelling(const Spelling<Enum> (&table)[N], std::string_view text) {
  for (const auto& entry : table) {
    if (text == entry.text) return entry.value;
  }
  return std::nullopt;
}

}  // namespace lastgood::api
