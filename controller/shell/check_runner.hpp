// Asks the checks of one Deployment that are due, beside everything else: one that hangs delays no
// other. What fails is asked of the revision that would be put back too, before it is emitted.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/policy.hpp"
#include "api/workload.hpp"
#include "checks/http.hpp"
#include "guard/guard_state.hpp"
#include "ports/clock.hpp"
#include "ports/prober.hpp"
#include "ports/telemetry.hpp"
#include "runtime/task_group.hpp"
#include "shell/gatherer.hpp"

namespace lastgood::shell {

struct MeasurementRound {
  std::shared_ptr<const api::Deployment> deployment;
  api::Revision revision;  // which the measurements speak of
  api::PolicySpec spec;
  std::optional<Time> rolled_out;
  std::vector<std::string> due;  // names of checks
  // The one that would be put back, and how people are emitted of it: "revision 4
  // (web-6d4b75cb6d)". Never `revision` itself; absent: failures are emitted without a baseline.
  std::optional<api::Revision> other = {};
  std::string baseline_name = {};
};

class CheckRunner {
 public:
  // Called with each measurement, and once more without one when the asking of that check is over.
  using Deliver = std::function<void(const Key& key, const Uid& uid, const std::string& check,
                                     std::optional<guard::InboxMeasurement> measurement)>;

  CheckRunner(runtime::TaskGroup& tasks, Gatherer& gatherer, ports::Prober& prober,
              ports::Clock& clock, ports::Telemetry& telemetry, Deliver deliver);

  void start(MeasurementRound round);

 private:
  class Asking;
  class BaselinePods;
  struct Round;
  struct ProbeTarget;
  using Pods = std::shared_ptr<const std::vector<api::Pod>>;

  boost::asio::awaitable<void> run_round(MeasurementRound taken);
  boost::asio::awaitable<void> measure_rollout(std::shared_ptr<Round> round,
                                               std::shared_ptr<const Asking> asking);
  boost::asio::awaitable<void> ask_check(std::shared_ptr<Round> round, api::Check check,
                                         std::shared_ptr<const Asking> asking);
  // Errors, here and below: the pods could not be listed, so nothing must be emitted.
  boost::asio::awaitable<Result<api::Measurement>> answer(const ProbeTarget& whom,
                                                          const api::Check& check,
                                                          const checks::HttpPlan& plan);
  boost::asio::awaitable<Result<std::optional<api::BaselineResult>>> compare(
      const Round& round, const api::Check& check, const std::vector<api::Pod>& others,
      const std::optional<Result<api::Service>>& service);
  boost::asio::awaitable<std::vector<checks::ProbeResult>> probe_all(
      const std::vector<checks::HttpProbe>& asks);
  boost::asio::awaitable<Result<std::vector<api::Pod>>> list(const api::Deployment& deployment,
                                                             const api::Revision& revision);
  // The pods to compare the measurement with; null where there is nothing to compare.
  boost::asio::awaitable<Result<Pods>> baseline_pods_for(Round& round,
                                                         const api::Measurement& measurement);
  // `check` is null for the rollout check.
  void deliver(const MeasurementRound& round, const api::Measurement& measurement,
               const api::Check* check);

  runtime::TaskGroup& tasks_;
  Gatherer& gatherer_;
  ports::Prober& prober_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
  Deliver deliver_;
};

}  // namespace lastgood::shell
