#include "base/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <memory>
#include <optional>

#include "base/text.hpp"

namespace lastgood::log {
namespace {

struct Sink {
  Format format;
  Level level;
  std::shared_ptr<spdlog::logger> logger;
};
std::optional<Sink> sink;

constexpr std::string_view level_names[] = {"debug", "info", "warn", "error"};

std::string_view name_of(Level level) { return level_names[static_cast<std::size_t>(level)]; }

spdlog::level::level_enum spd_level(Level level) {
  switch (level) {
    case Level::Debug: return spdlog::level::debug;
    case Level::Info: return spdlog::level::info;
    case Level::Warn: return spdlog::level::warn;
    case Level::Error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

// JSON has no NaN and no infinity: these numbers become strings.
std::string json_value(const Value& value) {
  struct Visitor {
    std::string operator()(const std::string& text) const {
      return "\"" + json_escaped(text) + "\"";
    }
    std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(double number) const {
      return std::isfinite(number) ? fmt::format("{}", number) : fmt::format("\"{}\"", number);
    }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
  };
  return std::visit(Visitor{}, value.get());
}

bool is_plain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    const bool plain = (c > ' ' && c < 0x7F) && c != '"' && c != '=' && c != '\\';
    if (!plain) return false;
  }
  return true;
}

std::string text_value(const Value& value) {
  struct Visitor {
    std::string operator()(const std::string& text) const {
      return is_plain(text) ? text : "\"" + json_escaped(text) + "\"";
    }
    std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
  };
  return std::visit(Visitor{}, value.get());
}

}  // namespace

Result<Level> parse_level(std::string_view text) {
  for (const Level level : {Level::Debug, Level::Info, Level::Warn, Level::Error}) {
    if (text == name_of(level)) return level;
  }
  return fail(ErrorKind::BadInput,
              in_quotes(text) + " is not a log level: use debug, info, warn or error");
}

Result<Format> parse_format(std::string_view text) {
  if (text == "json") return Format::Json;
  if (text == "text") return Format::Text;
  return fail(ErrorKind::BadInput, in_quotes(text) + " is not a log format: use json or text");
}

void set_up(Format format, Level level) {
  // This logger only writes: the lines are formatted already.
  auto logger = std::make_shared<spdlog::logger>("lastgood",
                                                 std::make_shared<spdlog::sinks::stderr_sink_st>());
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::trace);
  sink = Sink{format, level, std::move(logger)};
}

bool enabled(Level level) { return sink && level >= sink->level; }

void write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  const Time now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const std::string line = sink->format == Format::Json ? json_line(now, level, message, fields)
                                                        : text_line(now, level, message, fields);
  sink->logger->log(spd_level(level), spdlog::string_view_t(line.data(), line.size()));
}

std::string json_line(Time time, Level level, std::string_view message, Fields fields) {
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","msg":"{}")",
                                 format_micro_time(time), name_of(level), json_escaped(message));
  for (const Field& field : fields) {
    const bool is_reserved = field.name == "time" || field.name == "level" || field.name == "msg";
    line += fmt::format(R"(,"{}{}":{})", is_reserved ? "field." : "", json_escaped(field.name),
                        json_value(field.value));
  }
  return line + "}";
}

std::string text_line(Time time, Level level, std::string_view message, Fields fields) {
  std::string line =
      fmt::format("{} {:<5} {}", format_micro_time(time), name_of(level), json_escaped(message));
  for (const Field& field : fields) {
    line += fmt::format(" {}={}",
                        is_plain(field.name) ? std::string(field.name) : json_escaped(field.name),
                        text_value(field.value));
  }
  return line;
}

}  // namespace lastgood::log
