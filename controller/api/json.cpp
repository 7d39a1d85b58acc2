// JSON text to a tree, within bounds; and the digest of a template's bytes.
#include "api/json.hpp"

#include <fmt/format.h>

#include "api/raw_json.hpp"

namespace lastgood::api {
namespace {

constexpr std::size_t most_bytes = std::size_t{64} << 20;
constexpr int deepest = 64;

}  // namespace

Result<Json> parse_json(std::string_view text) {
  if (text.size() > most_bytes) {
    return fail(ErrorKind::TooLarge, fmt::format("{} bytes of JSON are more than 64 MiB", text.size()));
  }
  // Before parsing: a tree's depth is bounded only by the memory that building it takes.
  if (const auto at = deeper_than(text, deepest)) {
    return fail(ErrorKind::TooLarge, fmt::format("JSON is nested deeper than {} levels at byte {}", deepest, *at));
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    return fail(ErrorKind::Protocol, fmt::format("not JSON at byte {} of {}", error.byte, text.size()));
  } catch (const Json::exception& error) {
    return fail(ErrorKind::Protocol, fmt::format("not JSON that can be read: {}", error.what()));
  }
}

TemplateDigest digest_template(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : bytes) {
    hash ^= static_cast<std::uint8_t>(c);
    hash *= 0x100000001b3U;
  }
  return TemplateDigest(fmt::format("{:016x}", hash));
}

}  // namespace lastgood::api
