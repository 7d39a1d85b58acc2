#include "rollback/outcome.hpp"

#include <variant>

#include "api/constants.hpp"
#include "rollback/difference.hpp"
#include "rollback/record.hpp"
#include "rollback/refusal.hpp"
#include "rollback/retention.hpp"
#include "rollback/snapshot.hpp"

namespace lastgood::rollback {

using api::RollbackPhase;

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace

std::optional<api::ApiCall> call_of(const rollback::NextStep& step) {
  if (const auto* restore = std::get_if<rollback::PatchTemplate>(&step)) return restore->call;
  if (const auto* own = std::get_if<rollback::PatchOwnership>(&step)) return own->call;
  return {};
}

void record_outcome(const rollback::NextStep& step, api::RollbackStatus& status, Time now) {
  const auto advance_to = [&](RollbackPhase phase, const std::string& message) {
    const bool nothing_to_give_back = phase == RollbackPhase::Restored;
    const char* done = nothing_to_give_back
                           ? "The fields of the template belong to whom they belonged"
                           : "The template is put back";
    status = advance(status, phase, message.empty() ? done : message, now);
  };
  std::visit(
      Overloaded{
          [&](const rollback::Advance& next) { advance_to(next.phase, next.message); },
          [&](const rollback::Supersede& other) {
            advance_to(RollbackPhase::Superseded, other.message);
          },
          [&](const rollback::Stop& never) { advance_to(RollbackPhase::Failed, never.message); },
          [&](const rollback::Wait& wait) { status.message = wait.message; },
          [](const rollback::NothingToWrite&) {},
          [](const rollback::PatchTemplate&) {},
          [](const rollback::PatchOwnership&) {},
      },
      step);
}

void record_done(const rollback::NextStep& step, api::RollbackStatus& status, Time now) {
  if (std::holds_alternative<rollback::PatchTemplate>(step)) {
    status = advance(status, RollbackPhase::TemplateRestored, "The template is put back", now);
  }
  if (std::holds_alternative<rollback::PatchOwnership>(step)) {
    status = advance(status, RollbackPhase::Restored,
                     "The template and the ownership of its fields are put back", now);
  }
}

bool is_not_admitted(const Error& error) {
  return rollback::meaning_of(error) == rollback::Refusal::NotAdmitted;
}

bool may_look_again(const Error& error) {
  // Read again, what is not admitted is not admitted.
  if (is_not_admitted(error)) return false;
  switch (error.kind) {
    case ErrorKind::Conflict:
    case ErrorKind::Invalid:
    case ErrorKind::ConnectionClosed:
    case ErrorKind::TimedOut: return true;
    default: return false;
  }
}

bool is_gone(const Error& error) {
  return error.kind == ErrorKind::NotFound || error.kind == ErrorKind::Invalid;
}

bool is_there(const Result<codec::Json>& object, const Uid& uid) {
  if (!object) return object.error().kind != ErrorKind::NotFound;
  const auto meta = codec::parse_meta(*object);
  return !meta || meta->uid == uid;
}

bool may_be_done(const Error& error) {
  switch (error.kind) {
    case ErrorKind::AlreadyExists:
    case ErrorKind::ConnectionClosed:
    case ErrorKind::TimedOut:
    case ErrorKind::Server: return true;
    default: return false;
  }
}

bool is_undecided(const rollback::NextStep& step, const Result<codec::Json>& live,
                  const api::Deployment& decided) {
  if (!std::holds_alternative<rollback::PatchTemplate>(step)) return false;
  const auto meta = live ? codec::parse_meta(*live) : std::unexpected(live.error());
  return !meta || !is_same_generation(*meta, decided.meta);
}

std::optional<Key> policy_to_confirm(const rollback::NextStep& step,
                                     const api::RollbackSpec& rollback,
                                     const api::GuardStatus& guard,
                                     const api::Deployment& deployment) {
  if (!std::holds_alternative<rollback::PatchTemplate>(step)) return {};
  // What a person has forced is done although the policy is suspended.
  if (rollback.force && api::is_manual(rollback)) return {};
  return policy_of(guard, deployment);
}

std::optional<Key> policy_of(const api::GuardStatus& guard, const api::Deployment& deployment) {
  constexpr std::string_view kind = "RollbackPolicy/";
  if (!guard.policy.starts_with(kind)) return {};
  return Key{.namespace_ = deployment.meta.key.namespace_,
             .name = guard.policy.substr(kind.size())};
}

namespace {

bool is_approved(const api::Rollback& rollback, const api::Deployment& deployment) {
  // Who approved of a call approved of those that it calls, which is noted before they are touched.
  if (!rollback.spec.caused_by.empty() && !rollback.status.approved_by.empty()) return true;
  const auto said = deployment.meta.annotations.find(std::string(api::annotation::approve));
  return rollback.spec.approved ||
         (said != deployment.meta.annotations.end() && said->second == rollback.meta.key.name);
}

}  // namespace

Result<void> allows(const Result<codec::Json>& policy, const api::Rollback& rollback,
                    const api::Deployment& deployment) {
  const auto parsed = policy ? codec::parse_policy(*policy) : std::unexpected(policy.error());
  if (!parsed) return std::unexpected(parsed.error());
  if (!parsed->problem.empty()) return fail(ErrorKind::BadInput, parsed->problem);
  if (parsed->spec.suspend)
    return fail(ErrorKind::Conflict, "the policy that governs is suspended");
  if (api::is_manual(rollback.spec)) return {};
  if (parsed->spec.mode == api::Mode::Observe)
    return fail(ErrorKind::Conflict, "the policy that governs has mode Observe");
  const bool asks = parsed->spec.mode == api::Mode::Approve;
  if (asks && !is_approved(rollback, deployment))
    return fail(ErrorKind::Conflict, "the policy that governs asks for approval");
  return {};
}

void note_changes(const rollback::NextStep& step, const Result<codec::Json>& live,
                  const Result<codec::Json>& kept, api::RollbackStatus& status) {
  if (!std::holds_alternative<rollback::PatchTemplate>(step) || !live || !kept ||
      !status.changes.empty())
    return;
  const auto good = rollback::parse_snapshot(*kept);
  const codec::Json::json_pointer place("/spec/template");
  if (!good || !live->contains(place)) return;
  status.changes = rollback::changes_between((*live)[place], good->pod_template);
}

bool is_final(const Error& error) {
  return error.kind == ErrorKind::Forbidden || error.kind == ErrorKind::Invalid;
}

void record_refusal(const rollback::NextStep& step, const Error& error, api::RollbackStatus& status,
                    Time now) {
  const bool ownership = std::holds_alternative<rollback::PatchOwnership>(step);
  if (ownership && is_final(error)) {
    status =
        advance(status, RollbackPhase::Restored,
                "The template is put back, but field ownership cannot be: " + error.message, now);
    return;
  }
  status.waiting_for = api::Reason::None;
  status.blocked_by.clear();
  status.last_error = error.message;
  status.message =
      (ownership ? "The template is restored, but not yet the ownership of its fields: "
                 : "The API server rejects the template patch: ") +
      error.message;
}

bool is_same_generation(const api::ObjectMeta& a, const api::ObjectMeta& b) {
  return a.uid == b.uid && a.generation == b.generation;
}

bool may_be_bound(const Result<codec::Json>& answer) {
  return !answer && (may_be_done(answer.error()) || may_look_again(answer.error()));
}

bool is_bound_as(const api::Rollback& seen, const api::Rollback& bound) {
  return seen.meta.uid == bound.meta.uid && seen.spec.generation == bound.spec.generation &&
         seen.spec.deployment_uid == bound.spec.deployment_uid &&
         seen.spec.to.hash == bound.spec.to.hash;
}

std::vector<api::ObjectMeta> superfluous_records(const std::vector<api::Rollback>& of_deployment,
                                                 const std::string& in_guard) {
  std::vector<api::ObjectMeta> found;
  for (const std::string& name : rollback::superfluous_rollbacks(of_deployment, in_guard)) {
    for (const api::Rollback& rollback : of_deployment) {
      if (rollback.meta.key.name == name) found.push_back(rollback.meta);
    }
  }
  return found;
}

std::string name_in(const codec::Json& manifest) {
  return manifest.value(codec::Json::json_pointer("/metadata/name"), std::string());
}

Uid uid_of(const std::vector<codec::Json>& objects, const std::string& name) {
  for (const codec::Json& object : objects) {
    if (name_in(object) == name)
      return Uid(object.value(codec::Json::json_pointer("/metadata/uid"), std::string()));
  }
  return {};
}

}  // namespace lastgood::rollback
