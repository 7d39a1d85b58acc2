// When the next preflight is due, and what RollbackReady says about the last one.
#include "guard/preflight.hpp"

#include <catch2/catch.hpp>

#include "guard/preflight_schedule.hpp"
#include "unit/guard/group/members.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using enum api::ConditionStatus;

namespace {

struct Row {
  const char* name;
  void (*given)(Inputs&);
  std::optional<Duration> next;  // counted from the last preflight; 0s: now; empty: none is due
};

constexpr Duration usual = 1h;  // of a table row: the usual interval of the Deployment

// v2 is good, and the preflight of a rollback to v1 has just passed.
Inputs good_v2() {
  DeploymentHarness harness = baking_v2().pass_checks_for(11min);
  Inputs inputs = harness.inputs();
  inputs.preflight->at = harness.now;
  return inputs;
}

// As if this replica had just become the leader, and no leader had run a preflight.
void forget_preflights(Inputs& in) {
  in.preflight.reset();
  in.guard.conditions.clear();
}

void set_ready(Inputs& in, api::ConditionStatus status) {
  api::set_condition(in.guard.conditions,
                     {.type = "RollbackReady",
                      .status = status,
                      .observed_generation = in.deployment.meta.generation},
                     noon);
}

void fail_a_check(Inputs& in) { in.guard.checks[1].consecutive_failures = 1; }

const std::vector<Row> table = {
    {"a good revision", [](Inputs&) {}, usual},
    {"a release that bakes", [](Inputs& in) { in.guard.state = api::State::Evaluating; }, usual},
    {"a release with a failing check",
     [](Inputs& in) {
       in.guard.state = api::State::Evaluating;
       fail_a_check(in);
     },
     20s},
    {"a release with a check that has just failed",
     [](Inputs& in) {
       in.guard.state = api::State::Evaluating;
       in.measurements = {fails("health")};
     },
     20s},
    {"a release with a check that has just passed",
     [](Inputs& in) {
       in.guard.state = api::State::Evaluating;
       in.measurements = {pass("health")};
     },
     usual},
    {"a good revision with a failing check", fail_a_check, usual},
    {"a held release", [](Inputs& in) { in.guard.state = api::State::Held; }, 35s},
    {"a rollback that is not recorded yet",
     [](Inputs& in) { in.guard.state = api::State::RollingBack; }, 35s},
    {"a manual request", [](Inputs& in) { in.request = api::Rollback{}; }, 35s},
    {"no preflight has run", [](Inputs& in) { forget_preflights(in); }, 0s},
    {"no preflight has run, and the last one of another leader failed",
     [](Inputs& in) {
       forget_preflights(in);
       set_ready(in, False);
     },
     0s},
    {"no preflight has run for a held release",
     [](Inputs& in) {
       in.preflight.reset();
       in.guard.state = api::State::Held;
     },
     0s},
    {"no preflight has run for this template",
     [](Inputs& in) {
       in.preflight.reset();
       in.deployment.template_digest = TemplateDigest("other");
     },
     0s},
    {"the last preflight was for another target",
     [](Inputs& in) { in.preflight->target = "other"; }, 500ms},
    {"the last preflight was for another generation",
     [](Inputs& in) { in.preflight->generation -= 1; }, 500ms},
    {"the watch is behind the last preflight", [](Inputs& in) { in.preflight->generation += 1; },
     10s},
    {"a preflight for another target ran an hour ago",
     [](Inputs& in) {
       in.preflight->target = "other";
       in.preflight->at -= 1h;
     },
     0s},
    {"the last preflight failed, in a fleet of 2,000",
     [](Inputs& in) {
       in.guarded = 2'000;
       in.preflight->ready = False;
     },
     usual},
    {"no policy", [](Inputs& in) { in.policy = {}; }, {}},
    {"a Deployment that is being deleted",
     [](Inputs& in) { in.deployment.meta.deleting = true; },
     {}},
    {"no target", [](Inputs& in) { in.guard.revisions.clear(); }, {}},
};

// When the next preflight is expected. `next`: from the row.
Time expected_time(const Inputs& inputs, Time now, Duration next) {
  if (next == usual) next = usual_preflight_interval(inputs.deployment.meta.uid, 1);
  return inputs.preflight && next > 0s ? inputs.preflight->at + next : now;
}

const api::Condition& rollback_ready(const api::GuardStatus& guard) {
  return *api::find_condition(guard.conditions, "RollbackReady");
}

}  // namespace

TEST_CASE("runs a preflight sooner when a rollback may start at any moment") {
  for (const Row& row : table) {
    CAPTURE(row.name);
    Inputs inputs = good_v2();
    const Time now = inputs.preflight->at;
    row.given(inputs);
    const auto next = next_preflight(inputs, inputs.guard, now);
    REQUIRE(next.has_value() == row.next.has_value());
    if (next) CHECK(*next == expected_time(inputs, now, *row.next));
  }
}

