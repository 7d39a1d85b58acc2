// A contest: a tool applies a template again that was rolled back. Private to guard/.
#pragma once

#include <string>

#include "guard/states/step.hpp"

namespace lastgood::guard {

struct ContestOutcome {
  std::string tool;  // empty: a user applied the template, which is no contest
  bool is_over_limit = false;
  std::string message;  // who, how often, within which time, and the limit
};

// Counts the return of a template that was rolled back.
ContestOutcome count_contest(Step& step);

// Over the limit a user has to decide: otherwise the tool and the controller would go on forever.
void freeze_contested(Step& step, const ContestOutcome& contest);

}  // namespace lastgood::guard
