// Whatever happens in whatever order, these hold. Thousands of random histories against a small
// model of a Deployment.
#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "guard/check_status.hpp"
#include "harness.hpp"
#include "rollback/record.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

enum class Event : std::uint8_t {
  Look,
  Pass,
  Fail,
  FailAtOnce,
  Unknown,
  Ship,
  ShipWithoutSet,
  RollOut,
  HalfRollOut,
  Scale,
  ScaleToZero,
  ScaleUp,
  Pause,
  Resume,
  Suspend,
  Unsuspend,
  OptOut,
  OptIn,
  Break,
  Restart,
  RestartEarlier,
  CannotRecord,
  CanRecord,
  KillSoon,
  PauseUntil,
  Wait,
  WaitLong,
};

struct Happening {
  Event event = Event::Look;
  int which = 0;
};

void showValue(const Happening& happening, std::ostream& out) {
  out << static_cast<int>(happening.event) << "/" << happening.which;
}

rc::Gen<Happening> any_of(std::vector<std::pair<std::size_t, Event>> weighted) {
  std::vector<Event> all;
  for (const auto& [weight, event] : weighted) all.insert(all.end(), weight, event);
  return rc::gen::map(
      rc::gen::pair(rc::gen::elementOf(all), rc::gen::inRange(0, 5)),
      [](const auto& pair) { return Happening{.event = pair.first, .which = pair.second}; });
}

using History = std::vector<Happening>;

// Ten a turn, of a hundred turns. One run has one seed: another length is what makes another round
// another one.
rc::Gen<std::vector<History>> histories(std::vector<std::pair<std::size_t, Event>> weighted,
                                        int longest = 120) {
  const auto one =
      rc::gen::resize(longest, rc::gen::container<History>(any_of(std::move(weighted))));
  return rc::gen::container<std::vector<History>>(10, one);
}

rc::Gen<std::vector<History>> anything(int round) {
  using enum Event;
  return histories(
      {{4, Look},           {8, Pass},           {10, Fail},     {3, FailAtOnce},  {2, Unknown},
       {5, Ship},           {1, ShipWithoutSet}, {10, RollOut},  {1, HalfRollOut}, {1, Scale},
       {1, ScaleToZero},    {1, ScaleUp},        {1, Pause},     {1, Resume},      {1, Suspend},
       {1, Unsuspend},      {1, OptOut},         {2, OptIn},     {1, Break},       {1, Restart},
       {1, RestartEarlier}, {1, CannotRecord},   {2, CanRecord}, {1, KillSoon},    {1, PauseUntil},
       {2, Wait},           {3, WaitLong}},
      120 + round);
}

// v1 to v5: few enough that templates come back.
std::string template_named(int which) { return "v" + std::to_string(which + 1); }

void change_world(DeploymentHarness& harness, const Happening& it) {
  switch (it.event) {
    case Event::Ship: harness.ship(template_named(it.which)); break;
    case Event::ShipWithoutSet: harness.ship_without_set(template_named(it.which)); break;
    case Event::RollOut: harness.roll_out(); break;
    case Event::HalfRollOut: harness.half_roll_out(); break;
    case Event::Scale: harness.scale(it.which + 1); break;
    case Event::ScaleToZero: harness.scale(0); break;
    case Event::ScaleUp: harness.scale(3).roll_out(); break;
    case Event::Pause: harness.pause(); break;
    case Event::Resume: harness.pause(false); break;
    case Event::Suspend: harness.suspend(); break;
    case Event::Unsuspend: harness.suspend(false); break;
    case Event::OptOut: harness.opt_out(); break;
    case Event::OptIn: harness.opt_in(); break;
    case Event::Break: harness.break_policy(); break;
    case Event::Restart: harness.restart(); break;
    case Event::RestartEarlier: {
      const auto back = std::min(harness.persisted.size(), static_cast<std::size_t>(it.which));
      harness.restart_with(back == 0 ? harness.written
                                     : harness.persisted[harness.persisted.size() - back]);
      break;
    }
    case Event::CannotRecord: harness.can_record = false; break;
    case Event::CanRecord: harness.can_record = true; break;
    case Event::KillSoon: harness.steps_allowed = it.which; break;
    case Event::PauseUntil: harness.policy.pause_until = harness.now + it.which * 20s; break;
    case Event::WaitLong: harness.pass_time(4min); break;
    default: break;
  }
}

