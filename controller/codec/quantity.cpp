#include "codec/quantity.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "codec/values.hpp"

namespace lastgood::codec {
namespace {

constexpr std::size_t max_size = 64;  // bytes

struct Suffix {
  std::string_view text;
  std::string_view exponent;  // of 10; empty: a power of 2
  int power_of_two = 0;
};
constexpr std::array suffixes = {
    Suffix{"n", "e-9"},   Suffix{"u", "e-6"},   Suffix{"m", "e-3"},   Suffix{"k", "e3"},
    Suffix{"M", "e6"},    Suffix{"G", "e9"},    Suffix{"T", "e12"},   Suffix{"P", "e15"},
    Suffix{"E", "e18"},   Suffix{"Ki", "", 10}, Suffix{"Mi", "", 20}, Suffix{"Gi", "", 30},
    Suffix{"Ti", "", 40}, Suffix{"Pi", "", 50}, Suffix{"Ei", "", 60},
};

// Go's parser of quantities accepts less than parse_number(): no "NaN", "0x1" or blanks.
bool is_plain_number(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return text.find_first_of("0123456789") != std::string_view::npos &&
         text.find_first_not_of("0123456789.") == std::string_view::npos &&
         std::ranges::count(text, '.') <= 1;
}

// True for the part after the number of "1e3" and "1E-3".
bool is_exponent(std::string_view text) {
  if (!text.starts_with('e') && !text.starts_with('E')) return false;
  text.remove_prefix(1);
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<double> finite(std::optional<double> number) {
  return number && std::isfinite(*number) ? number : std::nullopt;
}

}  // namespace

std::optional<double> parse_quantity(std::string_view text) {
  if (text.empty() || text.size() > max_size) return std::nullopt;
  const std::size_t end = std::min(text.find_first_not_of("+-.0123456789"), text.size());
  std::string number(text.substr(0, end));
  const std::string_view rest = text.substr(end);
  if (!is_plain_number(number)) return std::nullopt;
  if (number.starts_with('+')) number.erase(0, 1);
  // The decimal suffix becomes an exponent, so that the result is rounded only once.
  if (rest.empty() || is_exponent(rest)) return finite(parse_number(number.append(rest)));
  const auto suffix = std::ranges::find(suffixes, rest, &Suffix::text);
  if (suffix == suffixes.end()) return std::nullopt;
  const auto value = parse_number(number.append(suffix->exponent));
  return value ? finite(std::ldexp(*value, suffix->power_of_two)) : std::nullopt;
}

}  // namespace lastgood::codec
