#include "guard/release_states.hpp"

namespace lastgood::guard {

bool is_release_evaluated(api::State state) {
  return state == api::State::Evaluating || state == api::State::Held ||
         state == api::State::RollingBack;
}

}  // namespace lastgood::guard
