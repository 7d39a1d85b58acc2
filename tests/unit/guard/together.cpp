#include "together.hpp"

#include <algorithm>

namespace lastgood::guard::test {

using api::RollbackPhase;

namespace {

constexpr std::array names{"db", "api", "web"};

std::size_t place_of(const std::string& name) {
  return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
}

DeploymentHarness alone(std::size_t who) {
  DeploymentHarness harness;
  harness.deployment.meta.key.name = names[who];
  harness.deployment.meta.uid = Uid(std::string(names[who]) + "-uid");
  harness.policy.group = "shop";
  harness.policy.group_order = static_cast<int>(who);
  harness.policy.spec.bake_time = 1min;
  harness.policy.spec.verify_for = 30s;
  harness.policy.spec.cooldown = 0s;
  harness.policy.spec.limit.count = 20;
  harness.ship("v1").roll_out();
  return harness;
}

}  // namespace

Together::Together() : lives{alone(0), alone(1), alone(2)} {
  for (int i = 0; i < 3; ++i) look(0, false);
}

void Together::ship(std::size_t who, bool is_good) {
  const std::string name = "v" + std::to_string(++shipped_);
  if (!is_good) ill.insert(name);
  lives[who].ship(name);
  emitted[who].shipped = lives[who].now;
  emitted[who].runs_release = true;
  emitted[who].good.reset();
  look_at(who, false);
}

void Together::take_out(std::size_t who) {
  lives[who].policy.group.clear();
  emitted[who].left = lives[who].now;
}

void Together::take_in(std::size_t who) { lives[who].policy.group = "shop"; }

void Together::clear_the_way() {
  for (std::size_t who = 0; who < how_many; ++who) {
    DeploymentHarness& harness = lives[who];
    take_in(who);
    harness.suspend(false);
    if (harness.deployment.paused) harness.pause(false);
    harness.policy.spec.mode = api::Mode::Enforce;
    harness.preflight->ready = api::ConditionStatus::True;
    harness.breaker = {};
    harness.can_record = true;
    harness.steps_allowed = 100;
  }
  for (DeploymentHarness& harness : lives) harness.approve();
}

void Together::restart() {
  is_seen_ = {};
  for (DeploymentHarness& harness : lives) harness.restart();
}

std::vector<GroupMember> Together::others(std::size_t who) const {
  std::vector<GroupMember> found;
  for (std::size_t other = 0; is_in(who) && other < how_many; ++other) {
    if (other == who || !is_in(other)) continue;
    const DeploymentHarness& harness = lives[other];
    GroupMember member{.deployment = names[other],
                       .blocked_because = "it has not been looked at yet"};
    if (is_seen_[other]) {
      member.order = harness.policy.group_order;
      member.guard = harness.guard;
      member.rollback = harness.rollback;
      member.blocked_because = harness.last.blocked_because;
      member.mode = harness.policy.spec.mode;
    }
    found.push_back(std::move(member));
  }
  return found;
}

void Together::look_at(std::size_t who, bool is_asked) {
  DeploymentHarness& harness = lives[who];
  harness.group = others(who);
  harness.initiator.reset();
  for (const DeploymentHarness& other : lives) {
    const auto followed =
        harness.rollback ? other.server.find(harness.rollback->spec.caused_by) : other.server.end();
    if (followed != other.server.end()) harness.initiator = followed->second;
  }
  std::vector<api::Measurement> measurements;
  if (is_asked)
    measurements = {test::pass("rollout"),
                    ill.contains(harness.on_deployment()) ? fails("health") : test::pass("health")};
  const int changes = harness.template_changes;
  const std::size_t events = harness.events.size();
  harness.look(std::move(measurements));
  is_seen_[who] = true;
  const auto is_good = [](const EventRecord& event) { return event.reason == Reason::ReleaseGood; };
  if (std::any_of(harness.events.begin() + static_cast<std::ptrdiff_t>(events),
                  harness.events.end(), is_good))
    emitted[who].good = harness.now;
  note_call(who);
  if (harness.template_changes > changes) note_touch(who);
}

void Together::note_call(std::size_t who) {
  const auto* start = std::get_if<StartRollback>(&lives[who].last.action);
  if (!start || !start->record.spec.group || call_named(start->record.meta.key.name)) return;
  Called call{.who = who,
              .name = start->record.meta.key.name,
              .at = lives[who].now,
              .released = start->record.spec.released.value_or(lives[who].now)};
  for (const std::string& member : start->record.spec.group->members)
    call.members.push_back(place_of(member));
  if (lives[who].can_record) calls.push_back(call);
  at_call(call);
}

void Together::note_touch(std::size_t who) {
  const api::Rollback& rollback = *lives[who].rollback;
  const bool is_leader = rollback.spec.group.has_value();
  Touched touched{.who = who,
                  .rollback = rollback,
                  .call = is_leader ? rollback.meta.key.name : rollback.spec.caused_by,
                  .at = lives[who].now};
  at_touch(touched);
  emitted[who].runs_release = false;
  touches.push_back(std::move(touched));
}

void Together::look(std::size_t first, bool is_asked) {
  for (std::size_t i = 0; i < how_many; ++i) look_at((first + i) % how_many, is_asked);
}

void Together::pass(Duration time, std::size_t first, bool is_asked) {
  for (DeploymentHarness& harness : lives) harness.pass_time(time);
  look(first, is_asked);
}

void Together::come_to_rest(std::size_t first) {
  constexpr int rounds = 40;
  for (int i = 0; i < rounds; ++i) {
    pass(10s, first, true);
    for (DeploymentHarness& harness : lives) harness.roll_out();
  }
}

const Called* Together::call_named(const std::string& name) const {
  const auto found = std::ranges::find(calls, name, &Called::name);
  return found == calls.end() ? nullptr : &*found;
}

bool Together::can_go_back(std::size_t who) const {
  const DeploymentHarness& harness = lives[who];
  return !harness.policy.spec.suspend && !harness.deployment.paused &&
         harness.policy.spec.mode != api::Mode::Observe &&
         harness.preflight->ready == api::ConditionStatus::True &&
         harness.guard.state != api::State::Frozen;
}

bool Together::has_other_plans(std::size_t who, Time since) const {
  return emitted[who].shipped >= since || emitted[who].left >= since;
}

namespace {

struct Kind {
  const char* name;
  int weight;
  void (*happens)(Together&, std::size_t who, int which);
};

// The first is `who`: what is good and bad of them is by `which`.
void release_together(Together& group, std::size_t who, int which) {
  const std::size_t those = which == 4 ? 2 : how_many;
  for (std::size_t i = 0; i < those; ++i)
    group.ship((who + i) % how_many, i != 0 && which != static_cast<int>(i));
  for (DeploymentHarness& harness : group.lives) harness.roll_out();
  group.pass(10s, who, true);
}

void fail(Together& group, std::size_t who, int which) {
  for (int i = 0; i <= which; ++i) group.pass(10s, who, true);
}

void roll_out_and_wait(Together& group, std::size_t who, int which) {
  for (int i = 0; i <= which; ++i) {
    for (DeploymentHarness& harness : group.lives) harness.roll_out();
    group.pass(10s, who, true);
  }
}

// Whoever is well becomes good, and whatever was put back is verified.
void bake(Together& group, std::size_t who, int) {
  roll_out_and_wait(group, who, 0);
  for (int i = 0; i < 2; ++i) group.pass(1min, who, true);
}

void become_well(Together& group, std::size_t who, int which) {
  if (which < 3) {
    group.ill.erase(group.lives[who].on_deployment());
  } else {
    group.ill.insert(group.lives[who].on_deployment());
  }
}

const std::vector<Kind> kinds = {
    {"released together", 8, release_together},
    {"released", 6, [](Together& g, std::size_t who, int which) { g.ship(who, which < 3); }},
    {"rolled out", 3, [](Together& g, std::size_t who, int) { g.lives[who].roll_out(); }},
    {"asked", 8, fail},
    {"all rolled out and asked", 6, roll_out_and_wait},
    {"a second", 6, [](Together& g, std::size_t who, int) { g.pass(1s, who, false); }},
    {"baked", 6, bake},
    {"well or ill", 2, become_well},
    {"suspended", 2,
     [](Together& g, std::size_t who, int which) { g.lives[who].suspend(which < 2); }},
    {"paused", 1, [](Together& g, std::size_t who, int which) { g.lives[who].pause(which < 2); }},
    {"mode", 2,
     [](Together& g, std::size_t who, int which) {
       g.lives[who].policy.spec.mode = which < 2   ? api::Mode::Approve
                                       : which < 3 ? api::Mode::Observe
                                                   : api::Mode::Enforce;
     }},
    {"approved", 2, [](Together& g, std::size_t who, int) { g.lives[who].approve(); }},
    {"cannot", 2,
     [](Together& g, std::size_t who, int which) {
       g.lives[who].preflight->ready =
           which < 2 ? api::ConditionStatus::False : api::ConditionStatus::True;
     }},
    {"order", 2,
     [](Together& g, std::size_t who, int which) { g.lives[who].policy.group_order = which - 2; }},
    {"taken out", 1, [](Together& g, std::size_t who, int) { g.take_out(who); }},
    {"taken in", 2, [](Together& g, std::size_t who, int) { g.take_in(who); }},
    {"breaker", 1,
     [](Together& g, std::size_t, int which) {
       for (DeploymentHarness& harness : g.lives)
         harness.breaker = {.is_open = which < 2, .message = "many"};
     }},
    {"restarted", 2, [](Together& g, std::size_t, int) { g.restart(); }},
    {"cannot record", 1,
     [](Together& g, std::size_t who, int which) { g.lives[who].can_record = which > 1; }},
    {"killed soon", 1,
     [](Together& g, std::size_t who, int which) { g.lives[who].steps_allowed = which; }},
};

}  // namespace

void showValue(const GroupHappening& happening, std::ostream& out) {
  out << kinds[static_cast<std::size_t>(happening.kind)].name << " " << names[happening.who] << " "
      << happening.which;
}

rc::Gen<std::vector<GroupHistory>> group_histories() {
  std::vector<int> weighted;
  for (std::size_t i = 0; i < kinds.size(); ++i)
    weighted.insert(weighted.end(), static_cast<std::size_t>(kinds[i].weight), static_cast<int>(i));
  const auto one = rc::gen::map(
      rc::gen::tuple(rc::gen::elementOf(weighted), rc::gen::inRange<std::size_t>(0, how_many),
                     rc::gen::inRange(0, 5)),
      [](const auto& it) {
        return GroupHappening{
            .kind = std::get<0>(it), .who = std::get<1>(it), .which = std::get<2>(it)};
      });
  return rc::gen::container<std::vector<GroupHistory>>(
      4, rc::gen::scale(0.4, rc::gen::container<GroupHistory>(one)));
}

void happen(Together& group, const GroupHistory& history) {
  for (const GroupHappening& it : history) {
    kinds[static_cast<std::size_t>(it.kind)].happens(group, it.who, it.which);
    group.look(it.who, false);
  }
}

}  // namespace lastgood::guard::test
