// Carries out what was decided, one fenced write after the other. Plans come from rollback/; this only sends them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "decide/world.hpp"
#include "ports/clock.hpp"
#include "ports/telemetry.hpp"
#include "rollback/plan.hpp"
#include "run/gateway.hpp"
#include "run/memory.hpp"
#include "run/preflighter.hpp"
#include "run/requests.hpp"

namespace lastgood::run {

class Executor {
 public:
  Executor(Gateway& gateway, Preflighter& preflighter, ports::Clock& clock, ports::Telemetry& telemetry)
      : gateway_(gateway), preflighter_(preflighter), clock_(clock), telemetry_(telemetry) {}

  // An error means: look again after a back-off. What was done is in `memory` either way.
  boost::asio::awaitable<Result<void>> carry_out(decide::Act act, const decide::Guarding& guarding,
                                                 const api::Deployment& deployment, Memory& memory, Term term);

  // Deletes the oldest records of finished rollbacks, so that only so many are kept.
  boost::asio::awaitable<Result<void>> tidy_records(const std::vector<api::Rollback>& of_deployment, Memory& memory, Term term);

  // Deletes what is kept and can no longer be put back. Only after the guard's status is written.
  boost::asio::awaitable<Result<void>> tidy_kept(const api::Deployment& deployment, Memory& memory, Term term);

 private:
  boost::asio::awaitable<Result<void>> record(const decide::StartRollback& start, const api::Deployment& deployment,
                                              Memory& memory, Term term);
  // What is read for the first step, beside the writing of the record.
  struct Readings {
    Result<api::Json> kept;
    Result<api::Json> live;
    Result<void> allowed;  // by the policy
  };
  boost::asio::awaitable<Readings> read_beforehand(const api::Deployment& deployment, const api::Rollback& rollback,
                                                   const std::optional<Key>& policy);
  boost::asio::awaitable<Result<void>> go_on(const api::Deployment& deployment, const Result<api::Json>& kept, Memory& memory,
                                             Term term, std::optional<Readings> beforehand = {});
  boost::asio::awaitable<Result<void>> start(const decide::StartRollback& start, const api::Deployment& deployment,
                                             Memory& memory, Term term);
  boost::asio::awaitable<Result<void>> bind(const api::Rollback& bound, Memory& memory, Term term);
  boost::asio::awaitable<Result<void>> drill(const api::Rollback& drill, const decide::Guarding& guarding,
                                             const api::Deployment& deployment, Memory& memory, Term term);
  // Creates it with its status; one that is there already is left as it is.
  boost::asio::awaitable<Result<void>> put_down(const api::Rollback& record, const api::Deployment& deployment, Term term);
  boost::asio::awaitable<Result<void>> write_status(const api::ObjectMeta& meta, const api::RollbackStatus& status, Term term);
  boost::asio::awaitable<Result<void>> keep(const api::Revision& revision, const api::Deployment& deployment, Memory& memory,
                                            Term term);
  struct Taken {
    bool done = false;                // there is nothing more to do now
    std::optional<Error> error = {};  // of the write
  };
  boost::asio::awaitable<Taken> take(const rollback::NextStep& step, Memory& memory, Term term);
  boost::asio::awaitable<Result<void>> policy_still_allows(const std::optional<Key>& policy, const api::Rollback& rollback,
                                                           const api::Deployment& deployment);
  Result<void> refused(const rollback::NextStep& next, const Error& error, Memory& memory);

  Gateway& gateway_;
  Preflighter& preflighter_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
};

}  // namespace lastgood::run
