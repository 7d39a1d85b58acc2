#include "run/outcome.hpp"

#include <variant>

#include "decide/record.hpp"

namespace lastgood::run {

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
    status = decide::advance(status, phase, message.empty() ? "The template is put back" : message, now);
  };
  std::visit(Overloaded{
                 [&](const rollback::Advance& next) { advance_to(next.phase, next.message); },
                 [&](const rollback::Supersede& other) { advance_to(RollbackPhase::Superseded, other.message); },
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
    status = decide::advance(status, RollbackPhase::TemplateRestored, "The template is put back", now);
  }
}

bool may_look_again(const Error& error) {
  switch (error.kind) {
    case ErrorKind::Conflict:
    case ErrorKind::Invalid:
    case ErrorKind::Closed:
    case ErrorKind::TimedOut: return true;
    default: return false;
  }
}

bool is_same_generation(const api::ObjectMeta& a, const api::ObjectMeta& b) {
  return a.uid == b.uid && a.generation == b.generation;
}

std::string name_in(const api::Json& manifest) { return manifest.value(api::Json::json_pointer("/metadata/name"), std::string()); }

Uid uid_of(const std::vector<api::Json>& objects, const std::string& name) {
  for (const api::Json& object : objects) {
    if (name_in(object) == name) return Uid(object.value(api::Json::json_pointer("/metadata/uid"), std::string()));
  }
  return {};
}

}  // namespace lastgood::run
