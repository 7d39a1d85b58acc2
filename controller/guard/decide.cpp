#include "guard/needs.hpp"
#include "guard/decide.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guard/conditions.hpp"
#include "guard/preflight.hpp"
#include "rollback/record.hpp"
#include "guard/check_status.hpp"
#include "guard/states/step.hpp"
#include "guard/target.hpp"

namespace lastgood::guard {

using api::State;

namespace {

// A Deployment of the same name but another uid is another Deployment: nothing that was remembered is true of it.
void forget_another_deployment(Step& step) {
  api::GuardStatus& guard = step.guard();
  if (!guard.deployment_uid.empty() && guard.deployment_uid != step.deployment().meta.uid) guard = {};
  guard.deployment_uid = step.deployment().meta.uid;
  guard.deployment_generation = step.deployment().meta.generation;
}

void tell_what_governs(Step& step) {
  api::GuardStatus& guard = step.guard();
  const policy::EffectivePolicy& guarding = step.world.guarding;
  const api::Condition* known = api::find_condition(guard.conditions, "Governed");
  const api::Condition before = known ? *known : api::Condition{};
  guard.policy = guarding.governs() ? guarding.name : "";
  set_governed(guard, guarding, step.deployment().meta.generation, step.now);
  const api::Condition& after = *api::find_condition(guard.conditions, "Governed");
  if (before.reason == after.reason && before.message == after.message) return;
  const bool wrong = guarding.kind == policy::EffectivePolicy::Kind::Broken;
  if (wrong) {
    step.fact(true, after.reason, "None", after.message);
  } else if (!before.type.empty()) {
    step.fact(false, after.reason, "None", after.message.empty() ? "No policy applies any more; nothing is done" : after.message);
  }
}

// Opted out, nothing is judged and nothing is gone on with; what is proven stays remembered. Opted in again, the Deployment is
// looked at as for the first time, so that nothing is done on what was seen before.
void opt_out(Step& step) {
  api::GuardStatus& guard = step.guard();
  step.enter(State::Idle, "NotOptedIn", "No policy applies; nothing is done");
  if (rollback::is_open(step.world.rollback, step.deployment())) {
    const api::Rollback& rollback = *step.world.rollback;
    if (rollback.status.template_restored) quarantine(step, rollback);
    step.out.rollback =
        rollback::advance(rollback.status, api::RollbackPhase::Superseded, "No policy applies any more: nothing more is done", step.now);
  }
  if (guard.current && guard.current->verdict == api::RevisionVerdict::Watching) {
    set_verdict(guard, guard.current->hash, api::RevisionVerdict::Unjudged, step.now);
  }
  guard.current.reset();
  guard.template_digest.reset();
  // Nothing that is seen when it is opted in again is a release of the time before.
  guard.watch_started.reset();
  guard.rolled_out.reset();
  guard.checks.clear();
  guard.declined.reset();
  guard.pending.clear();
}

// What failed before the release had a pod is asked only then: later nobody could tell any more whose fault it was.
void forget(api::CheckStatus& check) {
  std::optional<api::Comparison> comparison = std::move(check.comparison);
  if (comparison && !comparison->before) comparison.reset();
  check = {.name = check.name,
           .asks = check.asks,
           .reason = not_asked_yet,
           .failure_threshold = check.failure_threshold,
           .comparison = std::move(comparison)};
}

// What governs cannot be understood: nothing is asked, so nothing that was seen or waited for counts afterwards.
void suspend_judgement(Step& step) {
  api::GuardStatus& guard = step.guard();
  const policy::EffectivePolicy& guarding = step.world.guarding;
  // What a person is to do about a freeze stays to be read.
  if (guard.state == State::Frozen) return;
  if (guard.state == State::Idle) return step.enter(State::Idle, guarding.reason, guarding.message);
  if (guard.state == State::Held && guard.current) {
    set_verdict(guard, guard.current->hash, api::RevisionVerdict::Watching, step.now);
  }
  step.enter(guard.state == State::Held ? State::Watching : guard.state, guarding.reason, guarding.message);
  guard.rolled_out.reset();
  for (api::CheckStatus& check : guard.checks) forget(check);
}

void dispatch(Step& step) {
  switch (step.guard().state) {
    case State::Idle: return step_idle(step);
    case State::Watching: return step_watching(step);
    case State::Held: return rollback::is_seen_through(step.guard(), step.world.rollback) ? step_rolling_back(step) : step_watching(step);
    case State::RollingBack: return step_rolling_back(step);
    case State::Verifying: return step_verifying(step);
    case State::Frozen: return;
  }
}

// A Rollback that was recorded and then lost sight of, about a release that is over: what is known of the present template is
// newer. What a person or the group wants is put back although it was proven.
bool outlived(const World& world) {
  const auto& rollback = world.rollback;
  const api::GuardStatus& guard = world.guard;
  if (!rollback::is_unknown_to(guard, rollback, world.deployment) || rollback->status.phase != api::RollbackPhase::Pending) return false;
  const bool is_known = guard.current && guard.template_digest == world.deployment.template_digest &&
                        guard.deployment_uid == world.deployment.meta.uid;
  return is_known && !rollback::is_marked_by(world.deployment, *rollback) &&
         (guard.current->hash != rollback->spec.from.hash || (!rollback->spec.check.empty() && is_proven(*guard.current)));
}

void go_on(Step& step) {
  const World& world = step.world;
  const bool is_outlived = outlived(world);
  if (is_outlived) {
    step.out.rollback = rollback::advance(world.rollback->status, api::RollbackPhase::Superseded,
                                "The release that it speaks of was proven or replaced before anything was touched", step.now);
  }
  const bool is_behind = !is_outlived && rollback::is_unknown_to(world.guard, world.rollback, world.deployment);
  if (is_behind && !world.replica_sets) return step.look_again(step.now + std::chrono::seconds(1));
  if (is_behind) adopt_rollback(step, *world.rollback);
  const bool recognised = recognise_template(step);
  // Until the template is back, the record says what is next, and the ReplicaSet of the present template is not needed for it.
  const State state = step.guard().state;
  const bool is_ours = rollback::is_open(world.rollback, world.deployment) && rollback::named_by(step.guard(), world.rollback);
  const bool by_record =
      is_ours && (state == State::RollingBack || (state == State::Held && rollback::is_marked_by(world.deployment, *world.rollback)));
  if (!recognised && !by_record) return take_request(step);
  if (end_freeze(step)) return;
  dispatch(step);
  // What the release needs comes first; keeping a template can wait.
  const bool is_free = std::holds_alternative<std::monostate>(step.out.act) || std::holds_alternative<KeepRevision>(step.out.act);
  if (is_free && !step.out.rollback) take_request(step);
}

// A record that waits is remembered, so that the next leader knows that it was there should a person delete it meanwhile.
void note_pending(Step& step) {
  api::GuardStatus& guard = step.guard();
  const api::Rollback* named = rollback::named_by(guard, step.world.rollback);
  if (!named || api::is_by_hand(named->spec)) return;
  const api::RollbackStatus& status = step.out.rollback ? *step.out.rollback : named->status;
  guard.pending = status.phase == api::RollbackPhase::Pending ? named->meta.key.name : "";
}

// What is worth telling anew of why nothing happens, besides the reason: figures and times are not.
std::string gist_of(const api::GuardStatus& guard) {
  if (guard.state != State::Held) return {};
  // Whom it waits for, but not how that one is getting on.
  if (guard.reason == "GroupOrder") return guard.message.substr(0, guard.message.find(';'));
  return guard.reason == "GroupBlocked" || guard.reason == "AwaitingApproval" ? guard.message : "";
}

// Whoever looks at the record is told why nothing happens: once for each reason.
void tell_why_it_waits(Step& step) {
  const api::GuardStatus& guard = step.guard();
  const api::Rollback* named = rollback::named_by(guard, step.world.rollback);
  const bool is_held = guard.state == State::Held || step.world.guarding.kind == policy::EffectivePolicy::Kind::Broken;
  const bool waits = is_held && named && named->status.phase == api::RollbackPhase::Pending;
  // Refused, it is tried again, and the record has the words of the server.
  if (!waits || step.out.rollback || std::holds_alternative<CarryOutRollback>(step.out.act)) return;
  if (named->status.message.starts_with(rollback::refused_words) && guard.reason == "Refused") return;
  const std::string beginning = fmt::format("It waits, {}: ", guard.reason);
  const std::string message = beginning + guard.message;
  if (named->status.message.starts_with(beginning + gist_of(guard))) return;
  const bool is_told = guard.reason == "AwaitingApproval" && named->status.message.starts_with(beginning);
  if (const std::string& other = step.world.guarding.approve; is_told && !other.empty()) {
    step.fact(true, "RollbackHeld", "Hold",
              fmt::format("lastgood.dev/approve names {}, but it is Rollback {} that waits", other, guard.rollback));
  }
  step.out.rollback = rollback::advance(named->status, api::RollbackPhase::Pending, message, step.now);
}

// What the memory needs from now on was not gathered for this decision: it is, at once.
void look_for_what_is_new(Step& step) {
  const World& world = step.world;
  std::optional<api::Rollback> rollback = world.rollback;
  if (rollback && step.out.rollback) rollback->status = *step.out.rollback;
  const Needs before = needs(world.deployment, world.guarding, world.guard, world.rollback);
  const Needs after = needs(world.deployment, world.guarding, step.guard(), rollback);
  const bool more = (after.replica_sets && !before.replica_sets) || (after.rollout_sample && !before.rollout_sample) ||
                    (after.check_samples && !before.check_samples);
  if (more) step.look_again(step.now);
}

}  // namespace

Decision decide(const World& world, Time now) {
  Step step{.world = world, .now = now, .out = {.guard = world.guard}};
  forget_another_deployment(step);
  tell_what_governs(step);
  switch (world.guarding.kind) {
    case policy::EffectivePolicy::Kind::None:
      opt_out(step);
      take_request(step);
      break;
    case policy::EffectivePolicy::Kind::Broken:
      suspend_judgement(step);
      take_request(step);
      break;
    case policy::EffectivePolicy::Kind::RollbackPolicy:
    case policy::EffectivePolicy::Kind::ConfigMap:
    case policy::EffectivePolicy::Kind::BuiltIn: world.deployment.meta.deleting ? take_request(step) : go_on(step); break;
  }
  step.guard().last_good = last_good(step.guard());
  tell_why_it_waits(step);
  note_pending(step);
  if (!world.guarding.group.empty()) step.out.cannot = why_it_cannot(step);
  look_for_what_is_new(step);
  set_rollback_ready(step.guard(), world, now);
  if (const auto next = next_preflight(world, step.guard(), now)) step.look_again(*next);
  set_standing(step.guard(), world.guarding, world.deployment.meta.generation, now);
  return std::move(step.out);
}

void note_kept(api::GuardStatus& guard, const TemplateHash& hash, const std::string& controller_revision) {
  if (api::Revision* revision = find_revision(guard, hash)) revision->kept_as = controller_revision;
  if (guard.current && guard.current->hash == hash) guard.current->kept_as = controller_revision;
}

void note_gone(api::GuardStatus& guard, const std::string& controller_revision) {
  for (api::Revision& revision : guard.revisions) {
    if (revision.kept_as == controller_revision) revision.kept_as.clear();
  }
  if (guard.current && guard.current->kept_as == controller_revision) guard.current->kept_as.clear();
}

void forget_answers(api::GuardStatus& guard, Time now) {
  for (api::CheckStatus& check : guard.checks) {
    check.result = api::SampleResult::Unknown;
    check.reason = not_asked_yet;
    check.unanswered = 0;
    if (check.failures == 0) {
      forget(check);
    } else if (check.breached) {
      check.last_failure = now;
    }
  }
}

namespace {

void blank_words(api::GuardStatus& guard) {
  guard.deployment_generation = 0;
  // What a person is to do does not change from look to look, and must be there.
  if (guard.state != api::State::Frozen) guard.message = gist_of(guard);
  for (api::CheckStatus& check : guard.checks) {
    check.message.clear();
    check.last_failure.reset();
    if (check.comparison)
      check.comparison = api::Comparison{.result = check.comparison->result, .before = check.comparison->before};
    // Breached is breached; how often it has failed since is no news.
    if (check.breached) check.failures = check.failure_threshold;
  }
  for (api::Condition& condition : guard.conditions) {
    condition.observed_generation = 0;
    if (condition.type != "Governed" && condition.type != "RollbackReady") condition.message.clear();
  }
}

}  // namespace

bool worth_writing(const api::GuardStatus& before, const api::GuardStatus& after) {
  api::GuardStatus old_words = before;
  api::GuardStatus new_words = after;
  blank_words(old_words);
  blank_words(new_words);
  return old_words != new_words;
}

}  // namespace lastgood::guard
