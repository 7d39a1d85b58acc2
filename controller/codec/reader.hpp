// Reads the fields of a JSON object that came from outside. A field that is missing or null has its
// default; one of the wrong type is remembered as the error, with its path, and the reading goes on
// with the default. Only for the .cpp files of api/.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "api/meta.hpp"
#include "base/result.hpp"

namespace lastgood::codec {

class Reader {
 public:
  using Json = nlohmann::json;

  // The first error of this reader and of all that come from it is kept in `error`.
  Reader(const Json& node, std::string path, std::optional<Error>& error,
         ErrorKind kind = ErrorKind::Protocol);

  [[nodiscard]] bool has(const char* key) const;
  // At most `max` bytes, cut at the end; 0: whole.
  [[nodiscard]] std::string text(const char* key, std::size_t max = 0) const;
  [[nodiscard]] std::int64_t integer(const char* key, std::int64_t fallback = 0) const;
  [[nodiscard]] int small(const char* key, int fallback, int from = std::numeric_limits<int>::min(),
                          int to = std::numeric_limits<int>::max()) const;
  [[nodiscard]] bool boolean(const char* key, bool fallback = false) const;
  [[nodiscard]] std::optional<Time> time(const char* key) const;
  [[nodiscard]] api::StringMap strings(const char* key) const;
  [[nodiscard]] Reader object(const char* key) const;
  [[nodiscard]] const Json& raw(const char* key) const;  // null when missing

  // Calls visit(Reader) for each element; those beyond `max` are an error.
  template <class Visit>
  void each(const char* key, std::size_t max, Visit visit) const {
    const Json& list = array(key, max);
    for (std::size_t i = 0; i < list.size(); ++i)
      visit(Reader(list[i], element_path(key, i), *error_, kind_));
  }

  // Reads a string by one of the small languages: parse(text) gives a Result. `fallback` when
  // missing.
  template <class T, class Parse>
  [[nodiscard]] T parsed(const char* key, T fallback, Parse parse) const {
    if (!has(key)) return fallback;
    const std::string found = text(key);
    auto value = parse(std::string_view(found));
    if (value) return std::move(*value);
    complain(key, value.error().message);
    return fallback;
  }

  void complain(std::string_view key, std::string_view what) const;

 private:
  [[nodiscard]] const Json& array(const char* key, std::size_t max) const;
  [[nodiscard]] std::string path_of(std::string_view key) const;
  [[nodiscard]] std::string element_path(std::string_view key, std::size_t index) const;
  void wrong_type(const char* key, std::string_view expected) const;

  const Json* node_;
  std::string path_;
  std::optional<Error>* error_;
  ErrorKind kind_;
};

}  // namespace lastgood::codec
