#include "api/find_check.hpp"

#include <catch2/catch.hpp>

#include "api/guard.hpp"
#include "api/policy.hpp"

namespace lastgood::api::test {

TEST_CASE("find_check finds a check of a policy, or the status of a check, by its whole name") {
  const std::vector<Check> checks{{.name = "errors"}, {.name = "errors-2"}};
  CHECK(find_check(checks, "errors-2") == &checks[1]);
  CHECK(find_check(checks, "errors") == &checks[0]);
  const std::vector<CheckStatus> statuses{{.name = "rollout"}, {.name = "errors"}};
  CHECK(find_check(statuses, rollout_check) == &statuses[0]);
}

TEST_CASE("find_check returns null when no check has the name") {
  const std::vector<Check> checks{{.name = "errors"}};
  CHECK(find_check(checks, "error") == nullptr);
  CHECK(find_check(checks, "") == nullptr);
  CHECK(find_check(std::vector<CheckStatus>(), rollout_check) == nullptr);
}

}  // namespace lastgood::api::test
