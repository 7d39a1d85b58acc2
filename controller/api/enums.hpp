// Conversion between the values of an enumeration and their text in JSON, from one table.
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
const char* spell(const Spelling<Enum> (&table)[N], Enum value) {
  for (const auto& entry : table) {
    if (entry.value == value) return entry.text;
  }
  return "Unknown";
}

template <class Enum, std::size_t N>
std::optional<Enum> unspell(const Spelling<Enum> (&table)[N], std::string_view text) {
  for (const auto& entry : table) {
    if (text == entry.text) return entry.value;
  }
  return std::nullopt;
}

}  // namespace lastgood::api
