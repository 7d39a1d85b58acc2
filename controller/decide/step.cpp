#include "decide/step.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "decide/target.hpp"

namespace lastgood::decide {

void Step::fact(bool warning, std::string reason, std::string action, std::string note) {
  out.facts.push_back({.warning = warning, .reason = std::move(reason), .action = std::move(action), .note = std::move(note)});
}

void Step::enter(api::State state, std::string reason, std::string message) {
  api::GuardStatus& g = guard();
  if (g.state != state || !g.state_since) g.state_since = now;
  g.state = state;
  g.reason = std::move(reason);
  g.message = std::move(message);
}

void Step::look_again(Time when) {
  if (!out.wake || when < *out.wake) out.wake = when;
}

api::Revision* find_revision(api::GuardStatus& guard, const TemplateHash& hash) {
  const auto found = std::ranges::find(guard.revisions, hash, &api::Revision::hash);
  return found == guard.revisions.end() ? nullptr : &*found;
}

void set_verdict(api::GuardStatus& guard, const TemplateHash& hash, api::RevisionVerdict verdict, Time now) {
  const auto set = [&](api::Revision& revision) {
    revision.verdict = verdict;
    revision.since = now;
  };
  const bool came_to_nothing = verdict == api::RevisionVerdict::Superseded || verdict == api::RevisionVerdict::Unjudged;
  if (api::Revision* known = find_revision(guard, hash); known && !(came_to_nothing && is_proven(*known))) set(*known);
  if (guard.current && guard.current->hash == hash) set(*guard.current);
}

std::string name_of(const api::Deployment& deployment, const api::Revision& revision) {
  return fmt::format("revision {} ({}-{})", revision.number, deployment.meta.key.name, revision.hash.value);
}

}  // namespace lastgood::decide
