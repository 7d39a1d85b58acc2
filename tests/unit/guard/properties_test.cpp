// Whatever happens in whatever order, these hold. Thousands of random histories against a small model of a Deployment.
#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "rollback/record.hpp"
#include "guard/check_status.hpp"
#include "life.hpp"

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
  return rc::gen::map(rc::gen::pair(rc::gen::elementOf(all), rc::gen::inRange(0, 5)),
                      [](const auto& pair) { return Happening{.event = pair.first, .which = pair.second}; });
}

using History = std::vector<Happening>;

// Ten a turn, of a hundred turns. One run has one seed: another length is what makes another round another one.
rc::Gen<std::vector<History>> histories(std::vector<std::pair<std::size_t, Event>> weighted, int longest = 120) {
  const auto one = rc::gen::resize(longest, rc::gen::container<History>(any_of(std::move(weighted))));
  return rc::gen::container<std::vector<History>>(10, one);
}

rc::Gen<std::vector<History>> anything(int round) {
  using enum Event;
  return histories(
      {{4, Look},         {8, Pass},        {10, Fail},    {3, FailAtOnce},  {2, Unknown}, {5, Ship},    {1, ShipWithoutSet},
       {10, RollOut},     {1, HalfRollOut}, {1, Scale},    {1, ScaleToZero}, {1, ScaleUp}, {1, Pause},   {1, Resume},
       {1, Suspend},      {1, Unsuspend},   {1, OptOut},   {2, OptIn},       {1, Break},   {1, Restart}, {1, RestartEarlier},
       {1, CannotRecord}, {2, CanRecord},   {1, KillSoon}, {1, PauseUntil},  {2, Wait},    {3, WaitLong}},
      120 + round);
}

// v1 to v5: few enough that templates come back.
std::string template_named(int which) { return "v" + std::to_string(which + 1); }

void change_world(Life& life, const Happening& it) {
  switch (it.event) {
    case Event::Ship: life.ship(template_named(it.which)); break;
    case Event::ShipWithoutSet: life.ship_without_set(template_named(it.which)); break;
    case Event::RollOut: life.roll_out(); break;
    case Event::HalfRollOut: life.half_roll_out(); break;
    case Event::Scale: life.scale(it.which + 1); break;
    case Event::ScaleToZero: life.scale(0); break;
    case Event::ScaleUp: life.scale(3).roll_out(); break;
    case Event::Pause: life.pause(); break;
    case Event::Resume: life.pause(false); break;
    case Event::Suspend: life.suspend(); break;
    case Event::Unsuspend: life.suspend(false); break;
    case Event::OptOut: life.opt_out(); break;
    case Event::OptIn: life.opt_in(); break;
    case Event::Break: life.break_policy(); break;
    case Event::Restart: life.restart(); break;
    case Event::RestartEarlier: {
      const auto back = std::min(life.persisted.size(), static_cast<std::size_t>(it.which));
      life.restart_with(back == 0 ? life.written : life.persisted[life.persisted.size() - back]);
      break;
    }
    case Event::CannotRecord: life.can_record = false; break;
    case Event::CanRecord: life.can_record = true; break;
    case Event::KillSoon: life.steps_allowed = it.which; break;
    case Event::PauseUntil: life.guarding.pause_until = life.now + it.which * 20s; break;
    case Event::WaitLong: life.pass_time(4min); break;
    default: break;
  }
}

std::vector<api::Sample> samples_of(Event event) {
  switch (event) {
    case Event::Pass: return {pass("rollout"), pass("health")};
    case Event::Fail: return {fails("health")};
    case Event::FailAtOnce: return {fails_at_once("rollout")};
    case Event::Unknown: return {unknown("rollout"), unknown("health")};
    default: return {};
  }
}

bool may_be_touched(const World& world) {
  return world.guarding.governs() && !world.guarding.spec.suspend && !world.deployment.paused &&
         !world.deployment.meta.deleting && world.deployment.replicas > 0;
}

bool is_remembered_as_bad(const api::GuardStatus& guard, const TemplateHash& hash) {
  return std::ranges::any_of(guard.revisions, [&](const api::Revision& one) {
    return one.hash == hash && one.verdict != api::RevisionVerdict::Good && one.verdict != api::RevisionVerdict::PresumedGood;
  });
}

void check_start(const World& world, const api::Rollback& record) {
  const bool is_to_be_touched = !world.guarding.pause_until || record.spec.detected >= *world.guarding.pause_until;
  RC_ASSERT(is_to_be_touched);
  RC_ASSERT(!record.spec.to.kept_as.empty());
  RC_ASSERT(record.spec.to.hash != record.spec.from.hash);
  RC_ASSERT(record.spec.from.hash.value == world.deployment.template_digest.value);
  RC_ASSERT(record.spec.generation == world.deployment.meta.generation);
  RC_ASSERT(!is_remembered_as_bad(world.guard, record.spec.to.hash));
}

// The list and the state fit together after every look.
void check_memory(const Life& life) {
  const api::GuardStatus& guard = life.guard;
  RC_ASSERT(guard.revisions.size() <= 20U);
  std::set<std::string> hashes;
  for (const auto& one : guard.revisions) RC_ASSERT(hashes.insert(one.hash.value).second);
  if (guard.current) RC_ASSERT(hashes.contains(guard.current->hash.value));
  const bool is_meant = rollback::is_seen_through(guard, life.rollback) || breached(guard.checks);
  if (guard.state == api::State::Held) RC_ASSERT(is_meant);
}

