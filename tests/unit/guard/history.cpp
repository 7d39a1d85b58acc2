#include "unit/guard/history.hpp"

#include <algorithm>
#include <array>

#include "rollback/record.hpp"

namespace lastgood::guard::test {

namespace {

const Measurements passing{pass("rollout"), pass("health")};

struct EventKind {
  const char* name;
  std::optional<EventGroup> group;  // empty: can happen in each history
  int weight;                       // how often it happens, relative to the other events
  void (*apply)(CheckedHarness&, int argument);
};

std::string template_named(int argument) { return "v" + std::to_string(argument + 1); }

void release(CheckedHarness& checked, int argument) {
  checked.harness.ship(template_named(argument));
  checked.reconcile();
  checked.harness.roll_out();
  checked.reconcile({pass("rollout")});
}

// The checks pass for longer than verifyFor, so a rollback that is verified succeeds.
void succeed(CheckedHarness& checked, int) {
  checked.reconcile();
  checked.harness.roll_out();
  checked.reconcile_times(2, passing);
  checked.harness.pass_time(6min);
  checked.reconcile_times(2, passing);
}

void fail(CheckedHarness& checked, int argument) {
  checked.reconcile_times(argument + 1, {fails("health")});
}

void bad_release(CheckedHarness& checked, int argument) {
  release(checked, argument);
  checked.reconcile_times(4, {fails("health")});
}

void request(CheckedHarness& checked, int argument) {
  if (argument == 0) checked.harness.request_rollback();
  if (argument == 1) checked.harness.request_rollback({.to_revision = 1});
  if (argument == 2) checked.harness.request_rollback({.force = true});
  if (argument == 3) checked.harness.request_rollback({.to_revision = 2, .force = true});
  if (argument == 4) checked.harness.request_rollback({.drill = true});
  checked.reconcile_times(2, {});
}

void restart_with_old_guard(CheckedHarness& checked, int argument) {
  DeploymentHarness& harness = checked.harness;
  // 0: the guard as stored; 1: its last write; 2: the write before the last; and so on.
  const auto writes_back =
      std::min(harness.guard_writes.size(), static_cast<std::size_t>(argument));
  harness.restart_with(writes_back == 0
                           ? harness.stored_guard
                           : harness.guard_writes[harness.guard_writes.size() - writes_back]);
}

void end_freeze_by_user(CheckedHarness& checked, int argument) {
  if (argument > 2) {
    checked.harness.guard.freeze.reset();
  } else {
    checked.harness.policy.resume = checked.harness.now;
  }
}

void opt_out_and_in(CheckedHarness& checked, int) {
  const policy::EffectivePolicy before = checked.harness.policy;
  checked.harness.opt_out();
  checked.reconcile();
  checked.harness.policy = before;
}

// The member "api" joins the group or has a new release. By `argument` its release is evaluated
// (0), breached (1), good since an hour ago (2) or blocked (3), or "api" is not reconciled yet (4).
void release_member(CheckedHarness& checked, int argument) {
  DeploymentHarness& harness = checked.harness;
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

// "api" initiates a group rollback of "api" and "web". By `argument` "api" is the last member (0,
// 1) or the first (2 to 4), and its Rollback awaits approval (4).
void initiate_by_member(CheckedHarness& checked, int argument) {
  release_member(checked, 1);
  const DeploymentHarness& harness = checked.harness;
  GroupMember& member = checked.harness.group.front();
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

void continue_initiator(CheckedHarness& checked, int argument) {
  using enum api::RollbackPhase;
  constexpr std::array phases{Superseded, TemplateRestored, Verifying, Succeeded, Failed};
  if (checked.harness.group.empty() || !checked.harness.group.front().rollback) return;
  api::RollbackStatus& status = checked.harness.group.front().rollback->status;
  if (api::finished(status.phase)) return;
  status.phase = phases.at(static_cast<std::size_t>(argument));
  if (status.phase != Superseded && status.phase != Failed && !status.template_restored)
    status.template_restored = checked.harness.now;
}

void change_checks(CheckedHarness& checked, int argument) {
  auto& checks = checked.harness.policy.spec.checks;
  checks = web_policy().spec.checks;
  if (argument < 2) checks.clear();
}

constexpr auto each_history = std::optional<EventGroup>();

const std::vector<EventKind> event_kinds = {
    {"release", each_history, 8, release},
    {"ship", each_history, 2,
     [](CheckedHarness& checked, int argument) { checked.harness.ship(template_named(argument)); }},
    {"roll out", each_history, 5, [](CheckedHarness& checked, int) { checked.harness.roll_out(); }},
    {"roll out partly", each_history, 1,
     [](CheckedHarness& checked, int) { checked.harness.roll_out_partly(); }},
    {"scale", each_history, 1,
     [](CheckedHarness& checked, int argument) { checked.harness.scale(argument + 1); }},
    {"succeed", each_history, 6, succeed},
    {"bake", each_history, 2,
     [](CheckedHarness& checked, int) {
       checked.harness.pass_time(10min);
       checked.reconcile_times(2, passing);
     }},
    {"fail", each_history, 10, fail},
    {"bad release", each_history, 10, bad_release},
    {"fail immediately", each_history, 2,
     [](CheckedHarness& checked, int) {
       checked.reconcile_times(1, {fails_immediately("rollout")});
     }},
    {"pass", each_history, 2,
     [](CheckedHarness& checked, int) { checked.reconcile_times(1, passing); }},
    {"no results", each_history, 2,
     [](CheckedHarness& checked, int argument) {
       checked.reconcile_times(argument, {unknown("rollout"), unknown("health")});
     }},
    {"pass time", each_history, 2,
     [](CheckedHarness& checked, int argument) { checked.harness.pass_time(argument * 3min); }},
    {"restart", each_history, 1, [](CheckedHarness& checked, int) { checked.harness.restart(); }},
    {"suspend", EventGroup::Pauses, 1,
     [](CheckedHarness& checked, int argument) { checked.harness.set_suspended(argument == 0); }},
    {"pause", EventGroup::Pauses, 1,
     [](CheckedHarness& checked, int argument) { checked.harness.set_paused(argument == 0); }},
    {"pause until", EventGroup::Pauses, 1,
     [](CheckedHarness& checked, int argument) {
       checked.harness.policy.pause_until = checked.harness.now + argument * 5s;
     }},
    {"scale to zero", EventGroup::Pauses, 1,
     [](CheckedHarness& checked, int argument) {
       checked.harness.scale(argument == 0 ? 0 : 3).roll_out();
     }},
    {"opt out and in", EventGroup::Pauses, 1, opt_out_and_in},
    {"delete", EventGroup::Pauses, 1,
     [](CheckedHarness& checked, int argument) {
       checked.harness.deployment.meta.deleting = argument == 0;
     }},
    {"mode", EventGroup::Modes, 3,
     [](CheckedHarness& checked, int argument) {
       checked.harness.policy.spec.mode = argument < 3    ? api::Mode::Enforce
                                          : argument == 3 ? api::Mode::Approve
                                                          : api::Mode::Observe;
     }},
    {"approve", EventGroup::Modes, 2,
     [](CheckedHarness& checked, int) { checked.harness.approve(); }},
    {"approve by annotation", EventGroup::Modes, 1,
     [](CheckedHarness& checked, int) {
       checked.harness.policy.approve = checked.harness.guard.rollback;
     }},
    {"breaker", EventGroup::Fleet, 4,
     [](CheckedHarness& checked, int argument) {
       checked.harness.breaker = {.is_open = argument == 0, .message = "many releases fail"};
     }},
    {"preflight", EventGroup::Preflight, 4,
     [](CheckedHarness& checked, int argument) {
       checked.harness.preflight =
           api::Preflight{.ready = argument == 0   ? api::ConditionStatus::False
                                   : argument == 1 ? api::ConditionStatus::Unknown
                                                   : api::ConditionStatus::True,
                          .reason = Reason::AdmissionDenied};
       if (argument == 2) checked.harness.preflight.reset();
     }},
    {"request", EventGroup::Requests, 3, request},
    {"author", EventGroup::Tools, 3,
     [](CheckedHarness& checked, int argument) {
       checked.harness.author = argument < 3 ? tool : user;
     }},
    {"resume", EventGroup::Resumes, 3, end_freeze_by_user},
    {"fail like baseline", EventGroup::Baselines, 4,
     [](CheckedHarness& checked, int argument) {
       checked.reconcile_times(
           3, {argument < 2 ? failed_before_release("health") : fails_like_baseline("health")});
     }},
    {"cannot record", EventGroup::Faults, 1,
     [](CheckedHarness& checked, int argument) { checked.harness.can_record = argument > 0; }},
    {"limit writes", EventGroup::Faults, 1,
     [](CheckedHarness& checked, int argument) { checked.harness.writes_allowed = argument; }},
    {"restart with an old guard", EventGroup::Faults, 1, restart_with_old_guard},
    {"release a member", EventGroup::Groups, 2, release_member},
    {"initiate by a member", EventGroup::Groups, 2, initiate_by_member},
    {"continue the initiator", EventGroup::Groups, 3, continue_initiator},
    {"change the order", EventGroup::Groups, 1,
     [](CheckedHarness& checked, int argument) {
       checked.harness.policy.group_order = argument - 2;
     }},
    {"leave the group", EventGroup::Groups, 1,
     [](CheckedHarness& checked, int) {
       checked.harness.policy.group.clear();
       checked.harness.group.clear();
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
  return after.restorations > before.restorations ? &*after.rollback : nullptr;
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
  out << event_kinds[static_cast<std::size_t>(event.kind)].name << " " << event.argument;
}

rc::Gen<std::vector<History>> histories(std::vector<EventGroup> groups) {
  std::vector<int> weighted;
  for (std::size_t i = 0; i < event_kinds.size(); ++i) {
    const auto& group = event_kinds[i].group;
    if (group && std::ranges::find(groups, *group) == groups.end()) continue;
    weighted.insert(weighted.end(), static_cast<std::size_t>(event_kinds[i].weight),
                    static_cast<int>(i));
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
    harness.replica_sets.push_back(replica_set(template_named(number), false, number + 1));
    if (number == 2) harness.replica_sets.back().no_rollback_past = true;
  }
  if (prepare) prepare(harness);
  CheckedHarness checked(std::move(harness), invariant);
  for (const HistoryEvent& event : history) {
    event_kinds[static_cast<std::size_t>(event.kind)].apply(checked, event.argument);
    checked.reconcile();
  }
}

}  // namespace lastgood::guard::test
