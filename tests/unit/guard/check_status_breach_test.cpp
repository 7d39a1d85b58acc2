// Which breach is confirmed or acted on, and how failures relate to the baseline.
#include <catch2/catch.hpp>

#include "guard/check_status.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::MeasurementResult;

namespace {

constexpr auto Pass = MeasurementResult::Pass;
constexpr auto Fail = MeasurementResult::Fail;
constexpr auto Unknown = MeasurementResult::Unknown;

api::Measurement measurement_of(char letter) {  // P, F or U
  if (letter == 'P') return pass("check");
  return letter == 'U' ? unknown("check") : fails("check");
}

}  // namespace

TEST_CASE("reports the rollout check first when two checks are breached") {
  const std::vector<api::CheckStatus> checks = {{.name = "rollout", .breached = true},
                                                {.name = "health", .breached = true}};
  CHECK(breached(checks)->name == "rollout");
}

TEST_CASE("confirms a breach only when the last result is a recent failure") {
  struct Case {
    const char* name;
    MeasurementResult result;
    std::optional<Duration> ago;
    bool breached;
    bool confirmed;
  };
  const std::vector<Case> cases = {
      {"just now", Fail, 0s, true, true},
      {"two intervals and a timeout ago", Fail, 22s, true, true},
      {"longer ago", Fail, 23s, true, false},
      {"no result now", Unknown, 0s, true, false},
      {"at an unknown time", Fail, {}, true, false},
      {"failing, but not breached", Fail, 0s, false, false},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    api::CheckStatus check{.name = "health", .result = one.result, .breached = one.breached};
    if (one.ago) check.last_failure = noon - *one.ago;
    CHECK((confirmed_breach({check}, web_policy().spec, noon) != nullptr) == one.confirmed);
  }
}

TEST_CASE("confirms the first breached check that fails now") {
  const std::vector<api::CheckStatus> checks = {
      {.name = "rollout", .result = Unknown, .breached = true},
      {.name = "health", .result = Fail, .last_failure = noon, .breached = true}};
  CHECK(confirmed_breach(checks, web_policy().spec, noon)->name == "health");
}

TEST_CASE("keeps the last definite result of the baseline until the check passes") {
  using MaybeBaseline = std::optional<api::BaselineResult>;
  const auto answered = [](MeasurementResult result, bool before, int consecutive_failures = 0) {
    return MaybeBaseline(api::BaselineResult{.result = result,
                                             .revision = "revision 1 (web-v1)",
                                             .consecutive_failures = consecutive_failures,
                                             .before = before});
  };
  const auto after = [](std::vector<std::pair<char, MaybeBaseline>> given) {
    api::CheckStatus check{.name = "check", .failure_threshold = 1};
    for (const auto& [letter, baseline] : given) {
      api::Measurement measurement = measurement_of(letter);
      measurement.baseline = baseline;
      check = apply(check, measurement, true, noon);
    }
    return check.baseline;
  };
  const auto there = answered(Fail, false);
  const auto before = answered(Fail, true);
  CHECK(after({{'F', there}}) == answered(Fail, false, 1));
  CHECK(after({{'U', before}}) == answered(Fail, true, 1));
  CHECK(after({{'U', before}, {'F', there}}) == answered(Fail, true, 2));
  CHECK(after({{'F', before}, {'F', answered(Pass, false)}}) == answered(Pass, false));
  CHECK(after({{'F', answered(Pass, false)}, {'F', there}}) == answered(Fail, false, 1));
  CHECK(after({{'F', there}, {'U', {}}}) == answered(Fail, false, 1));
  CHECK_FALSE(after({{'F', there}, {'P', {}}}).has_value());
  CHECK_FALSE(after({{'F', answered(Unknown, true)}}).has_value());
  // After one failure the pods are gone: it may come from their termination.
  CHECK_FALSE(after({{'F', there}, {'F', {}}}).has_value());
  CHECK_FALSE(after({{'F', there}, {'F', answered(Unknown, false)}}).has_value());
  CHECK(after({{'F', there}, {'F', there}, {'F', {}}}) == answered(Fail, false, 2));
  CHECK(after({{'U', before}, {'F', {}}}) == answered(Fail, true, 1));
}

TEST_CASE("acts on the first confirmed breach that the baseline does not share") {
  const api::BaselineResult shared{.result = Fail};
  const api::BaselineResult own{.result = Pass};
  const auto breach = [](const char* name, std::optional<api::BaselineResult> baseline) {
    return api::CheckStatus{
        .name = name, .result = Fail, .last_failure = noon, .breached = true, .baseline = baseline};
  };
  const auto spec = web_policy().spec;
  CHECK(actionable_breach({breach("rollout", {}), breach("health", own)}, spec, noon)->name ==
        "rollout");
  CHECK(actionable_breach({breach("rollout", shared), breach("health", own)}, spec, noon)->name ==
        "health");
  CHECK(actionable_breach({breach("rollout", shared), breach("health", {})}, spec, noon)->name ==
        "health");
  CHECK(actionable_breach({breach("rollout", shared), breach("health", shared)}, spec, noon) ==
        nullptr);
  CHECK(actionable_breach({breach("rollout", shared), breach("health", own)}, spec, noon + 1h) ==
        nullptr);
}
