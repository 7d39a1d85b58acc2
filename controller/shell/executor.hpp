// Executes the action of a plan: sends the calls that rollback/ plans, one write after the other.
// All functions put the result into `state`, and return an error if the action is not complete.
// Then the key is requeued with backoff.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "guard/inputs.hpp"
#include "guard/state.hpp"
#include "ports/clock.hpp"
#include "ports/telemetry.hpp"
#include "rollback/plan.hpp"
#include "runtime/gateway.hpp"
#include "shell/preflight_runner.hpp"

namespace lastgood::shell {

class Executor {
 public:
  Executor(runtime::Gateway& gateway, PreflightRunner& preflight_runner, ports::Clock& clock,
           ports::Telemetry& telemetry)
      : gateway_(gateway),
        preflight_runner_(preflight_runner),
        clock_(clock),
        telemetry_(telemetry) {}

  boost::asio::awaitable<Result<void>> execute(guard::Action action,
                                               const policy::EffectivePolicy& policy,
                                               const api::Deployment& deployment,
                                               guard::GuardState& state, runtime::Term term);

  // Deletes finished Rollbacks, except the newest 20 that changed the template and the newest 20
  // that did not.
  boost::asio::awaitable<Result<void>> garbage_collect_records(
      const std::vector<api::Rollback>& of_deployment, guard::GuardState& state,
      runtime::Term term);

  // Deletes snapshots that can no longer be the target of a rollback. Call it after the status of
  // the DeploymentGuard is written.
  boost::asio::awaitable<Result<void>> garbage_collect_snapshots(const api::Deployment& deployment,
                                                                 guard::GuardState& state,
                                                                 runtime::Term term);

 private:
  // The reads of the first step of a rollback. They are made while the record is written.
  struct PrefetchedReads {
    Result<codec::Json> snapshot;
    Result<codec::Json> live;
    Result<void> allowed;  // an error if the policy no longer allows the rollback
  };
  struct StepResult {
    bool is_last = false;             // no further step can be executed now
    std::optional<Error> error = {};  // the error of the write
  };

  boost::asio::awaitable<PrefetchedReads> prefetch(const api::Deployment& deployment,
                                                   const api::Rollback& rollback,
                                                   const std::string& decided_by);
  boost::asio::awaitable<Result<void>> start(const guard::StartRollback& start,
                                             const api::Deployment& deployment,
                                             guard::GuardState& state, runtime::Term term);
  // Creates the Rollback, or reads it if it exists already. Stores the Rollback in `state`.
  boost::asio::awaitable<Result<void>> create_or_read_record(const guard::StartRollback& start,
                                                             const api::Deployment& deployment,
                                                             guard::GuardState& state,
                                                             runtime::Term term);
  // Executes the remaining steps of the Rollback in `state`.
  boost::asio::awaitable<Result<void>> resume(const api::Deployment& deployment,
                                              guard::GuardState& state, runtime::Term term);
  // The content of a snapshot never changes, so one read of it is enough for all steps.
  boost::asio::awaitable<Result<void>> execute_steps(
      const api::Deployment& deployment, const Result<codec::Json>& snapshot,
      guard::GuardState& state, runtime::Term term, std::optional<PrefetchedReads> prefetched = {});
  boost::asio::awaitable<StepResult> execute_step(const rollback::NextStep& step,
                                                  guard::GuardState& state, runtime::Term term);
  Result<void> record_failure(const rollback::NextStep& step, const Error& error,
                              guard::GuardState& state);
  // Reads the policy of the live Deployment from the server. Returns an error if the policy does
  // not allow the rollback. See guard/live_policy.hpp.
  boost::asio::awaitable<Result<void>> confirm_policy(const Result<codec::Json>& live,
                                                      const api::Rollback& rollback,
                                                      const std::string& decided_by);
  // Completes the spec of a manual Rollback.
  boost::asio::awaitable<Result<void>> bind(const api::Rollback& bound, guard::GuardState& state,
                                            runtime::Term term);
  boost::asio::awaitable<Result<void>> drill(const api::Rollback& drill,
                                             const policy::EffectivePolicy& policy,
                                             const api::Deployment& deployment,
                                             guard::GuardState& state, runtime::Term term);
  // Creates the Rollback with its status. A Rollback that exists already is not changed.
  boost::asio::awaitable<Result<void>> create_record(const api::Rollback& record,
                                                     const api::Deployment& deployment,
                                                     runtime::Term term);
  boost::asio::awaitable<Result<void>> write_status(const api::ObjectMeta& meta,
                                                    const api::RollbackStatus& status,
                                                    runtime::Term term);
  boost::asio::awaitable<Result<void>> create_snapshot(const api::Revision& revision,
                                                       const api::Deployment& deployment,
                                                       guard::GuardState& state,
                                                       runtime::Term term);

  runtime::Gateway& gateway_;
  PreflightRunner& preflight_runner_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
};

}  // namespace lastgood::shell
