// Whether a test may take minutes. CI runs the short form of such a test.
#pragma once

#include <cstdlib>
#include <string_view>

namespace lastgood::testing {

// True with LASTGOOD_TEST_LONG=1.
inline bool is_long_run() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the tests have one thread.
  const char* const value = std::getenv("LASTGOOD_TEST_LONG");
  return value != nullptr && std::string_view(value) == "1";
}

}  // namespace lastgood::testing
