// Reads the fields of a JSON object. If a field is absent or null, the caller gets the default. If
// a field has the wrong type, the caller gets the default too, and the error is set, with the path
// of the field:
//
//   std::optional<Error> error;
//   const Reader root(object, "", error);
//   const std::string name = root.object("metadata").text("name");
//   if (error) return std::unexpected(*error);   // "metadata.name: is 7, expected a string"
//
// Private to codec/.
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

  // `error` gets the first error of this reader and of all readers that it creates.
  Reader(const Json& node, std::string path, std::optional<Error>& error,
         ErrorKind kind = ErrorKind::Protocol);

  [[nodiscard]] bool has(const char* key) const;
  // The text is cut to `max` bytes. 0 means no limit.
  [[nodiscard]] std::string text(const char* key, std::size_t max = 0) const;
  [[nodiscard]] std::int64_t integer(const char* key, std::int64_t fallback = 0) const;
  // `fallback` if the field is absent. Sets the error if the value is less than `from` or more than
  // `to`.
  [[nodiscard]] int int_or(const char* key, int fallback,
                           int from = std::numeric_limits<int>::min(),
                           int to = std::numeric_limits<int>::max()) const;
  [[nodiscard]] double number(const char* key, double fallback = 0) const;
  [[nodiscard]] bool boolean(const char* key, bool fallback = false) const;
  [[nodiscard]] std::optional<Time> time(const char* key) const;
  [[nodiscard]] api::StringMap strings(const char* key) const;
  [[nodiscard]] Reader object(const char* key) const;
  [[nodiscard]] const Json& raw(const char* key) const;  // null if absent

  // Calls visit(Reader) for each element. A list with more than `max` elements is an error.
  template <class Visit>
  void each(const char* key, std::size_t max, Visit visit) const {
    const Json& list = array(key, max);
    for (std::size_t i = 0; i < list.size(); ++i)
      visit(Reader(list[i], element_path(key, i), *error_, kind_));
  }

  // Reads a string and converts it with parse(text), which returns a Result<T>. If parse fails,
  // sets the error and returns `fallback`.
  template <class T, class Parse>
  [[nodiscard]] T parsed(const char* key, T fallback, Parse parse) const {
    if (!has(key)) return fallback;
    const std::string found = text(key);
    auto value = parse(std::string_view(found));
    if (value) return std::move(*value);
    set_error(key, value.error().message);
    return fallback;
  }

  void set_error(std::string_view key, std::string_view message) const;

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
