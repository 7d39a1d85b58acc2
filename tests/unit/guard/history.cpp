#include "history.hpp"

#include <algorithm>
#include <array>

#include "rollback/record.hpp"

namespace lastgood::guard::test {

namespace {

using Samples = std::vector<api::Measurement>;

const Samples well{pass("rollout"), pass("health")};

struct Kind {
  const char* name;
  std::optional<Also> also;  // nothing: always
  int weight;
  void (*happens)(Watched&, int);
};

std::string template_named(int which) { return "v" + std::to_string(which + 1); }

void release(Watched& w, int which) {
  w.harness.ship(template_named(which));
  w.look();
  w.harness.roll_out();
  w.look({pass("rollout")});
}

void seen_through(Watched& w, int) {
  w.look();
  w.harness.roll_out();
  w.watch(2, well);
  w.harness.pass_time(6min);
  w.watch(2, well);
}

void fail(Watched& w, int which) { w.watch(which + 1, {fails("health")}); }

void bad_release(Watched& w, int which) {
  release(w, which);
  w.watch(4, {fails("health")});
}

void request(Watched& w, int which) {
  if (which == 0) w.harness.ask();
  if (which == 1) w.harness.ask({.to_revision = 1});
  if (which == 2) w.harness.ask({.force = true});
  if (which == 3) w.harness.ask({.to_revision = 2, .force = true});
  if (which == 4) w.harness.ask({.drill = true});
  w.watch(2, {});
}

void restart_earlier(Watched& w, int which) {
  DeploymentHarness& harness = w.harness;
  const auto back = std::min(harness.persisted.size(), static_cast<std::size_t>(which));
  harness.restart_with(back == 0 ? harness.written
                                 : harness.persisted[harness.persisted.size() - back]);
}

void resume(Watched& w, int which) {
  if (which > 2) {
    w.harness.guard.freeze.reset();
  } else {
    w.harness.policy.resume = w.harness.now;
  }
}

void opt_in_again(Watched& w, int) {
  const policy::EffectivePolicy before = w.harness.policy;
  w.harness.opt_out();
  w.look();
  w.harness.policy = before;
}

// "api" comes into the group, or is released anew: judged, breached, good before, unable, or not
// looked at yet.
void member_appears(Watched& w, int which) {
  DeploymentHarness& harness = w.harness;
  harness.policy.group = "shop";
  GroupMember member{.deployment = "api"};
  if (which < 4) {
    const Time since = which == 2 ? harness.now - 1h : harness.now;
    member.guard.deployment_uid = Uid("api-uid");
    member.guard.state = api::State::Evaluating;
    member.guard.evaluation_started = since;
    member.guard.current = api::Revision{.hash = TemplateHash("api2"), .number = 2, .since = since};
    if (which == 1) member.guard.current->verdict = api::RevisionVerdict::Breached;
    if (which == 2) member.guard.current->verdict = api::RevisionVerdict::Good;
    if (which == 3) member.blocked_because = "it is frozen (Contested)";
  }
  harness.group = {std::move(member)};
}

// It is the first, the second, or waits for approval.
void member_calls(Watched& w, int which) {
  member_appears(w, 1);
  const DeploymentHarness& harness = w.harness;
  GroupMember& member = w.harness.group.front();
  api::Rollback call;
  call.meta.key = {.namespace_ = "shop",
                   .name = "api-" + std::to_string(harness.events.size()) + "-9f"};
  call.spec.deployment = "api";
  call.spec.from = *member.guard.current;
  call.spec.to.hash = TemplateHash("api1");
  call.spec.check = "health";
  call.spec.reason = Reason::WrongStatus;
  call.spec.detected = harness.now;
  call.spec.group = api::GroupRollback{.name = "shop", .members = {"api", "web"}};
  if (which < 2) std::ranges::reverse(call.spec.group->members);
  if (which == 4) call.spec.mode = api::Mode::Approve;
  member.guard.rollback = call.meta.key.name;
  member.guard.state = which == 4 ? api::State::Held : api::State::RollingBack;
  member.rollback = std::move(call);
}

void call_goes_on(Watched& w, int which) {
  using enum api::RollbackPhase;
  constexpr std::array phases{Superseded, TemplateRestored, Verifying, Succeeded, Failed};
  if (w.harness.group.empty() || !w.harness.group.front().rollback) return;
  api::RollbackStatus& status = w.harness.group.front().rollback->status;
  if (api::finished(status.phase)) return;
  status.phase = phases.at(static_cast<std::size_t>(which));
  if (status.phase != Superseded && status.phase != Failed && !status.template_restored)
    status.template_restored = w.harness.now;
}

void ask_other_checks(Watched& w, int which) {
  auto& checks = w.harness.policy.spec.checks;
  checks = web_policy().spec.checks;
  if (which < 2) checks.clear();
}

constexpr auto always = std::optional<Also>();

const std::vector<Kind> kinds = {
    {"released", always, 8, release},
    {"shipped", always, 2, [](Watched& w, int which) { w.harness.ship(template_named(which)); }},
    {"rolled out", always, 5, [](Watched& w, int) { w.harness.roll_out(); }},
    {"not all", always, 1, [](Watched& w, int) { w.harness.half_roll_out(); }},
    {"scaled", always, 1, [](Watched& w, int which) { w.harness.scale(which + 1); }},
    {"seen through", always, 6, seen_through},
    {"baked", always, 2,
     [](Watched& w, int) {
       w.harness.pass_time(10min);
       w.watch(2, well);
     }},
    {"failing", always, 10, fail},
    {"bad release", always, 10, bad_release},
    {"breached at once", always, 2,
     [](Watched& w, int) { w.watch(1, {fails_at_once("rollout")}); }},
    {"passing", always, 2, [](Watched& w, int) { w.watch(1, well); }},
    {"silent", always, 2,
     [](Watched& w, int which) { w.watch(which, {unknown("rollout"), unknown("health")}); }},
    {"time", always, 2, [](Watched& w, int which) { w.harness.pass_time(which * 3min); }},
    {"restarted", always, 1, [](Watched& w, int) { w.harness.restart(); }},
    {"suspended", Also::Restraints, 1,
     [](Watched& w, int which) { w.harness.suspend(which == 0); }},
    {"paused", Also::Restraints, 1, [](Watched& w, int which) { w.harness.pause(which == 0); }},
    {"left alone", Also::Restraints, 1,
     [](Watched& w, int which) { w.harness.policy.pause_until = w.harness.now + which * 5s; }},
    {"without a pod", Also::Restraints, 1,
     [](Watched& w, int which) { w.harness.scale(which == 0 ? 0 : 3).roll_out(); }},
    {"opted in again", Also::Restraints, 1, opt_in_again},
    {"deleting", Also::Restraints, 1,
     [](Watched& w, int which) { w.harness.deployment.meta.deleting = which == 0; }},
    {"mode", Also::Modes, 3,
     [](Watched& w, int which) {
       w.harness.policy.spec.mode = which < 3    ? api::Mode::Enforce
                                    : which == 3 ? api::Mode::Approve
                                                 : api::Mode::Observe;
     }},
    {"approved", Also::Modes, 2, [](Watched& w, int) { w.harness.approve(); }},
    {"annotated", Also::Modes, 1,
     [](Watched& w, int) { w.harness.policy.approve = w.harness.guard.rollback; }},
    {"breaker", Also::Fleet, 4,
     [](Watched& w, int which) { w.harness.breaker = {.is_open = which == 0, .message = "many"}; }},
    {"preflight", Also::Preflight, 4,
     [](Watched& w, int which) {
       w.harness.preflight = api::Preflight{.ready = which == 0   ? api::ConditionStatus::False
                                                     : which == 1 ? api::ConditionStatus::Unknown
                                                                  : api::ConditionStatus::True,
                                            .reason = Reason::AdmissionDenied};
       if (which == 2) w.harness.preflight.reset();
     }},
    {"asked", Also::RequestIndex, 3, request},
    {"author", Also::Machines, 3,
     [](Watched& w, int which) { w.harness.author = which < 3 ? machine : person; }},
    {"resumed", Also::Resumes, 3, resume},
    {"shared", Also::Baselines, 4,
     [](Watched& w, int which) { w.watch(3, {fails_as_before("health", which < 2)}); }},
    {"cannot record", Also::Losses, 1,
     [](Watched& w, int which) { w.harness.can_record = which > 0; }},
    {"killed soon", Also::Losses, 1,
     [](Watched& w, int which) { w.harness.steps_allowed = which; }},
    {"restarted earlier", Also::Losses, 1, restart_earlier},
    {"a member", Also::Groups, 2, member_appears},
    {"a member calls", Also::Groups, 2, member_calls},
    {"its call goes on", Also::Groups, 3, call_goes_on},
    {"another place", Also::Groups, 1,
     [](Watched& w, int which) { w.harness.policy.group_order = which - 2; }},
    {"no group", Also::Groups, 1,
     [](Watched& w, int) {
       w.harness.policy.group.clear();
       w.harness.group.clear();
     }},
    {"other checks", Also::Checks, 2, ask_other_checks},
};

}  // namespace

const api::Rollback* Look::begins() const {
  const auto* start = std::get_if<StartRollback>(&plan.action);
  return start ? &start->record : nullptr;
}

const api::Rollback* Look::touches() const {
  return after.template_changes > before.template_changes ? &*after.rollback : nullptr;
}

const api::Rollback* Look::touches_by_itself() const {
  const api::Rollback* touched = touches();
  return touched && !api::is_manual(touched->spec) ? touched : nullptr;
}

Watched::Watched(DeploymentHarness lived, Property property)
    : harness(std::move(lived)), property_(std::move(property)) {}

void Watched::look(std::vector<api::Measurement> measurements) {
  const DeploymentHarness before = harness;
  const Inputs inputs = harness.inputs(measurements);
  const Plan plan = decide(inputs, harness.now);
  harness.look(std::move(measurements));
  property_({.inputs = inputs, .plan = plan, .before = before, .after = harness});
}

void Watched::watch(int looks, const std::vector<api::Measurement>& measurements) {
  for (int i = 0; i < looks; ++i) {
    harness.pass_time(10s);
    look(measurements);
  }
}

void showValue(const Happening& happening, std::ostream& out) {
  out << kinds[static_cast<std::size_t>(happening.kind)].name << " " << happening.which;
}

rc::Gen<std::vector<History>> histories(std::vector<Also> also) {
  std::vector<int> weighted;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto& which = kinds[i].also;
    if (which && std::ranges::find(also, *which) == also.end()) continue;
    weighted.insert(weighted.end(), static_cast<std::size_t>(kinds[i].weight), static_cast<int>(i));
  }
  const auto one = rc::gen::map(
      rc::gen::pair(rc::gen::elementOf(weighted), rc::gen::inRange(0, 5)),
      [](const auto& pair) { return Happening{.kind = pair.first, .which = pair.second}; });
  return rc::gen::container<std::vector<History>>(
      6, rc::gen::scale(0.4, rc::gen::container<History>(one)));
}

void live(const History& history, const Property& property,
          const std::function<void(DeploymentHarness&)>& given) {
  DeploymentHarness harness;
  harness.ship("v1").roll_out().look().look();
  for (int which = 1; which < 5; ++which) {
    harness.sets.push_back(replica_set(template_named(which), false, which + 1));
    if (which == 2) harness.sets.back().no_rollback_past = true;
  }
  if (given) given(harness);
  Watched watched(std::move(harness), property);
  for (const Happening& it : history) {
    kinds[static_cast<std::size_t>(it.kind)].happens(watched, it.which);
    watched.look();
  }
}

}  // namespace lastgood::guard::test
