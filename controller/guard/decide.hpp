// The life of a release: one step of the six-state machine. The only way into decide/ for those who
// action.
#pragma once

#include "guard/inputs.hpp"

namespace lastgood::guard {

// Pure. At most one action; everything else is state, events and the time to look again.
[[nodiscard]] Plan decide(const Inputs& inputs, Time now);

// After a CreateSnapshot was carried out: remembers where the template of that revision is kept.
void set_snapshot(api::GuardStatus& guard, const TemplateHash& hash,
                  const std::string& controller_revision);

// The ControllerRevision of that name was deleted: what it kept can no longer be put back.
void clear_snapshot(api::GuardStatus& guard, const std::string& controller_revision);

// After the state was read back from the server: that a check passed says nothing of the time in
// which nobody looked, so each has to pass once more. Failures and breaches stay.
void reset_results(api::GuardStatus& guard, Time now);

// Is the difference worth a write? Words of a check that go on as before are not.
[[nodiscard]] bool worth_writing(const api::GuardStatus& before, const api::GuardStatus& after);

}  // namespace lastgood::guard
