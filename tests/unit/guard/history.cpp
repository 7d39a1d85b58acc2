#include "unit/guard/history.hpp"

#include <algorithm>
#include <array>

#include "rollback/record.hpp"

namespace lastgood::guard::test {

namespace {

const Measurements passing{pass("rollout"), pass("health")};

struct Kind {
  const char* name;
  std::optional<EventGroup> group;  // empty: in every history
  int weight;
  void (*happen)(CheckedHarness&, int argument);
};

std::string template_named(int argument) { return "v" + std::to_string(argument + 1); }

void release(CheckedHarness& it, int argument) {
  it.harness.ship(template_named(argument));
  it.reconcile();
  it.harness.roll_out();
  it.reconcile({pass("rollout")});
}

void succeed(CheckedHarness& it, int) {
  it.reconcile();
  it.harness.roll_out();
  it.reconcile_times(2, passing);
  it.harness.pass_time(6min);
  it.reconcile_times(2, passing);
}

void fail(CheckedHarness& it, int argument) { it.reconcile_times(argument + 1, {fails("health")}); }

void bad_release(CheckedHarness& it, int argument) {
  release(it, argument);
  it.reconcile_times(4, {fails("health")});
}

void request(CheckedHarness& it, int argument) {
  if (argument == 0) it.harness.request_rollback();
  if (argument == 1) it.harness.request_rollback({.to_revision = 1});
  if (argument == 2) it.harness.request_rollback({.force = true});
  if (argument == 3) it.harness.request_rollback({.to_revision = 2, .force = true});
  if (argument == 4) it.harness.request_rollback({.drill = true});
  it.reconcile_times(2, {});
}

void restart_earlier(CheckedHarness& it, int argument) {
  DeploymentHarness& harness = it.harness;
  const auto back = std::min(harness.persisted.size(), static_cast<std::size_t>(argument));
  harness.restart_with(back == 0 ? harness.written
                                 : harness.persisted[harness.persisted.size() - back]);
}

void resume(CheckedHarness& it, int argument) {
  if (argument > 2) {
    it.harness.guard.freeze.reset();
  } else {
    it.harness.policy.resume = it.harness.now;
  }
}

void opt_in_again(CheckedHarness& it, int) {
  const policy::EffectivePolicy before = it.harness.policy;
  it.harness.opt_out();
  it.reconcile();
  it.harness.policy = before;
}

// "api" joins the group or has a new release: evaluated, breached, good before, blocked, or not
// reconciled yet.
void release_member(CheckedHarness& it, int argument) {
  DeploymentHarness& harness = it.harness;
  harness.policy.group = "shop";
  GroupMember member{.deployment = "api"};
  if (argument < 4) {
    const Time since = argument == 2 ? harness.now - 1h : harness.now;
    member.guard.deployment_uid = Uid("api-uid");
    member.guard.state = api::State::Evaluating;
    member.guard.evaluation_started = since;
    member.guard.current = api::Revision{.hash = TemplateHash("api2"), .number = 2, .since = since};
    if (argument == 1) member.guard.current->verdict = api::RevisionVerdict::Breached;
    if (argument == 2) member.guard.current->verdict = api::RevisionVerdict::Good;
    if (argument == 3) member.blocked_because = "it is frozen (Contested)";
  }
  harness.group = {std::move(member)};
}

// "api" is the first member, the second, or awaits approval.
void initiate_by_member(CheckedHarness& it, int argument) {
  release_member(it, 1);
  const DeploymentHarness& harness = it.harness;
  GroupMember& member = it.harness.group.front();
  api::Rollback rollback;
  rollback.meta.key = {.namespace_ = "shop",
                       .name = "api-" + std::to_string(harness.events.size()) + "-9f"};
  rollback.spec.deployment = "api";
  rollback.spec.from = *member.guard.current;
  rollback.spec.to.hash = TemplateHash("api1");
  rollback.spec.check = "health";
  rollback.spec.reason = Reason::WrongStatus;
  rollback.spec.detected = harness.now;
  rollback.spec.group = api::GroupRollback{.name = "shop", .members = {"api", "web"}};
  if (argument < 2) std::ranges::reverse(rollback.spec.group->members);
  if (argument == 4) rollback.spec.mode = api::Mode::Approve;
  member.guard.rollback = rollback.meta.key.name;
  member.guard.state = argument == 4 ? api::State::Held : api::State::RollingBack;
  member.rollback = std::move(rollback);
}

void continue_initiator(CheckedHarness& it, int argument) {
  using enum api::RollbackPhase;
  constexpr std::array phases{Superseded, TemplateRestored, Verifying, Succeeded, Failed};
  if (it.harness.group.empty() || !it.harness.group.front().rollback) return;
  api::RollbackStatus& status = it.harness.group.front().rollback->status;
  if (api::finished(status.phase)) return;
  status.phase = phases.at(static_cast<std::size_t>(argument));
  if (status.phase != Superseded && status.phase != Failed && !status.template_restored)
    status.template_restored = it.harness.now;
}

void change_checks(CheckedHarness& it, int argument) {
  auto& checks = it.harness.policy.spec.checks;
  checks = web_policy().spec.checks;
  if (argument < 2) checks.clear();
}

constexpr auto always = std::optional<EventGroup>();

const std::vector<Kind> kinds = {
    {"release", always, 8, release},
    {"ship", always, 2,
     [](CheckedHarness& it, int argument) { it.harness.ship(template_named(argument)); }},
    {"roll out", always, 5, [](CheckedHarness& it, int) { it.harness.roll_out(); }},
    {"roll out partly", always, 1, [](CheckedHarness& it, int) { it.harness.roll_out_partly(); }},
    {"scale", always, 1, [](CheckedHarness& it, int argument) { it.harness.scale(argument + 1); }},
    {"succeed", always, 6, succeed},
    {"bake", always, 2,
     [](CheckedHarness& it, int) {
       it.harness.pass_time(10min);
       it.reconcile_times(2, passing);
     }},
    {"fail", always, 10, fail},
    {"bad release", always, 10, bad_release},
    {"fail immediately", always, 2,
     [](CheckedHarness& it, int) { it.reconcile_times(1, {fails_immediately("rollout")}); }},
    {"pass", always, 2, [](CheckedHarness& it, int) { it.reconcile_times(1, passing); }},
    {"no results", always, 2,
     [](CheckedHarness& it, int argument) {
       it.reconcile_times(argument, {unknown("rollout"), unknown("health")});
     }},
    {"pass time", always, 2,
     [](CheckedHarness& it, int argument) { it.harness.pass_time(argument * 3min); }},
    {"restart", always, 1, [](CheckedHarness& it, int) { it.harness.restart(); }},
    {"suspend", EventGroup::Pauses, 1,
     [](CheckedHarness& it, int argument) { it.harness.suspend(argument == 0); }},
    {"pause", EventGroup::Pauses, 1,
     [](CheckedHarness& it, int argument) { it.harness.pause(argument == 0); }},
    {"pause until", EventGroup::Pauses, 1,
     [](CheckedHarness& it, int argument) {
       it.harness.policy.pause_until = it.harness.now + argument * 5s;
     }},
    {"scale to zero", EventGroup::Pauses, 1,
     [](CheckedHarness& it, int argument) { it.harness.scale(argument == 0 ? 0 : 3).roll_out(); }},
    {"opt out and in", EventGroup::Pauses, 1, opt_in_again},
    {"delete", EventGroup::Pauses, 1,
     [](CheckedHarness& it, int argument) { it.harness.deployment.meta.deleting = argument == 0; }},
    {"mode", EventGroup::Modes, 3,
     [](CheckedHarness& it, int argument) {
       it.harness.policy.spec.mode = argument < 3    ? api::Mode::Enforce
                                     : argument == 3 ? api::Mode::Approve
                                                     : api::Mode::Observe;
     }},
    {"approve", EventGroup::Modes, 2, [](CheckedHarness& it, int) { it.harness.approve(); }},
    {"approve by annotation", EventGroup::Modes, 1,
     [](CheckedHarness& it, int) { it.harness.policy.approve = it.harness.guard.rollback; }},
    {"breaker", EventGroup::Fleet, 4,
     [](CheckedHarness& it, int argument) {
       it.harness.breaker = {.is_open = argument == 0, .message = "many"};
     }},
    {"preflight", EventGroup::Preflight, 4,
     [](CheckedHarness& it, int argument) {
       it.harness.preflight =
           api::Preflight{.ready = argument == 0   ? api::ConditionStatus::False
                                   : argument == 1 ? api::ConditionStatus::Unknown
                                                   : api::ConditionStatus::True,
                          .reason = Reason::AdmissionDenied};
       if (argument == 2) it.harness.preflight.reset();
     }},
    {"request", EventGroup::Requests, 3, request},
    {"author", EventGroup::Tools, 3,
     [](CheckedHarness& it, int argument) { it.harness.author = argument < 3 ? tool : user; }},
    {"resume", EventGroup::Resumes, 3, resume},
    {"fail like baseline", EventGroup::Baselines, 4,
     [](CheckedHarness& it, int argument) {
       it.reconcile_times(
           3, {argument < 2 ? failed_before_release("health") : fails_like_baseline("health")});
     }},
    {"cannot record", EventGroup::Faults, 1,
     [](CheckedHarness& it, int argument) { it.harness.can_record = argument > 0; }},
    {"limit writes", EventGroup::Faults, 1,
     [](CheckedHarness& it, int argument) { it.harness.writes_allowed = argument; }},
    {"restart with an old guard", EventGroup::Faults, 1, restart_earlier},
    {"release a member", EventGroup::Groups, 2, release_member},
    {"initiate by a member", EventGroup::Groups, 2, initiate_by_member},
    {"continue the initiator", EventGroup::Groups, 3, continue_initiator},
    {"change the order", EventGroup::Groups, 1,
     [](CheckedHarness& it, int argument) { it.harness.policy.group_order = argument - 2; }},
    {"leave the group", EventGroup::Groups, 1,
     [](CheckedHarness& it, int) {
       it.harness.policy.group.clear();
       it.harness.group.clear();
     }},
    {"change the checks", EventGroup::Checks, 2, change_checks},
};

}  // namespace

const std::vector<EventGroup>& all_event_groups() {
  using enum EventGroup;
  static const std::vector<EventGroup> all{Pauses,  Modes,     Fleet,  Preflight, Requests, Tools,
                                           Resumes, Baselines, Faults, Groups,    Checks};
  return all;
}

const api::Rollback* ReconcileStep::started_rollback() const {
  const auto* start = std::get_if<StartRollback>(&plan.action);
  return start ? &start->record : nullptr;
}

const api::Rollback* ReconcileStep::executed_rollback() const {
  return after.template_changes > before.template_changes ? &*after.rollback : nullptr;
}

const api::Rollback* ReconcileStep::executed_automatic_rollback() const {
  const api::Rollback* executed = executed_rollback();
  return executed && !api::is_manual(executed->spec) ? executed : nullptr;
}

CheckedHarness::CheckedHarness(DeploymentHarness prepared, Invariant invariant)
    : harness(std::move(prepared)), invariant_(std::move(invariant)) {}

void CheckedHarness::reconcile(Measurements measurements) {
  const DeploymentHarness before = harness;
  const Inputs inputs = harness.inputs(measurements);
  const Plan plan = decide(inputs, harness.now);
  harness.reconcile(std::move(measurements));
  invariant_({.inputs = inputs, .plan = plan, .before = before, .after = harness});
}

void CheckedHarness::reconcile_times(int count, const Measurements& measurements) {
  for (int i = 0; i < count; ++i) {
    harness.pass_time(10s);
    reconcile(measurements);
  }
}

void showValue(const HistoryEvent& event, std::ostream& out) {
  out << kinds[static_cast<std::size_t>(event.kind)].name << " " << event.argument;
}

rc::Gen<std::vector<History>> histories(std::vector<EventGroup> groups) {
  std::vector<int> weighted;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto& group = kinds[i].group;
    if (group && std::ranges::find(groups, *group) == groups.end()) continue;
    weighted.insert(weighted.end(), static_cast<std::size_t>(kinds[i].weight), static_cast<int>(i));
  }
  const auto event = rc::gen::map(
      rc::gen::pair(rc::gen::elementOf(weighted), rc::gen::inRange(0, 5)),
      [](const auto& pair) { return HistoryEvent{.kind = pair.first, .argument = pair.second}; });
  return rc::gen::container<std::vector<History>>(
      6, rc::gen::scale(0.4, rc::gen::container<History>(event)));
}

void run_history(const History& history, const Invariant& invariant,
                 const std::function<void(DeploymentHarness&)>& prepare) {
  DeploymentHarness harness = running_v1();
  for (int number = 1; number < 5; ++number) {
    harness.sets.push_back(replica_set(template_named(number), false, number + 1));
    if (number == 2) harness.sets.back().no_rollback_past = true;
  }
  if (prepare) prepare(harness);
  CheckedHarness checked(std::move(harness), invariant);
  for (const HistoryEvent& event : history) {
    kinds[static_cast<std::size_t>(event.kind)].happen(checked, event.argument);
    checked.reconcile();
  }
}

}  // namespace lastgood::guard::test
