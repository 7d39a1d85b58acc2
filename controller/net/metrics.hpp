// Implements the port Telemetry with Prometheus series, and writes them in the text format of
// /metrics. A label has few values: it is never the name of a Deployment, a policy or a
// namespace.
//
// The series of controller-runtime and client-go have their original names, labels and buckets, so
// that existing dashboards and alerts work:
// https://book.kubebuilder.io/reference/metrics-reference
// https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ports/telemetry.hpp"

namespace lastgood::net {

struct MetricRow {
  std::string_view name;
  std::string_view type;  // counter, gauge or histogram
  std::string_view help;
  std::string_view labels;  // comma-separated; empty: none
};

// Every series that /metrics can show, in the order of /metrics.
[[nodiscard]] std::span<const MetricRow> metric_table();

inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

class Metrics final : public ports::Telemetry {
 public:
  Metrics();
  ~Metrics() override;

  // The content of /metrics.
  [[nodiscard]] std::string text() const;

  void api_request(const ports::ApiRequest& request) override;
  void watch_restarted(std::string_view kind, std::string_view reason) override;
  void leader(std::string_view lease, bool is_leader) override;

  void max_concurrent_reconciles(std::size_t count) override;
  void queue_depth(std::size_t keys) override;
  void key_added() override;
  void key_requeued() override;
  void reconcile_started(MonotonicTime started, Duration queued) override;
  void reconcile_finished(MonotonicTime started, Duration took,
                          ports::ReconcileResult result) override;

  void guarded(std::size_t deployments) override;
  void measurement(std::string_view check_kind, std::string_view result) override;
  void state_entered(std::string_view state, std::string_view reason) override;
  void unreadable_objects(std::string_view kind, std::size_t count) override;
  void opt_in_lost() override;
  void rollback_finished(std::string_view outcome) override;
  void decision_to_patch(Duration took) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastgood::net
