#include "guard/freeze.hpp"

namespace lastgood::guard {

bool ends_with_outage(const api::GuardStatus& guard) {
  return guard.state == api::State::Frozen && guard.freeze && guard.current &&
         guard.freeze->reason == api::Reason::VerificationFailed && !guard.freeze->check.empty() &&
         guard.freeze->verdict_before;
}

}  // namespace lastgood::guard