// Twice the same: nothing is told again, nothing is done again, nothing is written again.
void check_settled(const Life& life) {
  Life again = life;
  again.executor = false;
  // The target may be another one now, and only then is a preflight of it there.
  again.look().look();
  const auto once = again.guard;
  if (again.rollback && again.last.rollback) again.rollback->status = *again.last.rollback;
  if (again.last.act.index() != 0) return;
  again.look();
  RC_ASSERT(again.last.facts.empty());
  RC_ASSERT(again.last.act.index() == 0U);
  RC_ASSERT(!worth_writing(once, again.guard));
}

// A property of histories that never get anywhere holds nothing: what all of them together have seen.
struct Reached {
  std::map<std::string, int> times = {};

  void note(const Life& life) {
    times["state " + std::string(api::to_string(life.guard.state))] += 1;
    times["act " + life.act()] += 1;
    times["rollback " + life.phase()] += 1;
  }
  [[nodiscard]] std::string text() const {
    std::string out;
    for (const auto& [what, count] : times) out += what + ": " + std::to_string(count) + "\n";
    return out;
  }
};

using PerRelease = std::map<std::pair<std::string, std::int64_t>, std::string>;

// One look with what was decided checked before it is done.
void look_and_check(Life& life, std::vector<api::Sample> samples, PerRelease& started) {
  const World world = life.world(samples);
  const Decision decision = guard::decide(world, life.now);
  if (decision.act.index() != 0) RC_ASSERT(may_be_touched(world));
  const int records = life.records;
  if (const auto* start = std::get_if<StartRollback>(&decision.act)) check_start(world, start->record);
  life.look(std::move(samples));
  if (life.records > records) {
    const api::Rollback& begun = *life.rollback;
    std::string& last = started[{begun.spec.deployment_uid.value, begun.spec.generation}];
    const bool is_only_one = last.empty() || rollback::came_to_nothing(life.server.at(last));
    RC_ASSERT(is_only_one);
    last = begun.meta.key.name;
  }
  check_memory(life);
}

}  // namespace

TEST_CASE("Random histories: one rollback a release, never onto what is not proven, never where it may not be touched",
          "[property]") {
  Reached reached;
  const auto hold = [&](const History& history) {
    Life life;
    life.ship("v1").roll_out().look().look();
    PerRelease started;
    for (const Happening& it : history) {
      if (it.event != Event::WaitLong) life.pass_time(10s);
      change_world(life, it);
      look_and_check(life, samples_of(it.event), started);
      reached.note(life);
    }
    check_settled(life);
  };
  constexpr std::size_t states = 6;
  constexpr std::size_t acts = 3;    // and none
  constexpr std::size_t phases = 7;  // and none
  constexpr std::size_t everything = states + acts + 1 + phases + 1;
  // Now and then a thousand histories miss one of them: chance then gets more turns.
  constexpr int most_rounds = 10;
  bool held = true;
  for (int round = 0; round < most_rounds && held && reached.times.size() < everything; ++round) {
    held = rc::check([&] { std::ranges::for_each(*anything(round), hold); });
  }
  CHECK(held);
  INFO(reached.text());
  CHECK(reached.times.size() == everything);
}

TEST_CASE("Random histories: a release is put back at most once, whatever is scaled, restarted or lost", "[property]") {
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
    Life life;
    life.ship("v1").roll_out().look().look().ship("v2").look();
    for (const Happening& it : history) {
      if (it.event != WaitLong) life.pass_time(10s);
      change_world(life, it);
      life.look(samples_of(it.event));
      RC_ASSERT(life.template_changes <= 1);
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
    Life life;
    life.ship("v1").roll_out().look().look();
    for (const Happening& it : history) {
      life.pass_time(10s);
      change_world(life, it);
      life.look(samples_of(it.event));
      RC_ASSERT(life.records == 0);
      RC_ASSERT(life.guard.state != api::State::Held);
    }
  };
  const bool held = rc::check([&] { std::ranges::for_each(*quiet, hold); });
  CHECK(held);
}

TEST_CASE("Samples of one moment may come in any order, together or one by one", "[property]") {
  const bool held = rc::check([] {
    Life life;
    life.guarding.spec.checks.push_back({.name = "ready", .interval = 10s, .failure_threshold = 2});
    life.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look();
    Life other = life;
    const auto results = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
        rc::gen::tuple(rc::gen::inRange(0, 3), rc::gen::inRange(0, 3), rc::gen::inRange(0, 3)));
    const auto sample = [](const std::string& check, int result) {
      return result == 0 ? pass(check) : result == 1 ? fails(check) : unknown(check);
    };
    for (const auto& [rollout, health, ready] : results) {
      life.pass_time(10s);
      other.pass_time(10s);
      life.look({sample("rollout", rollout), sample("health", health), sample("ready", ready)});
      other.look({sample("ready", ready), sample("rollout", rollout), sample("health", health)});
      RC_ASSERT(life.guard == other.guard);
    }
    Life single = life;
    const int last = *rc::gen::inRange(0, 3);
    life.pass_time(10s).look({sample("health", last), sample("ready", last)});
    single.pass_time(10s).look({sample("ready", last)}).look({sample("health", last)});
    RC_ASSERT(life.guard.state == single.guard.state);
    RC_ASSERT(life.template_changes == single.template_changes);
  });
  CHECK(held);
}
