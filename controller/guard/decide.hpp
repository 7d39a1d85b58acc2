// The life of a release: one step of the six-state machine. The only way into decide/ for those who act.
#pragma once

#include "guard/inputs.hpp"

namespace lastgood::guard {

// Pure. At most one act; everything else is memory, facts and the time to look again.
[[nodiscard]] Decision decide(const World& world, Time now);

// After a KeepRevision was carried out: remembers where the template of that revision is kept.
void note_kept(api::GuardStatus& guard, const TemplateHash& hash, const std::string& controller_revision);

// The ControllerRevision of that name was deleted: what it kept can no longer be put back.
void note_gone(api::GuardStatus& guard, const std::string& controller_revision);

// After the memory was read back from the server: that a check passed says nothing of the time in which nobody looked, so each
// has to pass once more. Failures and breaches stay.
void forget_answers(api::GuardStatus& guard, Time now);

// Is the difference worth a write? Words of a check that go on as before are not.
[[nodiscard]] bool worth_writing(const api::GuardStatus& before, const api::GuardStatus& after);

}  // namespace lastgood::guard
