// What the controller counts about itself. Names and labels of the series are in docs/reference.
#pragma once

#include <string_view>

#include "base/time.hpp"

namespace lastgood::ports {

class Telemetry {
 public:
  virtual ~Telemetry() = default;

  virtual void leader(bool is) = 0;
  virtual void guarded(std::size_t deployments) = 0;
  virtual void sample(std::string_view check_kind, std::string_view result) = 0;  // Pass, Fail, Unknown
  virtual void state_entered(std::string_view state, std::string_view reason) = 0;
  virtual void rollback_finished(std::string_view outcome) = 0;
  virtual void decision_to_patch(Duration took) = 0;  // from the decision to the acknowledged template patch
  virtual void api_call(std::string_view verb, int status, Duration took) = 0;  // status 0: no answer
  virtual void watch_restarted(std::string_view kind, std::string_view why) = 0;
  virtual void reconciled(Duration took) = 0;
};

}  // namespace lastgood::ports