std::vector<api::Measurement> measurements_of(Event event) {
  switch (event) {
    case Event::Pass: return {pass("rollout"), pass("health")};
    case Event::Fail: return {fails("health")};
    case Event::FailAtOnce: return {fails_at_once("rollout")};
    case Event::Unknown: return {unknown("rollout"), unknown("health")};
    default: return {};
  }
}

bool may_be_touched(const Inputs& inputs) {
  return inputs.policy.governs() && !inputs.policy.spec.suspend && !inputs.deployment.paused &&
         !inputs.deployment.meta.deleting && inputs.deployment.replicas > 0;
}

bool is_remembered_as_bad(const api::GuardStatus& guard, const TemplateHash& hash) {
  return std::ranges::any_of(guard.revisions, [&](const api::Revision& one) {
    return one.hash == hash && one.verdict != api::RevisionVerdict::Good &&
           one.verdict != api::RevisionVerdict::PresumedGood;
  });
}

void check_start(const Inputs& inputs, const api::Rollback& record) {
  const bool is_to_be_touched =
      !inputs.policy.pause_until || record.spec.detected >= *inputs.policy.pause_until;
  RC_ASSERT(is_to_be_touched);
  RC_ASSERT(!record.spec.to.snapshot.empty());
  RC_ASSERT(record.spec.to.hash != record.spec.from.hash);
  RC_ASSERT(record.spec.from.hash.value == inputs.deployment.template_digest.value);
  RC_ASSERT(record.spec.generation == inputs.deployment.meta.generation);
  RC_ASSERT(!is_remembered_as_bad(inputs.guard, record.spec.to.hash));
}

// The list and the state fit together after every look.
void check_memory(const DeploymentHarness& harness) {
  const api::GuardStatus& guard = harness.guard;
  RC_ASSERT(guard.revisions.size() <= 20U);
  std::set<std::string> hashes;
  for (const auto& one : guard.revisions) RC_ASSERT(hashes.insert(one.hash.value).second);
  if (guard.current) RC_ASSERT(hashes.contains(guard.current->hash.value));
  const bool is_meant = rollback::is_in_progress(guard, harness.rollback) || breached(guard.checks);
  if (guard.state == api::State::Held) RC_ASSERT(is_meant);
}

// Twice the same: nothing is emitted again, nothing is done again, nothing is written again.
void check_settled(const DeploymentHarness& harness) {
  DeploymentHarness again = harness;
  again.executor = false;
  // The target may be another one now, and only then is a preflight of it there.
  again.look().look();
  const auto once = again.guard;
  if (again.rollback && again.last.rollback) again.rollback->status = *again.last.rollback;
  if (again.last.action.index() != 0) return;
  again.look();
  RC_ASSERT(again.last.events.empty());
  RC_ASSERT(again.last.action.index() == 0U);
  RC_ASSERT(!worth_writing(once, again.guard));
}

// A property of histories that never get anywhere holds nothing: what all of them together have
// seen.
struct Reached {
  std::set<api::State> states = {};
  std::set<ActionKind> actions = {};
  std::set<std::optional<RollbackPhase>> phases = {};

  void note(const DeploymentHarness& harness) {
    states.insert(harness.guard.state);
    actions.insert(harness.action());
    phases.insert(harness.phase());
  }
  [[nodiscard]] std::size_t count() const { return states.size() + actions.size() + phases.size(); }
};

using PerRelease = std::map<std::pair<std::string, std::int64_t>, std::string>;

// One look with what was decided checked before it is done.
void look_and_check(DeploymentHarness& harness, std::vector<api::Measurement> measurements,
                    PerRelease& started) {
  const Inputs inputs = harness.inputs(measurements);
  const Plan plan = guard::decide(inputs, harness.now);
  if (plan.action.index() != 0) RC_ASSERT(may_be_touched(inputs));
  const int records = harness.records;
  if (const auto* start = std::get_if<StartRollback>(&plan.action))
    check_start(inputs, start->record);
  harness.look(std::move(measurements));
  if (harness.records > records) {
    const api::Rollback& begun = *harness.rollback;
    std::string& last = started[{begun.spec.deployment_uid.value, begun.spec.generation}];
    const bool is_only_one = last.empty() || rollback::changed_nothing(harness.server.at(last));
    RC_ASSERT(is_only_one);
    last = begun.meta.key.name;
  }
  check_memory(harness);
}

}  // namespace

