// Carries out what was decided, one fenced write after the other. Plans come from rollback/; this
// only sends them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "guard/guard_state.hpp"
#include "guard/inputs.hpp"
#include "guard/request_index.hpp"
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

  // An error means: look again after a back-off. What was done is in `state` either way.
  boost::asio::awaitable<Result<void>> carry_out(guard::Action action,
                                                 const policy::EffectivePolicy& policy,
                                                 const api::Deployment& deployment,
                                                 guard::GuardState& state, runtime::Term term);

  // Deletes the oldest records of finished rollbacks, so that only so many are kept.
  boost::asio::awaitable<Result<void>> garbage_collect_records(
      const std::vector<api::Rollback>& of_deployment, guard::GuardState& state,
      runtime::Term term);

  // Deletes what is kept and can no longer be put back. Only after the guard's status is written.
  boost::asio::awaitable<Result<void>> garbage_collect_snapshots(const api::Deployment& deployment,
                                                                 guard::GuardState& state,
                                                                 runtime::Term term);

 private:
  boost::asio::awaitable<Result<void>> record(const guard::StartRollback& start,
                                              const api::Deployment& deployment,
                                              guard::GuardState& state, runtime::Term term);
  // What is read for the first step, beside the writing of the record.
  struct Readings {
    Result<codec::Json> kept;
    Result<codec::Json> live;
    Result<void> allowed;  // by the policy
  };
  boost::asio::awaitable<Readings> read_beforehand(const api::Deployment& deployment,
                                                   const api::Rollback& rollback,
                                                   const std::optional<Key>& policy);
  boost::asio::awaitable<Result<void>> go_on(const api::Deployment& deployment,
                                             const Result<codec::Json>& kept,
                                             guard::GuardState& state, runtime::Term term,
                                             std::optional<Readings> beforehand = {});
  boost::asio::awaitable<Result<void>> start(const guard::StartRollback& start,
                                             const api::Deployment& deployment,
                                             guard::GuardState& state, runtime::Term term);
  boost::asio::awaitable<Result<void>> bind(const api::Rollback& bound, guard::GuardState& state,
                                            runtime::Term term);
  boost::asio::awaitable<Result<void>> drill(const api::Rollback& drill,
                                             const policy::EffectivePolicy& policy,
                                             const api::Deployment& deployment,
                                             guard::GuardState& state, runtime::Term term);
  // Creates it with its status; one that is there already is left as it is.
  boost::asio::awaitable<Result<void>> create_record(const api::Rollback& record,
                                                     const api::Deployment& deployment,
                                                     runtime::Term term);
  boost::asio::awaitable<Result<void>> write_status(const api::ObjectMeta& meta,
                                                    const api::RollbackStatus& status,
                                                    runtime::Term term);
  boost::asio::awaitable<Result<void>> keep(const api::Revision& revision,
                                            const api::Deployment& deployment,
                                            guard::GuardState& state, runtime::Term term);
  struct Taken {
    bool done = false;                // there is nothing more to do now
    std::optional<Error> error = {};  // of the write
  };
  boost::asio::awaitable<Taken> take(const rollback::NextStep& step, guard::GuardState& state,
                                     runtime::Term term);
  boost::asio::awaitable<Result<void>> policy_still_allows(const std::optional<Key>& policy,
                                                           const api::Rollback& rollback,
                                                           const api::Deployment& deployment);
  Result<void> refused(const rollback::NextStep& next, const Error& error,
                       guard::GuardState& state);

  runtime::Gateway& gateway_;
  PreflightRunner& preflight_runner_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
};

}  // namespace lastgood::shell
