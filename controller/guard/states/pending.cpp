// What is recorded and not touched yet: whether it is still to be done, what holds it, and the
// first write of it.
#include <fmt/format.h>

#include <algorithm>

#include "guard/check_status.hpp"
#include "guard/gates/release_gates.hpp"
#include "guard/group/group.hpp"
#include "guard/group/member.hpp"
#include "guard/preflight.hpp"
#include "guard/states/restoring.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::CheckStatus;
using api::RevisionVerdict;
using api::RollbackPhase;
using api::State;

namespace {}  // namespace

void fail_rollback(Step& step, const api::Rollback& rollback, Reason reason,
                   const std::string& message) {
  step.out.rollback = rollback::advance(rollback.status, RollbackPhase::Failed, message, step.now);
  step.out.rollback->verification = step.guard().checks;
  freeze(step, reason, message, what_to_do, Reason::RollbackFailed);
}

void judge(Step& step) {
  api::GuardStatus& guard = step.guard();
  guard.checks = apply_all(guard.checks, step.inputs.policy.spec, step.measurements(),
                           guard.rolled_out.has_value(), step.now);
}

bool held_back(Step& step, std::span<const Gate> rules, State state) {
  const auto held = first_hold(rules, step.inputs, step.guard(), step.now);
  if (!held) return false;
  if (state == State::Held) {
    hold_back(step, *held, rollback::name_of(step.deployment(), *step.guard().current));
    return true;
  }
  if (held->until) step.requeue_at(*held->until);
  step.enter(state, held->reason, held->message);
  return true;
}

void hold_back(Step& step, const Hold& hold, const std::string& what) {
  if (hold.until) step.requeue_at(*hold.until);
  if (hold.is_quiet) return;
  api::GuardStatus& guard = step.guard();
  const bool news = guard.state != State::Held || guard.reason != hold.reason;
  step.enter(State::Held, hold.reason, hold.message);
  guard.blocked_by = hold.blocked_by;
  if (!news) return;
  // How long it is refused counts from the first rejection.
  if (hold.reason == Reason::AdmissionDenied) guard.state_since = step.now;
  step.emit(EventType::Warning, Reason::RollbackHeld, EventAction::Hold,
            fmt::format("{} is not rolled back, {}: {}", what, hold.reason, hold.message));
}

namespace {

// Our patch has been there, whether or not the record says so yet.
bool is_touched(const Step& step, const api::Rollback& rollback) {
  return rollback::is_marked_by(step.deployment(), rollback) &&
         step.deployment().meta.generation != rollback.spec.generation;
}

std::span<const Gate> rules_on_touching(const api::Rollback& rollback) {
  return rollback.spec.force && api::is_manual(rollback.spec) ? forced_write_gates()
                                                              : write_gates();
}

}  // namespace

void carry_out(Step& step, const api::Rollback& rollback) {
  const bool is_there = rollback.status.template_restored || is_touched(step, rollback);
  if (held_back(step, rules_on_touching(rollback), is_there ? State::RollingBack : State::Held))
    return;
  const std::string bad = rollback::name_of(step.deployment(), rollback.spec.from);
  const std::string good = rollback::name_of(step.deployment(), rollback.spec.to);
  if (rollback.status.phase == RollbackPhase::Pending && !is_touched(step, rollback) &&
      !rollback.status.last_error.empty()) {
    const bool is_told = step.guard().reason == Reason::AdmissionDenied;
    step.enter(State::Held, Reason::AdmissionDenied, rollback.status.message);
    if (!is_told) {
      step.guard().state_since = step.now;
      step.emit(
          EventType::Warning, Reason::PatchRejected, EventAction::Rollback,
          fmt::format("{} is not put back to {} yet. {}", bad, good, rollback.status.message));
    }
  } else {
    step.enter(State::RollingBack, rollback.spec.reason,
               fmt::format("{} is put back to {} {}", bad, good, rollback::why(rollback.spec)));
  }
  step.out.action = ResumeRollback{};
  step.requeue_at(step.now + soon_after_carrying_out);
}

