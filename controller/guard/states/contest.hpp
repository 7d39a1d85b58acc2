// A contest: a tool applies a template again that was rolled back. Private to guard/.
#pragma once

#include <string>

#include "guard/states/step.hpp"

namespace lastgood::guard {

struct ContestOutcome {
  std::string tool;  // empty: a user applied the template, which is no contest
  bool has_reached_limit = false;
  std::string message;  // the tool, how many consecutive times it applied the template, the limit
};

// Counts a contest, unless a user applied the template. Contests of the same template count as
// consecutive, no matter how much time is between them, unless another release comes between them.
// Precondition: the present template, of ReplicaSet `set`, was rolled back before.
ContestOutcome count_contest(Step& step, const api::ReplicaSet& set);

// A release that is no contest begins the count again.
void forget_contests(api::GuardStatus& guard);

// The template was proven good, so its return is no contest any more.
void forget_contests(api::GuardStatus& guard, const TemplateHash& hash);

// Freezes the Deployment. Otherwise the tool and the controller would replace each other's template
// forever.
void freeze_contested(Step& step, const ContestOutcome& contest);

}  // namespace lastgood::guard
