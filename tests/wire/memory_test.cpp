// The memory limit of the process, and when it is close.
#include "net/memory.hpp"

#include <catch2/catch.hpp>

using namespace lastgood::net;

TEST_CASE("reads the memory limit of cgroup v2 and v1") {
  CHECK(parse_memory_limit("67108864\n") == 67108864.0);
  CHECK_FALSE(parse_memory_limit("max\n"));
  CHECK_FALSE(parse_memory_limit("9223372036854771712\n"));
  CHECK_FALSE(parse_memory_limit(""));
  CHECK_FALSE(parse_memory_limit("-1"));
}

TEST_CASE("warns once when the memory reaches 90% of its limit, and again after it was below 80%") {
  MemoryWarning warning;
  CHECK_FALSE(warning.is_due(89, 100));
  CHECK(warning.is_due(90, 100));
  CHECK_FALSE(warning.is_due(99, 100));
  CHECK_FALSE(warning.is_due(85, 100));
  CHECK_FALSE(warning.is_due(91, 100));
  CHECK_FALSE(warning.is_due(79, 100));
  CHECK_FALSE(warning.is_due(85, 100));
  CHECK(warning.is_due(90, 100));
}
