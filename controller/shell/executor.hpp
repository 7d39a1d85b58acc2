// Executes the action of a plan: sends the calls that rollback/ plans, one write after the other.
// Returns what was done, and changes nothing in memory. If the action is not complete, the outcome
// has an error, and the key is requeued with backoff.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

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

  // The references must stay valid until the functions end.
  struct Context {
    const api::Deployment& deployment;
    const policy::EffectivePolicy& policy;
    const guard::GuardState& state;
    runtime::Term term;
    // True if a user has deleted this Rollback since the plan.
    std::function<bool(const Uid& rollback)> is_deleted;
    // True once the controller stops. Then no template is patched, because there is no time left
    // for the patch of the field ownership. The next leader continues.
    std::function<bool()> is_stopping;
  };

  boost::asio::awaitable<guard::ActionOutcome> execute(guard::Action action,
                                                       const Context& context);

  // Deletes finished Rollbacks, except the newest 20 that changed the template and the newest 20
  // that did not.
  boost::asio::awaitable<guard::RecordsCollected> garbage_collect_records(
      const std::vector<api::Rollback>& of_deployment, const guard::GuardState& state,
      runtime::Term term);

  // Deletes snapshots that can no longer be the target of a rollback. Call it after the status of
  // the DeploymentGuard is written.
  boost::asio::awaitable<guard::SnapshotsCollected> garbage_collect_snapshots(
      const api::Deployment& deployment, const guard::GuardState& state, runtime::Term term);

 private:
  // The reads of the first step of a rollback. They are made while the record is written.
  struct PrefetchedReads {
    MonotonicTime began;
    Result<codec::Json> snapshot;
    Result<codec::Json> live;
    Result<void> allowed;  // an error if the policy no longer allows the rollback
  };

  // `decided_by`, here and below: the policy of the decision, for example "RollbackPolicy/web".
  boost::asio::awaitable<PrefetchedReads> prefetch(const api::Deployment& deployment,
                                                   const api::Rollback& rollback,
                                                   const std::string& decided_by);
  boost::asio::awaitable<guard::ActionOutcome> start(const guard::StartRollback& start,
                                                     const Context& context);
  // Creates the Rollback, or reads it if it exists already.
  boost::asio::awaitable<Result<guard::RollbackExecuted>> create_or_read_record(
      const api::Rollback& record, const Context& context);
  // Executes the remaining steps of the Rollback in the state.
  boost::asio::awaitable<guard::ActionOutcome> resume(const Context& context);
  // Executes the remaining steps of `progress.record`. The content of a snapshot never changes, so
  // one read of it is enough for all steps.
  boost::asio::awaitable<guard::RollbackExecuted> execute_steps(
      guard::RollbackExecuted progress, const Context& context, const Result<codec::Json>& snapshot,
      std::optional<PrefetchedReads> prefetched = {});
  // Returns the response: the Deployment after the write.
  boost::asio::awaitable<Result<codec::Json>> execute_write(const api::ApiCall& call,
                                                            const rollback::NextStep& step,
                                                            guard::RollbackExecuted& progress,
                                                            const Context& context);
  // Reads the Rollback, because the watch of Rollbacks may lag, and then the policy. Returns an
  // error if a user deleted the Rollback, or if the policy does not allow it. Sets
  // `record.spec.approved` to the value on the server.
  boost::asio::awaitable<Result<void>> confirm(const Result<codec::Json>& live,
                                               api::Rollback& record,
                                               const std::string& decided_by);
  // Reads the policy of the live Deployment from the server. Returns an error if the policy does
  // not allow the rollback. See guard/live_policy.hpp.
  boost::asio::awaitable<Result<void>> confirm_policy(const Result<codec::Json>& live,
                                                      const api::Rollback& rollback,
                                                      const std::string& decided_by);
  // Completes the spec of a manual Rollback.
  boost::asio::awaitable<guard::ActionOutcome> bind(const api::Rollback& bound,
                                                    const Context& context);
  // Creates the finished Rollback of mode Observe, which says what mode Enforce would have done.
  boost::asio::awaitable<guard::ActionOutcome> record_observation(const api::Rollback& record,
                                                                  const Context& context);
  // Runs only the preflight of the rollback, and writes the result into the Rollback `drill`.
  boost::asio::awaitable<guard::ActionOutcome> drill(const api::Rollback& drill,
                                                     const Context& context);
  // Creates the Rollback with its finished status. If it exists already, only an unfinished status
  // is written.
  boost::asio::awaitable<Result<void>> create_finished(const api::Rollback& record,
                                                       const Context& context);
  // `stored`: the Rollback as it was read.
  boost::asio::awaitable<Result<void>> write_status(const api::Rollback& stored,
                                                    const api::RollbackStatus& status,
                                                    runtime::Term term);
  boost::asio::awaitable<guard::ActionOutcome> create_snapshot(const api::Revision& revision,
                                                               const Context& context);

  runtime::Gateway& gateway_;
  PreflightRunner& preflight_runner_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
};

}  // namespace lastgood::shell
