// The condition ChecksEstablished: whether each check of the policy has passed for a revision, so
// that the check may cause a rollback of the next release.
#pragma once

#include "guard/states/step.hpp"

namespace lastgood::guard {

//   True     each check has passed for a revision
//   False    a check never passed, and failed at least twice
//   Unknown  a check never passed, and has not failed twice; or no policy applies
// Emits an Event when the status becomes False.
void set_checks_established(Step& step);

}  // namespace lastgood::guard
