// A Telemetry that records nothing. A test overrides the functions that it needs.
#pragma once

#include "ports/telemetry.hpp"

namespace lastgood::simulation {

struct NullTelemetry : ports::Telemetry {
  void api_request(const ports::ApiRequest&) override {}
  void watch_restarted(std::string_view, std::string_view) override {}
  void leader(std::string_view, bool) override {}
  void max_concurrent_reconciles(std::size_t) override {}
  void queue_depth(std::size_t) override {}
  void key_added() override {}
  void key_requeued() override {}
  void reconcile_started(MonotonicTime, Duration) override {}
  void reconcile_finished(MonotonicTime, Duration, ports::ReconcileResult) override {}
  void guarded(std::size_t) override {}
  void measurement(std::string_view, std::string_view) override {}
  void state_entered(std::string_view, std::string_view) override {}
  void unreadable_objects(std::string_view, std::size_t) override {}
  void opt_in_lost() override {}
  void rollback_finished(std::string_view) override {}
  void decision_to_patch(Duration) override {}
};

}  // namespace lastgood::simulation
