#include "guard/spread.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

using namespace lastgood;
using namespace lastgood::guard;

TEST_CASE("spread is always the same for one key and differs between keys") {
  std::set<Duration> found;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "uid-" + std::to_string(i);
    const Duration delay = spread(key, std::chrono::seconds(15));
    CHECK(delay == spread(key, std::chrono::seconds(15)));
    CHECK(delay >= Duration::zero());
    CHECK(delay < std::chrono::seconds(15));
    found.insert(delay);
  }
  CHECK(found.size() > 90);
}

TEST_CASE("spread is zero for an empty window") {
  CHECK(spread("key", Duration::zero()) == Duration::zero());
  CHECK(spread("key", Duration(-1)) == Duration::zero());
}
