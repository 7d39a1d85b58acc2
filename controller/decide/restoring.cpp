// RollingBack and Verifying: seeing a rollback through, from the record that it is meant to the proof that it helped.
#include <fmt/format.h>

#include <algorithm>

#include "decide/group.hpp"
#include "decide/group_member.hpp"
#include "decide/hold.hpp"
#include "decide/preflight.hpp"
#include "decide/record.hpp"
#include "decide/restraint.hpp"
#include "decide/samples.hpp"
#include "decide/step.hpp"

namespace lastgood::decide {

using api::CheckStatus;
using api::RevisionVerdict;
using api::RollbackPhase;
using api::State;

namespace {

// The Deployment's own progress deadline ends most failed rollouts earlier; this ends those that have none.
constexpr std::chrono::minutes longest_restoration{15};
// What carrying out came to is looked at again then, should nothing happen before.
constexpr std::chrono::seconds soon{1};

constexpr const char* refused_reason = "Refused";

constexpr const char* what_to_do = "Ship a new template to go on";

void fail_rollback(Step& step, const api::Rollback& rollback, std::string reason, const std::string& message) {
  step.out.rollback = advance(rollback.status, RollbackPhase::Failed, message, step.now);
  step.out.rollback->verification = step.guard().checks;
  freeze(step, std::move(reason), message, what_to_do, "RollbackFailed");
}

void judge(Step& step) {
  api::GuardStatus& guard = step.guard();
  guard.checks = apply_all(guard.checks, step.world.guarding.spec, step.samples(), guard.rolled_out.has_value(), step.now);
}

// Says why in the state's words; true when it holds.
bool held_back(Step& step, std::span<const HoldRule> rules, State state) {
  const auto held = first_hold(rules, step.world, step.guard(), step.now);
  if (!held) return false;
  if (state == State::Held) {
    hold_back(step, *held, name_of(step.deployment(), *step.guard().current));
    return true;
  }
  if (held->until) step.look_again(*held->until);
  step.enter(state, held->reason, held->message);
  return true;
}

// What a person asked for is not counted: the limits are ours.
void note_past(api::GuardStatus& guard, const api::Rollback& rollback, Time now) {
  constexpr std::size_t most_past = api::RollbackLimit::most;
  const std::string& name = rollback.meta.key.name;
  const bool is_known = std::ranges::find(guard.rollbacks, name, &api::PastRollback::name) != guard.rollbacks.end();
  if (is_known || api::is_by_hand(rollback.spec)) return;
  guard.rollbacks.insert(guard.rollbacks.begin(), {.name = name, .at = rollback.status.template_restored.value_or(now)});
  if (guard.rollbacks.size() > most_past) guard.rollbacks.resize(most_past);
}

// Our patch has been there, whether or not the record says so yet.
bool is_touched(const Step& step, const api::Rollback& rollback) {
  return is_marked_by(step.deployment(), rollback) && step.deployment().meta.generation != rollback.spec.generation;
}

std::span<const HoldRule> rules_on_touching(const api::Rollback& rollback) {
  return rollback.spec.force && api::is_by_hand(rollback.spec) ? forced_rules() : touch_rules();
}

void carry_out(Step& step, const api::Rollback& rollback) {
  const bool is_there = rollback.status.template_restored || is_touched(step, rollback);
  if (held_back(step, rules_on_touching(rollback), is_there ? State::RollingBack : State::Held)) return;
  const std::string bad = name_of(step.deployment(), rollback.spec.from);
  const std::string good = name_of(step.deployment(), rollback.spec.to);
  if (rollback.status.phase == RollbackPhase::Pending && !is_touched(step, rollback) &&
      rollback.status.message.starts_with(refused_words)) {
    const bool is_told = step.guard().reason == refused_reason;
    step.enter(State::Held, refused_reason, rollback.status.message);
    if (!is_told) step.guard().state_since = step.now;
    if (!is_told)
      step.fact(true, "RollbackRefused", "Rollback",
                fmt::format("{} is not put back to {} yet. {}", bad, good, rollback.status.message));
  } else {
    step.enter(State::RollingBack, rollback.spec.reason, fmt::format("{} is put back to {} {}", bad, good, why(rollback.spec)));
  }
  step.out.act = CarryOutRollback{};
  step.look_again(step.now + soon);
}

// What comes next is decided at the next look, which sees that this one is over: these samples have been counted.
void cancel(Step& step, const api::Rollback& rollback, const std::string& message) {
  step.out.rollback = advance(rollback.status, RollbackPhase::Superseded, message, step.now);
  step.fact(false, "RollbackCancelled", "None", message);
  // What was called although it had been judged stays what it is.
  const auto& current = step.guard().current;
  if (current && current->verdict == RevisionVerdict::Good) {
    step.enter(State::Idle, "Good", message);
  } else if (current && current->verdict == RevisionVerdict::Unjudged) {
    step.enter(State::Idle, "Unjudged", message);
  } else {
    step.enter(State::Watching, step.guard().rolled_out ? "Baking" : "RollingOut", message);
  }
  step.look_again(step.now);
}

// Its own check is why it goes back, until others of its group have gone back for it: then it is for them.
bool is_for_its_check(const Step& step, const api::Rollback& rollback) {
  return !rollback.spec.check.empty() && !has_group_begun(step.world, rollback);
}

// Why what is recorded is not to be done any more; empty: it is.
std::string why_not_any_more(const Step& step, const api::Rollback& rollback) {
  const std::string name = name_of(step.deployment(), rollback.spec.from);
  const std::string off = why_called_off(step.world, rollback);
  if (!off.empty()) return fmt::format("{} stays: {}", name, off);
  // One that goes back with its group is not chosen anew.
  const bool is_alone = rollback.spec.caused_by.empty() && !rollback.spec.group;
  const auto& preflight = step.world.preflight;
  if (is_alone && is_about(preflight, step.deployment(), rollback.spec.to) && preflight->reason == "TargetGone")
    return fmt::format("{} stays: what it would go back to is not kept any more", name);
  if (!is_for_its_check(step, rollback)) return {};
  if (rollback.spec.group && rollback.spec.group->name != step.world.guarding.group)
    return fmt::format("{} stays for now: it is in group {} no longer, which it called back", name, rollback.spec.group->name);
  const GroupMember* other = newcomer(step.world, rollback, step.out.guard.watch_started);
  if (other && other->cannot.empty())
    return fmt::format("{} stays for now: {} of its group was released too, so what goes back is decided anew", name,
                       other->deployment);
  const std::vector<CheckStatus>& checks = step.out.guard.checks;
  const auto check = std::ranges::find(checks, rollback.spec.check, &CheckStatus::name);
  if (check == checks.end()) return fmt::format("{} stays: check {} is not in the policy any more", name, rollback.spec.check);
  const bool is_well = !breached(checks) && check->result == api::SampleResult::Pass;
  return is_well ? fmt::format("{} got well before anything was touched", name) : "";
}

std::span<const HoldRule> rules_on_pending(const Step& step, const api::Rollback& rollback) {
  if (api::is_by_hand(rollback.spec)) return by_hand_rules();
  return has_group_begun(step.world, rollback) ? group_rules() : pending_rules();
}

// For the record, as soon as it is seen.
void note_approval(Step& step, const api::Rollback& rollback) {
  const std::string approval = restraint::approval_of(step.world);
  if (approval.empty() || restraint::is_noted_as_approved(rollback)) return;
  step.out.rollback = rollback.status;
  note_moment(*step.out.rollback, approval, step.now);
}

// What waited for a person is told of when it begins.
void tell_that_it_begins(Step& step, const api::Rollback& rollback) {
  const std::string approval = restraint::approval_of(step.world);
  const bool was_told = !rollback.spec.caused_by.empty() && rollback.spec.mode != api::Mode::Approve;
  if (approval.empty() || was_told || step.guard().state != State::Held || step.guard().reason == refused_reason) return;
  step.fact(true, "RollbackStarted", "Rollback",
            fmt::format("{} is put back to {}, {}: Rollback {}. {}", name_of(step.deployment(), rollback.spec.from),
                        name_of(step.deployment(), rollback.spec.to), why(rollback.spec), rollback.meta.key.name, approval));
}

// Recorded, but not touched yet: a refusal, a pause or a stop has come between. In the meantime the release may have got well, so
// it must be seen to fail still.
void carry_out_pending(Step& step, const api::Rollback& rollback) {
  const api::GuardStatus& guard = step.guard();
  if (is_touched(step, rollback)) return carry_out(step, rollback);
  judge(step);
  const bool was_refused = guard.reason == refused_reason;
  const std::string refusal = guard.message;
  if (held_back(step, rules_on_touching(rollback), State::Held)) return;
  if (held_back(step, unseen_rules(), State::Held)) return;
  if (const std::string why = why_not_any_more(step, rollback); !why.empty()) return cancel(step, rollback, why);
  const std::string name = name_of(step.deployment(), rollback.spec.from);
  if (was_refused && step.now >= guard.state_since.value_or(step.now) + longest_restoration) {
    return fail_rollback(
        step, rollback, "RollbackRefused",
        fmt::format("{} could not be put back within {}. {}", name, format_duration(longest_restoration), refusal));
  }
  if (is_for_its_check(step, rollback) && !confirmed_breach(guard.checks, step.world.guarding.spec, step.now)) {
    return step.enter(State::Held, "Unconfirmed",
                      fmt::format("{} is put back when check {} is seen to fail again", name, rollback.spec.check));
  }
  note_approval(step, rollback);
  if (held_back(step, rules_on_pending(step, rollback), State::Held)) return;
  tell_that_it_begins(step, rollback);
  carry_out(step, rollback);
}

// What is put back runs, and has to be judged: the ownership of its fields is not waited for without end.
void carry_out_ownership(Step& step, const api::Rollback& rollback) {
  if (step.now < rollback.status.template_restored.value_or(step.now) + longest_restoration) return carry_out(step, rollback);
  step.out.rollback = advance(rollback.status, RollbackPhase::Restored, rollback.status.message, step.now);
  step.look_again(step.now + soon);
}

void await_rollout(Step& step, const api::Rollback& rollback) {
  api::GuardStatus& guard = step.guard();
  if (held_back(step, judge_rules(), State::RollingBack)) return;
  // A rollout that was stopped, or at which nobody could look, has not failed: its time starts anew.
  if (guard.reason != "RollingOut") guard.state_since = step.now;
  const std::string name = name_of(step.deployment(), rollback.spec.to);
  step.enter(State::RollingBack, "RollingOut", fmt::format("{} is put back and rolls out", name));
  // Anything but the restored revision would have been taken for a release.
  const bool is_seen = guard.current && guard.current->hash != rollback.spec.from.hash;
  if (is_seen) judge(step);
  if (const CheckStatus* breach = breached(guard.checks); is_seen && breach) {
    return fail_rollback(step, rollback, "RollbackFailed",
                         fmt::format("{} did not roll out after it was put back: {}", name, breach->message));
  }
  if (is_seen && api::rollout_complete(step.deployment())) {
    guard.rolled_out = step.now;
    guard.checks = apply_all({}, step.world.guarding.spec, {}, true, step.now);
    const std::string message = fmt::format("{} is rolled out again and is being verified", name);
    step.out.rollback = advance(rollback.status, RollbackPhase::Verifying, message, step.now);
    return step.enter(State::Verifying, "RolledOut", message);
  }
  const Time began = std::max(rollback.status.template_restored.value_or(step.now), guard.state_since.value_or(step.now));
  if (step.now >= began + longest_restoration) {
    return fail_rollback(
        step, rollback, "RollbackFailed",
        fmt::format("{} was not rolled out within {} after it was put back", name, format_duration(longest_restoration)));
  }
  step.look_again(began + longest_restoration);
}

// An earlier one of the same name, which came to nothing, is no answer to what was begun since.
bool is_of_before(const api::GuardStatus& guard, const api::Rollback& rollback) {
  return came_to_nothing(rollback) && rollback.status.finished && rollback.status.finished < guard.state_since;
}

// The record is finished, whoever finished it: the state follows.
void follow(Step& step, const api::Rollback& rollback) {
  const std::string& words = rollback.status.message;
  switch (rollback.status.phase) {
    case RollbackPhase::Superseded:
    case RollbackPhase::Observed:
    case RollbackPhase::Refused: return step_watching(step);
    case RollbackPhase::Failed:
      if (is_of_before(step.guard(), rollback)) return step_watching(step);
      if (rollback.status.template_restored) quarantine(step, rollback);
      return freeze(step, "RollbackFailed", words, what_to_do);
    case RollbackPhase::Succeeded: quarantine(step, rollback); return step.enter(State::Idle, "RolledBack", words);
    case RollbackPhase::Pending:
    case RollbackPhase::TemplateRestored:
    case RollbackPhase::Restored:
    case RollbackPhase::Verifying: return;
  }
}

void succeed(Step& step, const api::Rollback& rollback, const std::string& message) {
  step.out.rollback = advance(rollback.status, RollbackPhase::Succeeded, message, step.now);
  step.out.rollback->verification = step.guard().checks;
  step.enter(State::Idle, "RolledBack", message);
}

// It was proven when it was chosen, and the rollback did its part; waiting for ever would prove nothing more.
void end_unverified(Step& step, const api::Rollback& rollback, const std::string& why) {
  const std::string message =
      fmt::format("{} was put back, but is not verified: {}", name_of(step.deployment(), *step.guard().current), why);
  step.fact(true, "RollbackUnverified", "None", message);
  succeed(step, rollback, message);
}

// Why it will not be verified, when it has had its time; empty while it may be.
std::string why_unverified(const Step& step, Outlook looks, bool complete, Time silent) {
  const std::vector<CheckStatus>& checks = step.out.guard.checks;
  if (complete && looks == Outlook::Silent && step.now >= silent) return "no answer came from " + silent_ones(checks);
  if (step.now < silent + longest_restoration || looks == Outlook::Unasked) return {};
  if (is_failing_still(checks, step.world.guarding.spec, step.now)) return {};
  if (looks == Outlook::Failing) return "a check that failed was not answered again";
  return complete ? "" : "not every replica is available";
}

void conclude_verification(Step& step, const api::Rollback& rollback) {
  api::GuardStatus& guard = step.guard();
  const std::string name = name_of(step.deployment(), *guard.current);
  const Time done = *guard.rolled_out + step.world.guarding.spec.verify_for;
  const Time silent = std::max(done, *guard.rolled_out + patience(step.world.guarding.spec));
  const Outlook looks = outlook(guard.checks);
  const bool complete = api::rollout_complete(step.deployment());
  if (complete && looks == Outlook::Passing && step.now >= done) {
    set_verdict(guard, guard.current->hash, RevisionVerdict::Good, step.now);
    const std::string message = fmt::format("{} was put back and passes its checks", name);
    step.fact(false, "RollbackVerified", "None", message);
    return succeed(step, rollback, message);
  }
  if (const std::string why = why_unverified(step, looks, complete, silent); !why.empty())
    return end_unverified(step, rollback, why);
  for (const Time next : {done, silent, silent + longest_restoration}) {
    if (step.now < next) step.look_again(next);
  }
  if (step.now < done)
    return step.enter(State::Verifying, "RolledOut", fmt::format("{} is rolled out again and is being verified", name));
  if (!complete)
    return step.enter(State::Verifying, "AwaitingReplicas", fmt::format("{} is verified once every replica is available", name));
  step.enter(State::Verifying, "AwaitingPass", fmt::format("{} is verified once every check has passed", name));
}

}  // namespace

void adopt_rollback(Step& step, const api::Rollback& rollback) {
  api::GuardStatus& guard = step.guard();
  const auto recall = [&](api::Revision revision) {
    if (find_revision(guard, revision.hash)) return;
    guard.revisions.insert(guard.revisions.begin(), std::move(revision));
  };
  recall(rollback.spec.to);
  recall(rollback.spec.from);
  if (!guard.current || guard.current->hash != rollback.spec.from.hash) guard.current = rollback.spec.from;
  forget_oldest(guard);
  const bool was_breached = !rollback.spec.check.empty();
  if (was_breached && find_revision(guard, rollback.spec.from.hash)->verdict != RevisionVerdict::RolledBack) {
    set_verdict(guard, rollback.spec.from.hash, RevisionVerdict::Breached, rollback.spec.detected.value_or(step.now));
  }
  guard.rollback = rollback.meta.key.name;
  guard.rolled_out.reset();
  guard.checks.clear();
  if (rollback.status.phase == RollbackPhase::Pending && !rollback.spec.check.empty()) {
    // Breached it was, whatever the threshold; only a new failure confirms it.
    constexpr int any_threshold = 100;
    guard.checks.push_back({.name = rollback.spec.check,
                            .reason = not_asked_yet,
                            .failures = 1,
                            .failure_threshold = any_threshold,
                            .breached = true});
  }
  step.enter(State::RollingBack, rollback.spec.reason, fmt::format("Going on with Rollback {}", rollback.meta.key.name));
}

void quarantine(Step& step, const api::Rollback& rollback) {
  api::GuardStatus& guard = step.guard();
  const api::Revision* bad = find_revision(guard, rollback.spec.from.hash);
  if (!bad || bad->verdict == RevisionVerdict::RolledBack) return;
  set_verdict(guard, rollback.spec.from.hash, RevisionVerdict::RolledBack, step.now);
  note_past(guard, rollback, step.now);
  step.fact(true, "RolledBack", "Rollback",
            fmt::format("{} was put back to {}, {}{}{}", name_of(step.deployment(), rollback.spec.from),
                        name_of(step.deployment(), rollback.spec.to), why(rollback.spec),
                        rollback.spec.message.empty() ? "" : ": ", rollback.spec.message));
}

void hold_back(Step& step, const Hold& hold, const std::string& what) {
  if (hold.until) step.look_again(*hold.until);
  if (hold.is_quiet) return;
  api::GuardStatus& guard = step.guard();
  const bool news = guard.state != State::Held || guard.reason != hold.reason;
  step.enter(State::Held, hold.reason, hold.message);
  if (!news) return;
  // How long it is refused counts from the first refusal.
  if (hold.reason == refused_reason) guard.state_since = step.now;
  step.fact(true, "RollbackHeld", "Hold", fmt::format("{} is not rolled back, {}: {}", what, hold.reason, hold.message));
}

void step_rolling_back(Step& step) {
  const api::Rollback* rollback = named_by(step.guard(), step.world.rollback);
  // The record was not written, so nothing was touched: the release is judged on.
  if (!rollback) return step_watching(step);
  switch (rollback->status.phase) {
    case RollbackPhase::Pending: return carry_out_pending(step, *rollback);
    case RollbackPhase::TemplateRestored: quarantine(step, *rollback); return carry_out_ownership(step, *rollback);
    case RollbackPhase::Restored: quarantine(step, *rollback); return await_rollout(step, *rollback);
    case RollbackPhase::Verifying:
      quarantine(step, *rollback);
      return step.enter(State::Verifying, "RolledOut", rollback->status.message);
    case RollbackPhase::Succeeded:
    case RollbackPhase::Failed:
    case RollbackPhase::Superseded:
    case RollbackPhase::Observed:
    case RollbackPhase::Refused: return follow(step, *rollback);
  }
}

void step_verifying(Step& step) {
  api::GuardStatus& guard = step.guard();
  const api::Rollback* rollback = named_by(guard, step.world.rollback);
  if (!rollback) return step.enter(State::Idle, "RolledBack", "The rollback is finished");
  if (api::finished(rollback->status.phase)) return follow(step, *rollback);
  if (held_back(step, judge_rules(), State::Verifying)) {
    guard.rolled_out.reset();
    return;
  }
  // Time in which nobody looked verifies nothing.
  if (!guard.rolled_out) guard.rolled_out = step.now;
  judge(step);
  if (const CheckStatus* breach = breached(guard.checks)) {
    return fail_rollback(step, *rollback, "VerificationFailed",
                         fmt::format("{} was put back but fails too, check {}: {}", name_of(step.deployment(), *guard.current),
                                     breach->name, breach->message));
  }
  conclude_verification(step, *rollback);
}

}  // namespace lastgood::decide
