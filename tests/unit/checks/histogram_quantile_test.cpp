#include "checks/histogram_quantile.hpp"

#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

namespace lastgood::checks::test {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
using Buckets = std::vector<HistogramBucket>;

}  // namespace

TEST_CASE("histogram_quantile interpolates as PromQL does") {
  const Buckets buckets{{0.1, 3}, {0.5, 9}, {1, 10}, {infinity, 10}};
  CHECK(histogram_quantile(0.5, buckets) == Approx(0.1 + 0.4 * 2 / 6));
  CHECK(histogram_quantile(0.3, buckets) == Approx(0.1));
  CHECK(histogram_quantile(0.15, buckets) == Approx(0.05));
  CHECK(histogram_quantile(0.95, buckets) == Approx(0.75));
  CHECK(histogram_quantile(0.9, buckets) == Approx(0.5));
}

TEST_CASE("histogram_quantile is the highest finite bound when the rank is in the bucket +Inf") {
  CHECK(histogram_quantile(0.99, {{0.1, 3}, {1, 4}, {infinity, 10}}) == 1);
  CHECK(histogram_quantile(0.5, {{1, 0}, {infinity, 10}}) == 1);
}

TEST_CASE("histogram_quantile raises a count that is below the count of a lower bucket") {
  CHECK(histogram_quantile(0.5, {{1, 8}, {2, 6}, {infinity, 8}}) == Approx(0.5));
  CHECK(histogram_quantile(0.5, {{1, 8}, {2, 6}, {infinity, 0}}) == Approx(0.5));
}

TEST_CASE("histogram_quantile sorts the buckets and accepts bounds below zero") {
  CHECK(histogram_quantile(0.5, {{infinity, 10}, {-1, 8}, {1, 10}}) == -1);
  CHECK(histogram_quantile(0.9, {{infinity, 10}, {1, 10}, {-1, 8}}) == Approx(0));
}

TEST_CASE("histogram_quantile has no value without +Inf, buckets or observations") {
  CHECK_FALSE(histogram_quantile(0.5, {}));
  CHECK_FALSE(histogram_quantile(0.5, {{infinity, 10}}));
  CHECK_FALSE(histogram_quantile(0.5, {{1, 5}, {2, 10}}));
  CHECK_FALSE(histogram_quantile(0.5, {{1, 0}, {infinity, 0}}));
  CHECK_FALSE(histogram_quantile(0.5, {{1, std::nan("")}, {infinity, std::nan("")}}));
}

TEST_CASE("histogram_quantile is within the bucket of its rank and grows with the quantile") {
  CHECK(rc::check([] {
    Buckets buckets;
    double count = 0;
    const auto size = *rc::gen::inRange(1, 12);
    for (int i = 0; i < size; ++i) {
      count += *rc::gen::inRange(0, 50);
      buckets.push_back({.bound = i + 1.0, .count = count});
    }
    buckets.push_back({.bound = infinity, .count = count + *rc::gen::inRange(0, 50)});
    double last = 0;
    for (int percent = 1; percent < 100; ++percent) {
      const auto value = histogram_quantile(percent / 100.0, buckets);
      RC_ASSERT(value.has_value() == (buckets.back().count > 0));
      if (!value) return;
      RC_ASSERT(std::isfinite(*value));
      RC_ASSERT(*value >= last - 1e-9);
      RC_ASSERT(*value <= static_cast<double>(size));
      last = *value;
    }
  }));
}

}  // namespace lastgood::checks::test