namespace {

// What comes next is decided at the next look, which sees that this one is over: these measurements
// have been counted.
void cancel(Step& step, const api::Rollback& rollback, const std::string& message) {
  step.out.rollback =
      rollback::advance(rollback.status, RollbackPhase::Superseded, message, step.now);
  step.emit(EventType::Normal, Reason::RollbackCancelled, EventAction::None, message);
  // What was called although it had been judged stays what it is.
  const auto& current = step.guard().current;
  if (current && current->verdict == RevisionVerdict::Good) {
    step.enter(State::Idle, Reason::Good, message);
  } else if (current && current->verdict == RevisionVerdict::Inconclusive) {
    step.enter(State::Idle, Reason::Inconclusive, message);
  } else {
    step.enter(State::Evaluating, step.guard().rolled_out ? Reason::Baking : Reason::RollingOut,
               message);
  }
  step.requeue_at(step.now);
}

// Its own check is why it goes back, until others of its group have gone back for it: then it is
// for them.
bool is_for_its_check(const Step& step, const api::Rollback& rollback) {
  return !rollback.spec.check.empty() && !has_group_begun(step.inputs, rollback);
}

// Why what is recorded is not to be done any more; empty: it is.
std::string why_not_any_more(const Step& step, const api::Rollback& rollback) {
  const std::string name = rollback::name_of(step.deployment(), rollback.spec.from);
  const std::string off = why_called_off(step.inputs, rollback);
  if (!off.empty()) return fmt::format("{} stays: {}", name, off);
  // One that goes back with its group is not chosen anew.
  const bool is_alone = rollback.spec.caused_by.empty() && !rollback.spec.group;
  const auto& preflight = step.inputs.preflight;
  if (is_alone && is_about(preflight, step.deployment(), rollback.spec.to) &&
      preflight->reason == Reason::SnapshotMissing)
    return fmt::format("{} stays: what it would go back to is not kept any more", name);
  if (!is_for_its_check(step, rollback)) return {};
  if (rollback.spec.group && rollback.spec.group->name != step.inputs.policy.group)
    return fmt::format("{} stays for now: it is in group {} no longer, which it called back", name,
                       rollback.spec.group->name);
  const GroupMember* other = newcomer(step.inputs, rollback, step.out.guard.evaluation_started);
  if (other && other->cannot.empty())
    return fmt::format(
        "{} stays for now: {} of its group was released too, so what goes back is decided anew",
        name, other->deployment);
  const std::vector<CheckStatus>& checks = step.out.guard.checks;
  const auto check = std::ranges::find(checks, rollback.spec.check, &CheckStatus::name);
  if (check == checks.end())
    return fmt::format("{} stays: check {} is not in the policy any more", name,
                       rollback.spec.check);
  const bool is_well = !breached(checks) && check->result == api::MeasurementResult::Pass;
  return is_well ? fmt::format("{} got well before anything was touched", name) : "";
}

std::span<const Gate> rules_on_pending(const Step& step, const api::Rollback& rollback) {
  if (api::is_manual(rollback.spec)) return manual_gates();
  return has_group_begun(step.inputs, rollback) ? group_resume_gates() : resume_gates();
}

// For the record, as soon as it is seen.
void note_approval(Step& step, const api::Rollback& rollback) {
  const std::string approval = gates::approval_of(step.inputs);
  if (approval.empty() || !rollback.status.approved_by.empty()) return;
  step.out.rollback = rollback.status;
  step.out.rollback->approved_by = approval;
  rollback::add_timeline_entry(*step.out.rollback, "Approved by " + approval, step.now);
}

// What waited for a person is emitted of when it begins.
void tell_that_it_begins(Step& step, const api::Rollback& rollback) {
  const std::string approval = gates::approval_of(step.inputs);
  const bool was_told =
      !rollback.spec.caused_by.empty() && rollback.spec.mode != api::Mode::Approve;
  if (approval.empty() || was_told || step.guard().state != State::Held ||
      step.guard().reason == Reason::AdmissionDenied)
    return;
  step.emit(EventType::Warning, Reason::RollbackStarted, EventAction::Rollback,
            fmt::format("{} is put back to {}, {}: Rollback {}. {}",
                        rollback::name_of(step.deployment(), rollback.spec.from),
                        rollback::name_of(step.deployment(), rollback.spec.to),
                        rollback::why(rollback.spec), rollback.meta.key.name, approval));
}

}  // namespace

// Recorded, but not touched yet: a rejection, a pause or a stop has come between. In the meantime
// the release may have got well, so it must be seen to fail still.
void carry_out_pending(Step& step, const api::Rollback& rollback) {
  const api::GuardStatus& guard = step.guard();
  if (is_touched(step, rollback)) return carry_out(step, rollback);
  judge(step);
  const bool was_refused = guard.reason == Reason::AdmissionDenied;
  const std::string rejection = guard.message;
  if (held_back(step, rules_on_touching(rollback), State::Held)) return;
  if (held_back(step, group_known_gates(), State::Held)) return;
  if (const std::string why = why_not_any_more(step, rollback); !why.empty())
    return cancel(step, rollback, why);
  const std::string name = rollback::name_of(step.deployment(), rollback.spec.from);
  if (was_refused && step.now >= guard.state_since.value_or(step.now) + max_restoration) {
    return fail_rollback(step, rollback, Reason::PatchRejected,
                         fmt::format("{} could not be put back within {}. {}", name,
                                     format_duration(max_restoration), rejection));
  }
  if (is_for_its_check(step, rollback) &&
      !confirmed_breach(guard.checks, step.inputs.policy.spec, step.now)) {
    return step.enter(State::Held, Reason::Unconfirmed,
                      fmt::format("{} is put back when check {} is seen to fail again", name,
                                  rollback.spec.check));
  }
  note_approval(step, rollback);
  if (held_back(step, rules_on_pending(step, rollback), State::Held)) return;
  tell_that_it_begins(step, rollback);
  carry_out(step, rollback);
}

}  // namespace lastgood::guard
