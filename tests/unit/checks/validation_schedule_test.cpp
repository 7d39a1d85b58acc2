#include "checks/validation_schedule.hpp"

#include <catch2/catch.hpp>

namespace lastgood::checks::test {
namespace {

using api::ConditionStatus;
using std::chrono::hours;
using std::chrono::minutes;

constexpr MonotonicTime start{hours(1)};

PolicyVersion version(const std::string& name, const std::string& uid = "1",
                      std::int64_t generation = 1) {
  return {.key = {.namespace_ = "shop", .name = name}, .uid = Uid(uid), .generation = generation};
}

api::Condition condition(ConditionStatus status) {
  return {.type = "ChecksValid", .status = status};
}

std::vector<std::string> names(const std::vector<PolicyVersion>& policies) {
  std::vector<std::string> result;
  for (const PolicyVersion& policy : policies) result.push_back(policy.key.name);
  return result;
}

std::vector<std::string> due(ValidationSchedule& schedule,
                             const std::vector<PolicyVersion>& policies, MonotonicTime now) {
  return names(schedule.take_due(policies, now));
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a policy is validated at once, and again an hour after a success") {
  ValidationSchedule schedule;
  const std::vector policies{version("web")};
  CHECK(due(schedule, policies, start) == Names{"web"});
  CHECK(due(schedule, policies, start + hours(2)).empty());  // it runs still
  schedule.finish(policies[0], condition(ConditionStatus::True), start);
  CHECK(due(schedule, policies, start + hours(1) - minutes(1)).empty());
  CHECK(due(schedule, policies, start + hours(1)) == Names{"web"});
}

TEST_CASE("a validation that was not True is repeated after a minute, then after two") {
  ValidationSchedule schedule;
  const std::vector policies{version("web")};
  CHECK(due(schedule, policies, start) == Names{"web"});
  schedule.finish(policies[0], condition(ConditionStatus::False), start);
  CHECK(due(schedule, policies, start + minutes(1)) == Names{"web"});
  schedule.finish(policies[0], condition(ConditionStatus::Unknown), start + minutes(1));
  CHECK(due(schedule, policies, start + minutes(2)).empty());
  CHECK(due(schedule, policies, start + minutes(3)) == Names{"web"});
}

TEST_CASE("a changed policy is validated at once, after its running validation has ended") {
  ValidationSchedule schedule;
  const PolicyVersion old = version("web");
  const std::vector changed{version("web", "1", 2)};
  CHECK(due(schedule, {old}, start) == Names{"web"});
  CHECK(due(schedule, changed, start).empty());
  schedule.finish(old, condition(ConditionStatus::True), start);
  CHECK(due(schedule, changed, start) == Names{"web"});
}

TEST_CASE("the end of a validation counts only for the policy that was validated") {
  ValidationSchedule schedule;
  const PolicyVersion old = version("web", "old");
  const PolicyVersion successor = version("web", "new");
  CHECK(due(schedule, {old}, start) == Names{"web"});
  CHECK(due(schedule, {successor}, start) == Names{"web"});
  schedule.finish(old, condition(ConditionStatus::False), start);
  CHECK_FALSE(schedule.condition_of(successor.key, successor.uid));
  CHECK(due(schedule, {successor}, start + hours(2)).empty());  // its own validation runs
  schedule.finish(successor, condition(ConditionStatus::True), start);
  CHECK(schedule.condition_of(successor.key, successor.uid)->status == ConditionStatus::True);
  CHECK_FALSE(schedule.condition_of(old.key, old.uid));
}

TEST_CASE("at most 4 policies are validated at once, and a deleted policy keeps no place") {
  ValidationSchedule schedule;
  std::vector<PolicyVersion> policies;
  for (const char* name : {"a", "b", "c", "d", "e"}) policies.push_back(version(name));
  CHECK(due(schedule, policies, start) == Names{"a", "b", "c", "d"});
  CHECK(due(schedule, policies, start).empty());
  schedule.finish(policies[1], std::nullopt, start);
  CHECK(due(schedule, policies, start) == Names{"e"});
  const std::vector without_a(policies.begin() + 1, policies.end());
  CHECK(due(schedule, without_a, start).empty());
  CHECK(due(schedule, {policies[1], policies[2], policies[3], policies[4], version("f")}, start) ==
        Names{"f"});
}

TEST_CASE("a policy without a query is validated without a condition") {
  ValidationSchedule schedule;
  const std::vector policies{version("web")};
  CHECK(due(schedule, policies, start) == Names{"web"});
  schedule.finish(policies[0], std::nullopt, start);
  CHECK_FALSE(schedule.condition_of(policies[0].key, policies[0].uid));
  CHECK(due(schedule, policies, start + minutes(1)).empty());
}

}  // namespace lastgood::checks::test
