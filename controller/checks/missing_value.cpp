#include "checks/missing_value.hpp"

#include "base/text.hpp"

namespace lastgood::checks {

MissingValue missing_value(api::Reason reason, std::string_view message) {
  constexpr std::size_t max_size = 400;  // bytes
  return {.reason = reason, .message = clip(on_one_line(message, ' '), max_size)};
}

std::unexpected<MissingValue> missing(api::Reason reason, std::string_view message) {
  return std::unexpected(missing_value(reason, message));
}

}  // namespace lastgood::checks
