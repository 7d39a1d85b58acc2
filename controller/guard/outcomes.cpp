#include "guard/outcomes.hpp"

#include "guard/drill.hpp"

namespace lastgood::guard {

std::optional<Error> error_of(const ActionOutcome& outcome) {
  if (const auto* failed = std::get_if<ActionFailed>(&outcome)) return failed->error;
  if (const auto* executed = std::get_if<RollbackExecuted>(&outcome)) return executed->error;
  return {};
}

std::vector<EventRecord> events_after(const ActionEnded& ended, const GuardState& state) {
  std::vector<EventRecord> events = ended.plan.events;
  const bool is_binding = std::holds_alternative<BindRequest>(ended.plan.action);
  // The plan is undone: see apply().
  if (is_binding && error_of(ended.outcome))
    std::erase_if(events,
                  [](const EventRecord& event) { return event.reason == Reason::RollbackStarted; });
  if (auto event = drill_event(ended.inputs.guard, state.guard))
    events.push_back(std::move(*event));
  return events;
}

}  // namespace lastgood::guard
