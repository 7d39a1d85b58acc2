#include "guard/spread.hpp"

#include <cstdint>

#include "base/digest.hpp"

namespace lastgood::guard {

Duration spread(std::string_view key, Duration window) {
  if (window <= Duration::zero()) return Duration::zero();
  std::uint64_t number = 0;
  for (const char letter : digest_of(key))
    number = number * 31 + static_cast<unsigned char>(letter);
  return Duration{static_cast<Duration::rep>(number % static_cast<std::uint64_t>(window.count()))};
}

}  // namespace lastgood::guard
