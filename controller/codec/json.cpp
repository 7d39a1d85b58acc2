#include "codec/json.hpp"

#include <fmt/format.h>

#include "codec/raw_json.hpp"

namespace lastgood::codec {
namespace {

constexpr std::size_t max_size = std::size_t{64} * 1024 * 1024;  // bytes
constexpr int max_depth = 64;

}  // namespace

Result<Json> parse_json(std::string_view text) {
  if (text.size() > max_size) {
    return fail(ErrorKind::TooLarge,
                fmt::format("JSON of {} bytes is larger than 64 MiB", text.size()));
  }
  // The parser of the library does not limit the depth.
  if (const auto at = first_bracket_deeper_than(text, max_depth)) {
    return fail(ErrorKind::TooLarge,
                fmt::format("JSON is nested deeper than {} levels at byte {}", max_depth, *at));
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    return fail(ErrorKind::Protocol,
                fmt::format("not JSON at byte {} of {}", error.byte, text.size()));
  } catch (const Json::exception& error) {
    return fail(ErrorKind::Protocol, fmt::format("JSON that cannot be read: {}", error.what()));
  }
}

}  // namespace lastgood::codec
