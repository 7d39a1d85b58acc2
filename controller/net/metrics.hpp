// The port Telemetry as Prometheus series, and their text for /metrics. Label values are few and bounded: never the name
// of a Deployment, a policy or a namespace.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ports/telemetry.hpp"

namespace lastgood::net {

struct MetricRow {
  std::string_view name;
  std::string_view type;  // counter, gauge, histogram
  std::string_view help;
  std::string_view labels;  // comma-separated; empty: none
};

// Every series that /metrics can show, in its order there; docs/reference is tested against it.
[[nodiscard]] std::span<const MetricRow> metric_table();

inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

class Metrics final : public ports::Telemetry {
 public:
  Metrics();
  ~Metrics() override;

  [[nodiscard]] std::string text() const;

  void leader(bool is) override;
  void guarded(std::size_t deployments) override;
  void sample(std::string_view check_kind, std::string_view result) override;
  void state_entered(std::string_view state, std::string_view reason) override;
  void rollback_finished(std::string_view outcome) override;
  void decision_to_patch(Duration took) override;
  void api_call(std::string_view verb, int status, Duration took) override;
  void watch_restarted(std::string_view kind, std::string_view why) override;
  void reconciled(Duration took) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastgood::net
