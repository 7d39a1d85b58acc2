#include "checks/number_text.hpp"

#include <fmt/format.h>

#include "codec/values.hpp"

namespace lastgood::checks {

std::string number_text(double value, double limit) {
  constexpr int max_digits = 17;  // of any double
  std::string text;
  for (int digits = 6; digits <= max_digits; ++digits) {
    text = fmt::format("{:.{}g}", value, digits);
    const auto shown = codec::parse_number(text);
    if (shown && (*shown <=> limit) == (value <=> limit)) break;
  }
  return text;
}

}  // namespace lastgood::checks
