// The structured log on stderr. Each line has a message and named values, as JSON or as text.
// Nothing is written before set_up(), so tests of the libraries print nothing. Only log.cpp depends
// on the logging library.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/interned_string.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace lastgood::log {

enum class Level : std::uint8_t { Debug, Info, Warn, Error };
enum class Format : std::uint8_t { Json, Text };

// The spellings of the flags: "debug", "info", "warn", "error" and "json", "text". The error is
// BadInput and lists the valid values.
[[nodiscard]] Result<Level> parse_level(std::string_view text);
[[nodiscard]] Result<Format> parse_format(std::string_view text);

class Value {
 public:
  // NOLINTBEGIN(google-explicit-constructor): a field is written as a pair, {"name", value}.
  Value(std::string text) : value_(std::move(text)) {}
  Value(std::string_view text) : value_(std::string(text)) {}
  Value(const InternedString& text) : value_(text.str()) {}
  Value(const char* text) : value_(std::string(text)) {}
  Value(bool value) : value_(value) {}
  Value(double number) : value_(number) {}
  template <std::integral T>
  Value(T number) : value_(static_cast<std::int64_t>(number)) {}
  Value(Duration duration) : value_(format_duration(duration)) {}
  Value(Time time) : value_(format_rfc3339_millis(time)) {}
  Value(const lastgood::Error& error) : value_(error.message) {}
  // NOLINTEND(google-explicit-constructor)

  using Variant = std::variant<std::string, std::int64_t, double, bool>;
  [[nodiscard]] const Variant& get() const { return value_; }

 private:
  Variant value_;
};

struct Field {
  std::string_view name;
  Value value;
};
using Fields = std::initializer_list<Field>;

// Starts the log. Another call changes the format and the level.
void set_up(Format format, Level level);
[[nodiscard]] bool enabled(Level level);

void write(Level level, std::string_view message, Fields fields);
inline void debug(std::string_view message, Fields fields = {}) {
  write(Level::Debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  write(Level::Info, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
  write(Level::Warn, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::Error, message, fields);
}

// One line without its line break. Any bytes are safe: they are escaped. In JSON, a field named
// time, level or msg is written as field.time, field.level or field.msg.
[[nodiscard]] std::string json_line(Time time, Level level, std::string_view message,
                                    Fields fields);
[[nodiscard]] std::string text_line(Time time, Level level, std::string_view message,
                                    Fields fields);

}  // namespace lastgood::log
