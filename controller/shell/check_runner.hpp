// Runs the checks of a Deployment that are due. Each check runs in its own task, so that a probe
// that hangs delays no other check. If a measurement needs a baseline (checks::needs_baseline()),
// the check also measures the baseline before the measurement is delivered.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/policy.hpp"
#include "api/workload.hpp"
#include "base/log.hpp"
#include "checks/baseline_choice.hpp"
#include "checks/baseline_comparison.hpp"
#include "checks/http_measurement.hpp"
#include "checks/http_plan.hpp"
#include "guard/state.hpp"
#include "ports/clock.hpp"
#include "ports/prober.hpp"
#include "ports/telemetry.hpp"
#include "runtime/task_group.hpp"
#include "shell/baseline_search.hpp"
#include "shell/gatherer.hpp"
#include "shell/http_runner.hpp"
#include "shell/measurement_round.hpp"
#include "shell/metrics_runner.hpp"
#include "shell/pod_metrics_runner.hpp"
#include "shell/reference_reader.hpp"
#include "shell/running_check.hpp"

namespace lastgood::shell {

class CheckRunner {
 public:
  // Appends to the inbox of a Deployment: MeasurementArrived, and at the end of each check
  // CheckEnded, even if the check had no result or was cancelled.
  using Post = PostEntry;

  CheckRunner(runtime::TaskGroup& tasks, Gatherer& gatherer, ReferenceReader& references,
              MetricsRunner& metrics, PodMetricsRunner& pod_metrics, ports::Prober& prober,
              ports::Clock& clock, ports::Telemetry& telemetry, Post post);

  // Starts the due checks and returns at once.
  void start(MeasurementRound round);

 private:
  struct Round;  // a running MeasurementRound

  boost::asio::awaitable<void> run_round(MeasurementRound request);
  boost::asio::awaitable<void> run_rollout_check(std::shared_ptr<Round> round,
                                                 std::shared_ptr<const RunningCheck> running);
  boost::asio::awaitable<void> run_http_check(std::shared_ptr<Round> round, api::Check check,
                                              std::shared_ptr<const RunningCheck> running);
  // A check that a metrics server answers.
  boost::asio::awaitable<void> run_metrics_check(std::shared_ptr<Round> round, api::Check check,
                                                 std::shared_ptr<const RunningCheck> running);
  boost::asio::awaitable<void> run_pod_metrics_check(std::shared_ptr<Round> round, api::Check check,
                                                     std::shared_ptr<const RunningCheck> running);
  boost::asio::awaitable<void> run_external_metric_check(
      std::shared_ptr<Round> round, api::Check check, std::shared_ptr<const RunningCheck> running);
  // Starts the check in its own task.
  void start_check(const std::shared_ptr<Round>& round, const api::Check& check,
                   std::shared_ptr<const RunningCheck> running);
  // The functions below that return a Result fail if the pods cannot be listed. Then there is no
  // measurement.

  // The result of a metrics check for the baseline. Nothing if the measurement needs no baseline,
  // or if the baseline has no result. With `compareWith`, the function also compares the value in
  // `measurement` with the value of the baseline. `queried_at`: when the query for `measurement`
  // was sent; empty: there was none.
  boost::asio::awaitable<Result<std::optional<api::BaselineResult>>> metrics_baseline(
      Round& round, const api::Check& check, api::Measurement& measurement,
      std::optional<Time> queried_at);
  // Measures the baseline, again and again while checks::repeats_baseline(). Adds its result to
  // `measured`, unless the result is Unknown, or a pod of the new revision may have responded.
  boost::asio::awaitable<Result<void>> add_baseline(
      Round& round, const api::Check& check, const std::optional<Result<api::Service>>& service,
      HttpMeasured& measured);
  // The pods of the revision now, to confirm a failure.
  boost::asio::awaitable<Result<std::vector<api::Pod>>> pods_now(const api::Deployment& deployment,
                                                                 const api::Revision& revision,
                                                                 Confirmation confirmation);
  void log_missing_pods(const api::Deployment& deployment, const api::Revision& revision,
                        const Error& error) const;
  // Warn if the pods have not been known for longer than usual after a release, else Debug.
  [[nodiscard]] log::Level level_for(const api::Deployment& deployment) const;
  // Null if the measurement needs no baseline, or if no candidate has pods. During the rollout, the
  // rollout check also needs a baseline if it is not known which images ran in the candidates.
  boost::asio::awaitable<Result<BaselinePtr>> baseline_for(Round& round,
                                                           const api::Measurement& measurement);
  // Null if no candidate has pods.
  boost::asio::awaitable<Result<BaselinePtr>> find_baseline(Round& round, const std::string& check);
  // `check` is null for the rollout check.
  void deliver(const MeasurementRound& round, const api::Measurement& measurement,
               const api::Check* check, std::vector<checks::Responder> responders = {});

  runtime::TaskGroup& tasks_;
  Gatherer& gatherer_;
  ReferenceReader& references_;
  MetricsRunner& metrics_;
  PodMetricsRunner& pod_metrics_;
  HttpRunner http_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
  Post post_;
};

}  // namespace lastgood::shell
