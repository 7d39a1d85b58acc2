// The port for the controller's own metrics. docs/reference.md lists them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/time.hpp"

namespace lastgood::ports {

struct ApiRequest {
  std::string_view method;  // of HTTP: GET, POST, PUT, PATCH or DELETE
  std::string_view host;    // of the API server, as host:port
  bool is_watch = false;
  int status = 0;    // HTTP status of the response; 0: no response
  Duration took{0};  // until the head of the response, or until the failure
};

enum class ReconcileResult : std::uint8_t { Success, RequeueAfter, Error };

class Telemetry {
 public:
  virtual ~Telemetry() = default;

  // The connection to the API server.
  virtual void api_request(const ApiRequest& request) = 0;
  virtual void watch_restarted(std::string_view kind, std::string_view reason) = 0;
  virtual void leader(std::string_view lease, bool is_leader) = 0;

  // The work queue and its workers. The numbers have the same meaning as the metrics of
  // controller-runtime and client-go. key_added() is called once for a key until the key is taken.
  // key_requeued() is called when a key is added with a delay.
  virtual void max_concurrent_reconciles(std::size_t count) = 0;
  virtual void queue_depth(std::size_t keys) = 0;
  virtual void key_added() = 0;
  virtual void key_requeued() = 0;
  virtual void reconcile_started(MonotonicTime started, Duration queued) = 0;
  virtual void reconcile_finished(MonotonicTime started, Duration took, ReconcileResult result) = 0;

  // Releases and rollbacks.
  virtual void guarded(std::size_t deployments) = 0;
  virtual void measurement(std::string_view check_kind, std::string_view result) = 0;
  virtual void state_entered(std::string_view state, std::string_view reason) = 0;
  // The objects of this kind that this version cannot read.
  virtual void unreadable_objects(std::string_view kind, std::size_t count) = 0;
  // A write changed the template and ended the opt-in.
  virtual void opt_in_lost() = 0;
  virtual void rollback_finished(std::string_view outcome) = 0;
  // From the decision to roll back to the acknowledged patch of the template.
  virtual void decision_to_patch(Duration took) = 0;
};

}  // namespace lastgood::ports
