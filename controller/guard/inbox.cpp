#include "guard/inbox.hpp"

namespace lastgood::guard {

bool is_urgent(const InboxEntry& entry) {
  const auto* arrived = std::get_if<MeasurementArrived>(&entry);
  return arrived && arrived->measurement.result == api::MeasurementResult::Fail;
}

}  // namespace lastgood::guard
