// The states in which a release is evaluated.
#include "guard/release_states.hpp"

#include <catch2/catch.hpp>

using namespace lastgood;
using namespace lastgood::guard;

TEST_CASE("a release is evaluated until its template is replaced") {
  for (const api::State state : {api::State::Evaluating, api::State::Held, api::State::RollingBack})
    CHECK(is_release_evaluated(state));
  for (const api::State state : {api::State::Idle, api::State::Verifying, api::State::Frozen})
    CHECK_FALSE(is_release_evaluated(state));
}
