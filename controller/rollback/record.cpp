#include "rollback/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ranges>
#include <utility>

namespace lastgood::rollback {

using api::ConditionStatus;
using api::RollbackPhase;

std::string rollback_name(const api::Deployment& deployment) {
  constexpr std::size_t max_base_size = 220;
  std::string base = deployment.meta.key.name.str().substr(0, max_base_size);
  // A part of a name must not begin with "-", so the base must not end with a dot.
  while (base.ends_with('.')) base.pop_back();
  return fmt::format("{}-{}-{}", base, deployment.meta.generation,
                     deployment.meta.uid.value.str().substr(0, 4));
}

namespace {

// 1 for the first Rollback of this generation, 2 for "web-7-1b4e-2". 0 for any other name.
int attempt_number(const api::Deployment& deployment, std::string_view name) {
  const std::string first = rollback_name(deployment);
  if (name == first) return 1;
  if (!name.starts_with(first + "-")) return 0;
  const std::string_view digits = name.substr(first.size() + 1);
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc{} && end == digits.data() + digits.size() && number > 1 ? number : 0;
}

}  // namespace

bool changed_nothing(const api::Rollback& rollback) {
  const RollbackPhase phase = rollback.status.phase;
  return (phase == RollbackPhase::Superseded || phase == RollbackPhase::Failed) &&
         !rollback.status.template_restored;
}

bool has_name_of_generation(const api::Rollback& rollback, const api::Deployment& deployment) {
  return attempt_number(deployment, rollback.meta.key.name) > 0;
}

std::string next_rollback_name(const api::Deployment& deployment,
                               const std::optional<api::Rollback>& last) {
  const int number =
      last && changed_nothing(*last) ? attempt_number(deployment, last->meta.key.name) : 0;
  return number == 0 ? rollback_name(deployment)
                     : fmt::format("{}-{}", rollback_name(deployment), number + 1);
}

api::Rollback new_rollback(const api::Deployment& deployment,
                           const std::optional<api::Rollback>& last, const api::GuardStatus& guard,
                           const api::CheckStatus& breach, const api::Revision& target, Time now) {
  api::Rollback rollback;
  rollback.meta.key = {.namespace_ = deployment.meta.key.namespace_,
                       .name = next_rollback_name(deployment, last)};
  rollback.meta.owner = deployment.meta.uid;
  rollback.spec = {.deployment = deployment.meta.key.name,
                   .deployment_uid = deployment.meta.uid,
                   .generation = deployment.meta.generation,
                   .from = *guard.current,
                   .to = target,
                   .check = breach.name,
                   .reason = breach.reason,
                   .message = breach.message,
                   .detected = now,
                   .released_by = guard.current->released_by,
                   .released = guard.evaluation_started};
  record_undone(rollback.spec, guard);
  rollback.status.first_failure = breach.first_failure;
  rollback.status.evidence = guard.checks;
  rollback.status = advance(std::move(rollback.status), RollbackPhase::Pending,
                            "The Rollback is recorded. The Deployment is not changed yet", now);
  return rollback;
}

namespace {

struct ConditionValues {
  ConditionStatus succeeded = ConditionStatus::Unknown;
  bool reconciling = false;
  bool stalled = false;
};

ConditionValues condition_values(RollbackPhase phase) {
  switch (phase) {
    case RollbackPhase::Succeeded: return {.succeeded = ConditionStatus::True};
    case RollbackPhase::Superseded:
    case RollbackPhase::Observed: return {.succeeded = ConditionStatus::False};
    case RollbackPhase::Failed:
    case RollbackPhase::Rejected: return {.succeeded = ConditionStatus::False, .stalled = true};
    case RollbackPhase::Pending:
    case RollbackPhase::TemplateRestored:
    case RollbackPhase::Restored:
    case RollbackPhase::Verifying: break;
  }
  return {.reconciling = true};
}

}  // namespace

std::string name_of(const api::Deployment& deployment, const api::Revision& revision) {
  return name_of(deployment.meta.key.name, revision);
}

std::string name_of(const std::string& deployment, const api::Revision& revision) {
  return fmt::format("revision {} ({}-{})", revision.number, deployment, revision.hash.value);
}

std::string names_of(const std::string& deployment, const std::vector<api::Revision>& revisions) {
  constexpr std::size_t max_names = 10;
  std::string names;
  for (const api::Revision& revision : revisions | std::views::take(max_names))
    names += (names.empty() ? "" : ", ") + name_of(deployment, revision);
  return revisions.size() <= max_names
             ? names
             : fmt::format("{} and {} more", names, revisions.size() - max_names);
}

std::vector<api::Revision> undone_releases(const api::GuardStatus& guard,
                                           const api::Revision& target) {
  const auto end = std::ranges::find(guard.revisions, target.hash, &api::Revision::hash);
  if (end == guard.revisions.end()) return {};
  std::vector<api::Revision> undone;
  for (const api::Revision& revision : std::ranges::subrange(guard.revisions.begin(), end)) {
    const bool is_current = guard.current && guard.current->hash == revision.hash;
    // A release that was rolled back is undone already.
    if (is_current || revision.verdict != api::RevisionVerdict::RolledBack)
      undone.push_back(is_current ? *guard.current : revision);
  }
  return undone;
}

std::string undone_text(const api::RollbackSpec& spec) {
  if (spec.undone.size() <= 1) return {};
  return fmt::format(". It undoes {} releases: {}", spec.undone.size(),
                     names_of(spec.deployment, spec.undone));
}

void record_undone(api::RollbackSpec& spec, const api::GuardStatus& guard) {
  spec.undone = undone_releases(guard, spec.to);
  if (spec.undone.size() <= 1) spec.undone.clear();
}

std::string cause_text(const api::RollbackSpec& spec) {
  if (!spec.check.empty())
    return fmt::format("because check {} is breached ({})", spec.check, spec.reason);
  if (!spec.caused_by.empty()) return fmt::format("with its group, by Rollback {}", spec.caused_by);
  return "because a user requested it";
}

void add_timeline_entry(api::RollbackStatus& status, const std::string& message, Time now) {
  constexpr std::size_t max_entries = 20;
  if (status.timeline.size() < max_entries)
    status.timeline.push_back({.time = now, .message = message});
}

api::RollbackStatus advance(api::RollbackStatus status, RollbackPhase phase,
                            const std::string& message, Time now) {
  if (status.timeline.empty() || status.phase != phase) add_timeline_entry(status, message, now);
  if (status.phase != phase) {
    status.waiting_for = api::Reason::None;
    status.blocked_by.clear();
    status.last_error.clear();
  }
  status.phase = phase;
  status.message = message;
  const bool is_restored =
      phase == RollbackPhase::TemplateRestored || phase == RollbackPhase::Restored;
  if (is_restored && !status.template_restored) status.template_restored = now;
  if (phase == RollbackPhase::Verifying && !status.rolled_out) status.rolled_out = now;
  if (api::finished(phase) && !status.finished) status.finished = now;
  const ConditionValues values = condition_values(phase);
  const auto set = [&](std::string_view type, ConditionStatus condition_status) {
    api::set_condition(status.conditions,
                       {.type = std::string(type),
                        .status = condition_status,
                        .reason = api::to_string(phase),
                        .message = message},
                       now);
  };
  set(api::condition::succeeded, values.succeeded);
  set(api::condition::reconciling,
      values.reconciling ? ConditionStatus::True : ConditionStatus::False);
  set(api::condition::stalled, values.stalled ? ConditionStatus::True : ConditionStatus::False);
  return status;
}

bool is_in_progress(const api::GuardStatus& guard, const std::optional<api::Rollback>& rollback) {
  switch (guard.state) {
    case api::State::RollingBack:
    case api::State::Verifying: return true;
    // A Rollback that failed while it was pending stays in progress until the guard sees it.
    case api::State::Held:
      return named_by(guard, rollback) &&
             (!api::finished(rollback->status.phase) ||
              (rollback->status.phase == RollbackPhase::Failed && guard.pending == guard.rollback));
    case api::State::Idle:
    case api::State::Evaluating:
    case api::State::Frozen: break;
  }
  return false;
}

bool is_open(const std::optional<api::Rollback>& rollback, const api::Deployment& deployment) {
  return rollback && !api::finished(rollback->status.phase) &&
         rollback->spec.deployment_uid == deployment.meta.uid;
}

const api::Rollback* named_by(const api::GuardStatus& guard,
                              const std::optional<api::Rollback>& rollback) {
  return rollback && rollback->meta.key.name == guard.rollback ? &*rollback : nullptr;
}

bool was_applied_again(const api::GuardStatus& guard,
                       const std::optional<api::Rollback>& rollback) {
  const api::Rollback* named = named_by(guard, rollback);
  return named && named->status.phase == RollbackPhase::Superseded && guard.current &&
         guard.current->hash == named->spec.from.hash && guard.evaluation_started &&
         named->status.template_restored &&
         *guard.evaluation_started < *named->status.template_restored;
}

std::int64_t patched_generation(const api::Rollback& rollback) {
  const std::int64_t patched = rollback.status.patched_generation;
  return patched > 0 ? patched : rollback.spec.generation + 1;
}

bool is_marked_by(const api::Deployment& deployment, const api::Rollback& rollback) {
  const auto mark = deployment.meta.annotations.find(std::string(api::annotation::rolled_back_by));
  return mark != deployment.meta.annotations.end() && mark->second == rollback.meta.key.name;
}

bool is_patched_by(const api::Deployment& deployment, const api::Rollback& rollback) {
  return is_marked_by(deployment, rollback) &&
         deployment.meta.generation != rollback.spec.generation;
}

bool is_unknown_to(const api::GuardStatus& guard, const std::optional<api::Rollback>& rollback,
                   const api::Deployment& deployment) {
  if (!rollback || rollback->spec.deployment_uid != deployment.meta.uid) return false;
  if (!api::finished(rollback->status.phase)) return !is_in_progress(guard, rollback);
  return rollback->status.phase != RollbackPhase::Superseded &&
         guard.rollback != rollback->meta.key.name &&
         guard.deployment_generation <= rollback->spec.generation &&
         is_marked_by(deployment, *rollback);
}

}  // namespace lastgood::rollback
