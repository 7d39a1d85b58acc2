// Carries out what was decided, one fenced write after the other. Plans come from rollback/; this only sends them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "guard/inputs.hpp"
#include "ports/clock.hpp"
#include "ports/telemetry.hpp"
#include "rollback/plan.hpp"
#include "runtime/gateway.hpp"
#include "guard/guard_state.hpp"
#include "shell/preflight_runner.hpp"
#include "guard/request_index.hpp"

namespace lastgood::shell {

class Executor {
 public:
  Executor(runtime::Gateway& gateway, Preflighter& preflighter, ports::Clock& clock, ports::Telemetry& telemetry)
      : gateway_(gateway), preflighter_(preflighter), clock_(clock), telemetry_(telemetry) {}

  // An error means: look again after a back-off. What was done is in `memory` either way.
  boost::asio::awaitable<Result<void>> carry_out(guard::Act act, const policy::EffectivePolicy& guarding,
                                                 const api::Deployment& deployment, guard::Memory& memory, runtime::Term term);

  // Deletes the oldest records of finished rollbacks, so that only so many are kept.
  boost::asio::awaitable<Result<void>> tidy_records(const std::vector<api::Rollback>& of_deployment, guard::Memory& memory, runtime::Term term);

  // Deletes what is kept and can no longer be put back. Only after the guard's status is written.
  boost::asio::awaitable<Result<void>> tidy_kept(const api::Deployment& deployment, guard::Memory& memory, runtime::Term term);

 private:
  boost::asio::awaitable<Result<void>> record(const guard::StartRollback& start, const api::Deployment& deployment,
                                              guard::Memory& memory, runtime::Term term);
  // What is read for the first step, beside the writing of the record.
  struct Readings {
    Result<codec::Json> kept;
    Result<codec::Json> live;
    Result<void> allowed;  // by the policy
  };
  boost::asio::awaitable<Readings> read_beforehand(const api::Deployment& deployment, const api::Rollback& rollback,
                                                   const std::optional<Key>& policy);
  boost::asio::awaitable<Result<void>> go_on(const api::Deployment& deployment, const Result<codec::Json>& kept, guard::Memory& memory,
                                             runtime::Term term, std::optional<Readings> beforehand = {});
  boost::asio::awaitable<Result<void>> start(const guard::StartRollback& start, const api::Deployment& deployment,
                                             guard::Memory& memory, runtime::Term term);
  boost::asio::awaitable<Result<void>> bind(const api::Rollback& bound, guard::Memory& memory, runtime::Term term);
  boost::asio::awaitable<Result<void>> drill(const api::Rollback& drill, const policy::EffectivePolicy& guarding,
                                             const api::Deployment& deployment, guard::Memory& memory, runtime::Term term);
  // Creates it with its status; one that is there already is left as it is.
  boost::asio::awaitable<Result<void>> put_down(const api::Rollback& record, const api::Deployment& deployment, runtime::Term term);
  boost::asio::awaitable<Result<void>> write_status(const api::ObjectMeta& meta, const api::RollbackStatus& status, runtime::Term term);
  boost::asio::awaitable<Result<void>> keep(const api::Revision& revision, const api::Deployment& deployment, guard::Memory& memory,
                                            runtime::Term term);
  struct Taken {
    bool done = false;                // there is nothing more to do now
    std::optional<Error> error = {};  // of the write
  };
  boost::asio::awaitable<Taken> take(const rollback::NextStep& step, guard::Memory& memory, runtime::Term term);
  boost::asio::awaitable<Result<void>> policy_still_allows(const std::optional<Key>& policy, const api::Rollback& rollback,
                                                           const api::Deployment& deployment);
  Result<void> refused(const rollback::NextStep& next, const Error& error, guard::Memory& memory);

  runtime::Gateway& gateway_;
  Preflighter& preflighter_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
};

}  // namespace lastgood::shell
