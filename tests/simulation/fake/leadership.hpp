// A Leadership whose term the test sets.
#pragma once

#include "runtime/leadership.hpp"

namespace lastgood::simulation {

struct FakeLeadership final : runtime::Leadership {
  runtime::Term current = 0;  // 0: not the leader
  [[nodiscard]] runtime::Term term() const override { return current; }
};

}  // namespace lastgood::simulation