TEST_CASE("runs preflights while a rollback is pending, but none while it is executed") {
  DeploymentHarness harness = pending_rollback();
  Inputs inputs = harness.inputs();
  CHECK(next_preflight(inputs, inputs.guard, harness.now) == harness.now + 35s);
  inputs.rollback->status.phase = RollbackPhase::TemplateRestored;
  CHECK_FALSE(next_preflight(inputs, inputs.guard, harness.now).has_value());
  inputs.guard.state = api::State::Evaluating;
  CHECK(next_preflight(inputs, inputs.guard, harness.now).has_value());
  inputs.guard.state = api::State::RollingBack;
  inputs.rollback->spec.deployment_uid = Uid("another");
  CHECK(next_preflight(inputs, inputs.guard, harness.now).has_value());
}

TEST_CASE("runs a preflight at its time or later, but not before") {
  Inputs inputs = good_v2();
  const Time at = inputs.preflight->at;
  const Duration interval = usual_preflight_interval(inputs.deployment.meta.uid, 1);
  CHECK_FALSE(is_preflight_due(inputs, at + interval - 1ms));
  CHECK(is_preflight_due(inputs, at + interval));
  CHECK(is_preflight_due(inputs, at + 1h));
  inputs.policy = {};
  CHECK_FALSE(is_preflight_due(inputs, at + 1h));
}

TEST_CASE("spreads the usual preflights of many Deployments over 4 minutes") {
  Duration shortest = 1h;
  Duration longest = 0s;
  for (int i = 0; i < 1'000; ++i) {
    const Duration interval = usual_preflight_interval(Uid("uid-" + std::to_string(i)), 200);
    shortest = std::min(shortest, interval);
    longest = std::max(longest, interval);
  }
  CHECK(shortest >= 8min);
  CHECK(shortest < 8min + 10s);
  CHECK(longest <= 12min);
  CHECK(longest > 12min - 10s);
}

TEST_CASE("runs usual preflights less often in a large fleet, in all one every 3 s") {
  Duration sum = 0s;
  for (int i = 0; i < 2'000; ++i)
    sum += usual_preflight_interval(Uid("uid-" + std::to_string(i)), 2'000);
  const Duration mean = sum / 2'000;
  CHECK(mean > 95min);
  CHECK(mean < 105min);
}

TEST_CASE("a new leader uses RollbackReady of the one before, and spreads its first preflights") {
  Inputs inputs = good_v2();
  set_rollback_ready(inputs.guard, inputs, noon);
  inputs.preflight.reset();
  inputs.loaded = noon;
  inputs.deployment.meta.generation += 1;  // it was scaled meanwhile
  Duration latest = 0s;
  for (int i = 0; i < 1'000; ++i) {
    inputs.deployment.meta.uid = Uid("uid-" + std::to_string(i));
    const auto next = next_preflight(inputs, inputs.guard, noon);
    REQUIRE(next);
    REQUIRE(*next >= noon);
    latest = std::max(latest, *next - noon);
  }
  CHECK(latest > 11min);
  CHECK(latest < 12min);
  const api::GuardStatus before = inputs.guard;
  set_rollback_ready(inputs.guard, inputs, noon + 1min);
  CHECK(inputs.guard == before);
}

TEST_CASE("reports the last preflight of the target in RollbackReady") {
  Inputs inputs = good_v2();
  inputs.preflight->ready = False;
  inputs.preflight->reason = Reason::MissingReference;
  inputs.preflight->message = "ConfigMap web is missing";
  set_rollback_ready(inputs.guard, inputs, noon);
  CHECK(rollback_ready(inputs.guard).status == False);
  CHECK(rollback_ready(inputs.guard).reason == api::to_string(Reason::MissingReference));
  CHECK(rollback_ready(inputs.guard).message == "ConfigMap web is missing");
  CHECK(rollback_ready(inputs.guard).observed_generation == inputs.deployment.meta.generation);
}

TEST_CASE("reports that no preflight of the target has run yet in RollbackReady") {
  Inputs inputs = good_v2();
  inputs.preflight->target = "other";
  set_rollback_ready(inputs.guard, inputs, noon);
  CHECK(rollback_ready(inputs.guard).status == Unknown);
  CHECK(rollback_ready(inputs.guard).reason == api::to_string(Reason::NotChecked));
  CHECK_FALSE(rollback_ready(inputs.guard).message.empty());
}

TEST_CASE("reports why there is no target in RollbackReady") {
  Inputs inputs = good_v2();
  inputs.guard.current->no_rollback_past = true;
  set_rollback_ready(inputs.guard, inputs, noon);
  CHECK(rollback_ready(inputs.guard).status == False);
  CHECK(rollback_ready(inputs.guard).reason == api::to_string(Reason::NoRollbackPast));
  const std::string marked = rollback_ready(inputs.guard).message;
  CHECK_FALSE(marked.empty());
  inputs.guard.revisions.clear();
  set_rollback_ready(inputs.guard, inputs, noon);
  CHECK(rollback_ready(inputs.guard).status == False);
  CHECK(rollback_ready(inputs.guard).reason == api::to_string(Reason::NoLastGood));
  CHECK(rollback_ready(inputs.guard).message != marked);
}
