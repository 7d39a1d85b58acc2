#include "guard/cluster_fault.hpp"

namespace lastgood::guard {

bool is_cluster_fault(api::Reason reason) {
  switch (reason) {
    case api::Reason::PodsNotCreated:
    case api::Reason::Unschedulable:
    case api::Reason::NodeNotReady:
    case api::Reason::RegistryUnavailable:
    case api::Reason::RegistryAccessDenied: return true;
    default: return false;
  }
}

bool is_fault_of_template(api::Reason reason) {
  using api::Reason;
  return reason == Reason::ImagePull || reason == Reason::ConfigError ||
         reason == Reason::PodsRejected;
}

}  // namespace lastgood::guard
