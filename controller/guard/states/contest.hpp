// A contest: a tool applies a template again that was rolled back. Private to guard/.
#pragma once

#include <string>

#include "guard/states/step.hpp"

namespace lastgood::guard {

struct ContestOutcome {
  std::string tool;  // empty: a user applied the template, which is no contest
  bool is_over_limit = false;
  std::string message;  // the tool, how often it applied the template, within which time, the limit
};

// Counts a contest, unless a user applied the template. Precondition: the present template was
// rolled back before.
ContestOutcome count_contest(Step& step);

// Freezes the Deployment. Otherwise the tool and the controller would replace each other's template
// forever.
void freeze_contested(Step& step, const ContestOutcome& contest);

}  // namespace lastgood::guard
