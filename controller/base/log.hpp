// One line a fact, on stderr: a message and named values, as JSON or as text. Nothing is written before set_up, so that
// tests of the libraries are quiet. Only log.cpp knows what writes the line.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "base/time.hpp"

namespace lastgood::log {

enum class Level : std::uint8_t { Debug, Info, Warn, Error };
enum class Format : std::uint8_t { Json, Text };

// "debug", "info", "warn", "error"; "json", "text". The error names what is possible.
[[nodiscard]] Result<Level> parse_level(std::string_view text);
[[nodiscard]] Result<Format> parse_format(std::string_view text);

class Value {
 public:
  Value(std::string text) : value_(std::move(text)) {}         // NOLINT(google-explicit-constructor): a field reads as a pair
  Value(std::string_view text) : value_(std::string(text)) {}  // NOLINT(google-explicit-constructor)
  Value(const char* text) : value_(std::string(text)) {}       // NOLINT(google-explicit-constructor)
  Value(bool truth) : value_(truth) {}                         // NOLINT(google-explicit-constructor)
  Value(double number) : value_(number) {}                     // NOLINT(google-explicit-constructor)
  template <std::integral T>
  Value(T number) : value_(static_cast<std::int64_t>(number)) {}   // NOLINT(google-explicit-constructor)
  Value(Duration duration) : value_(format_duration(duration)) {}  // NOLINT(google-explicit-constructor)
  Value(Time time) : value_(format_precise(time)) {}               // NOLINT(google-explicit-constructor)
  Value(const lastgood::Error& error) : value_(error.message) {}   // NOLINT(google-explicit-constructor)

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

// Once, from main. Calling it again changes format and level.
void set_up(Format format, Level level);
[[nodiscard]] bool enabled(Level level);

void write(Level level, std::string_view message, Fields fields);
inline void debug(std::string_view message, Fields fields = {}) { write(Level::Debug, message, fields); }
inline void info(std::string_view message, Fields fields = {}) { write(Level::Info, message, fields); }
inline void warn(std::string_view message, Fields fields = {}) { write(Level::Warn, message, fields); }
inline void error(std::string_view message, Fields fields = {}) { write(Level::Error, message, fields); }

// One line without its end, whatever the bytes are. A field named time, level or msg is written as field.time, ...
[[nodiscard]] std::string json_line(Time time, Level level, std::string_view message, Fields fields);
[[nodiscard]] std::string text_line(Time time, Level level, std::string_view message, Fields fields);

}  // namespace lastgood::log
