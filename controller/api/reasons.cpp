#include "api/reasons.hpp"

#include <algorithm>
#include <array>

namespace lastgood::api {
namespace {

constexpr std::array texts{
#define LASTGOOD_TEXT(name) #name,
    LASTGOOD_REASONS(LASTGOOD_TEXT)
#undef LASTGOOD_TEXT
};

}  // namespace

const char* to_string(Reason reason) {
  return reason == Reason::None ? "" : texts[static_cast<std::size_t>(reason)];
}

std::optional<Reason> parse_reason(std::string_view text) {
  if (text.empty()) return Reason::None;
  const auto found = std::ranges::find(texts, text);
  if (found == texts.end() || found == texts.begin()) return std::nullopt;
  return static_cast<Reason>(found - texts.begin());
}

}  // namespace lastgood::api