TEST_CASE(
    "Random histories: one rollback a release, never onto what is not proven, never where it may "
    "not be touched",
    "[property]") {
  Reached reached;
  const auto hold = [&](const History& history) {
    DeploymentHarness harness;
    harness.ship("v1").roll_out().look().look();
    PerRelease started;
    for (const Happening& it : history) {
      if (it.event != Event::WaitLong) harness.pass_time(10s);
      change_world(harness, it);
      look_and_check(harness, measurements_of(it.event), started);
      reached.note(harness);
    }
    check_settled(harness);
  };
  constexpr std::size_t states = 6;
  constexpr std::size_t acts = 3;    // and none
  constexpr std::size_t phases = 7;  // and none
  constexpr std::size_t everything = states + acts + 1 + phases + 1;
  // Now and then a thousand histories miss one of them: chance then gets more turns.
  constexpr int max_rounds = 10;
  bool held = true;
  for (int round = 0; round < max_rounds && held && reached.count() < everything; ++round) {
    held = rc::check([&] { std::ranges::for_each(*anything(round), hold); });
  }
  CHECK(held);
  CAPTURE(reached.states, reached.actions, reached.phases);
  CHECK(reached.count() == everything);
}

TEST_CASE(
    "Random histories: a release is put back at most once, whatever is scaled, restarted or lost",
    "[property]") {
  using enum Event;
  const auto one_release = histories({{4, Look},
                                      {6, Pass},
                                      {12, Fail},
                                      {4, FailAtOnce},
                                      {2, Unknown},
                                      {6, RollOut},
                                      {2, Scale},
                                      {1, Pause},
                                      {2, Resume},
                                      {1, Suspend},
                                      {2, Unsuspend},
                                      {2, Restart},
                                      {2, RestartEarlier},
                                      {2, CannotRecord},
                                      {3, CanRecord},
                                      {2, KillSoon},
                                      {2, Wait},
                                      {3, WaitLong}});
  const auto hold = [](const History& history) {
    DeploymentHarness harness;
    harness.ship("v1").roll_out().look().look().ship("v2").look();
    for (const Happening& it : history) {
      if (it.event != WaitLong) harness.pass_time(10s);
      change_world(harness, it);
      harness.look(measurements_of(it.event));
      RC_ASSERT(harness.template_changes <= 1);
    }
  };
  const bool held = rc::check([&] { std::ranges::for_each(*one_release, hold); });
  CHECK(held);
}

TEST_CASE("Random histories: where nothing ever fails, nothing is ever done", "[property]") {
  using enum Event;
  const auto quiet = histories({{4, Look},
                                {8, Unknown},
                                {3, Pass},
                                {3, Ship},
                                {3, RollOut},
                                {2, HalfRollOut},
                                {2, Scale},
                                {1, OptOut},
                                {1, OptIn},
                                {1, Restart},
                                {1, RestartEarlier},
                                {3, WaitLong}});
  const auto hold = [](const History& history) {
    DeploymentHarness harness;
    harness.ship("v1").roll_out().look().look();
    for (const Happening& it : history) {
      harness.pass_time(10s);
      change_world(harness, it);
      harness.look(measurements_of(it.event));
      RC_ASSERT(harness.records == 0);
      RC_ASSERT(harness.guard.state != api::State::Held);
    }
  };
  const bool held = rc::check([&] { std::ranges::for_each(*quiet, hold); });
  CHECK(held);
}

TEST_CASE("Samples of one moment may come in any order, together or one by one", "[property]") {
  const bool held = rc::check([] {
    DeploymentHarness harness;
    harness.policy.spec.checks.push_back(
        {.name = "ready", .interval = 10s, .failure_threshold = 2});
    harness.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look();
    DeploymentHarness other = harness;
    const auto results = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
        rc::gen::tuple(rc::gen::inRange(0, 3), rc::gen::inRange(0, 3), rc::gen::inRange(0, 3)));
    const auto measurement = [](const std::string& check, int result) {
      return result == 0 ? pass(check) : result == 1 ? fails(check) : unknown(check);
    };
    for (const auto& [rollout, health, ready] : results) {
      harness.pass_time(10s);
      other.pass_time(10s);
      harness.look({measurement("rollout", rollout), measurement("health", health),
                    measurement("ready", ready)});
      other.look({measurement("ready", ready), measurement("rollout", rollout),
                  measurement("health", health)});
      RC_ASSERT(harness.guard == other.guard);
    }
    DeploymentHarness single = harness;
    const int last = *rc::gen::inRange(0, 3);
    harness.pass_time(10s).look({measurement("health", last), measurement("ready", last)});
    single.pass_time(10s).look({measurement("ready", last)}).look({measurement("health", last)});
    RC_ASSERT(harness.guard.state == single.guard.state);
    RC_ASSERT(harness.template_changes == single.template_changes);
  });
  CHECK(held);
}
