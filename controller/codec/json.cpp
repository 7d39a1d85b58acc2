#include "codec/json.hpp"

#include <fmt/format.h>

#include "codec/raw_json.hpp"

namespace lastgood::codec {
namespace {

constexpr std::size_t max_bytes = std::size_t{64} << 20;
constexpr int deepest = 64;

}  // namespace

Result<Json> parse_json(std::string_view text) {
  if (text.size() > max_bytes) {
    return fail(ErrorKind::TooLarge,
                fmt::format("{} bytes of JSON are more than 64 MiB", text.size()));
  }
  // Before parsing: a tree's depth is bounded only by the memory that building it takes.
  if (const auto at = deeper_than(text, deepest)) {
    return fail(ErrorKind::TooLarge,
                fmt::format("JSON is nested deeper than {} levels at byte {}", deepest, *at));
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    return fail(ErrorKind::Protocol,
                fmt::format("not JSON at byte {} of {}", error.byte, text.size()));
  } catch (const Json::exception& error) {
    return fail(ErrorKind::Protocol, fmt::format("not JSON that can be read: {}", error.what()));
  }
}

}  // namespace lastgood::codec
