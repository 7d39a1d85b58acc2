#include "codec/errors.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/text.hpp"
#include "codec/json_at.hpp"

namespace lastgood::codec {
namespace {

constexpr std::size_t max_status_size = std::size_t{256} * 1024;  // bytes
constexpr std::int64_t max_retry_after_seconds = 3600;

std::optional<Json> read_status(std::string_view body) {
  if (body.size() > max_status_size) return std::nullopt;
  auto json = parse_json(body);
  if (!json || !json->is_object() || text_at(*json, {"kind"}) != "Status") return std::nullopt;
  return std::move(*json);
}

bool has_cause(const Json& status, std::string_view reason) {
  const Json& causes = array_at(status, {"details", "causes"});
  return std::ranges::any_of(
      causes, [&](const Json& cause) { return text_at(cause, {"reason"}) == reason; });
}

std::optional<Duration> retry_after_of(const Json& status) {
  const std::int64_t seconds = number_at(status, {"details", "retryAfterSeconds"});
  if (seconds <= 0) return std::nullopt;
  return std::chrono::seconds(std::min(seconds, max_retry_after_seconds));
}

ErrorKind kind_of(int code, const Json& status) {
  switch (code) {
    case 401: return ErrorKind::Unauthorized;
    case 403: return ErrorKind::Forbidden;
    case 404: return ErrorKind::NotFound;
    case 409:
      return text_at(status, {"reason"}) == "AlreadyExists" ? ErrorKind::AlreadyExists
                                                            : ErrorKind::Conflict;
    case 410: return ErrorKind::Expired;
    case 422: return ErrorKind::Invalid;
    case 429: return ErrorKind::TooManyRequests;
    case 504:
      return has_cause(status, "ResourceVersionTooLarge") ? ErrorKind::VersionTooLarge
                                                          : ErrorKind::Server;
    default: return ErrorKind::Server;
  }
}

std::string message_of(int code, std::string_view message) {
  const std::string line = on_one_line(message, ' ');
  const std::string_view text = trimmed(line);
  if (text.empty()) return "the API server returned " + std::to_string(code) + " without a message";
  return clip(text, max_error_message_size);
}

Error error_of(int code, const Json& status, std::string_view message,
               std::optional<Duration> retry_after) {
  return {.kind = kind_of(code, status),
          .message = message_of(code, message),
          .status = code,
          .has_details = !text_at(status, {"details", "kind"}).empty(),
          .retry_after = retry_after ? retry_after : retry_after_of(status)};
}

}  // namespace

Error status_error(int http_status, std::string_view body, std::optional<Duration> retry_after) {
  if (const auto status = read_status(body))
    return error_of(http_status, *status, text_at(*status, {"message"}), retry_after);
  return error_of(http_status, Json::object(), body.substr(0, 2 * max_error_message_size),
                  retry_after);
}

Error event_error(std::string_view status_object) {
  const auto status = read_status(status_object);
  if (!status)
    return {.kind = ErrorKind::Protocol,
            .message = "the watch sent an ERROR event without a Status"};
  const std::int64_t code = number_at(*status, {"code"});
  return error_of(code >= 100 && code <= 599 ? static_cast<int>(code) : 500, *status,
                  text_at(*status, {"message"}), std::nullopt);
}

namespace {

// The text in quotes of a Warning header, `CODE AGENT "TEXT"`. Empty for another form.
std::string warning_text(std::string_view header) {
  const auto begin = header.find('"');
  const auto before = header.substr(0, std::min(begin, header.size()));
  if (begin == std::string_view::npos || std::ranges::count(before, ' ') != 2) return {};
  std::string text;
  for (std::size_t i = begin + 1; i < header.size(); ++i) {
    if (header[i] == '"') return clip(text, max_error_message_size);
    if (header[i] == '\\' && i + 1 < header.size()) ++i;
    text += header[i];
  }
  return {};
}

}  // namespace

std::vector<std::string> warning_texts(const std::vector<std::string>& headers) {
  std::vector<std::string> texts;
  for (const std::string& header : headers)
    if (std::string text = warning_text(header); !text.empty()) texts.push_back(std::move(text));
  return texts;
}

}  // namespace lastgood::codec
