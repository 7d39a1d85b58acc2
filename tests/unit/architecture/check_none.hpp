// Fails the test, with one message for each violation.
#pragma once

#include <catch2/catch.hpp>

#include "source_file.hpp"

namespace lastgood::architecture {

inline void check_none(const Violations& violations) {
  for (const std::string& text : violations) FAIL_CHECK(text);
  SUCCEED();
}

}  // namespace lastgood::architecture
