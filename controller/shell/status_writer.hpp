// Writes the status of our kinds, and only when it has changed.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "guard/guard_state.hpp"
#include "runtime/gateway.hpp"

namespace lastgood::shell {

class StatusWriter {
 public:
  explicit StatusWriter(runtime::Gateway& gateway) : gateway_(gateway) {}

  // Creates the DeploymentGuard where it is missing.
  boost::asio::awaitable<Result<void>> guard(const api::Deployment& deployment,
                                             guard::GuardState& state, runtime::Term term);

  // Of the Rollback in `state`. A Rollback that was deleted meanwhile is not an error.
  boost::asio::awaitable<Result<void>> rollback(guard::GuardState& state, runtime::Term term);

  // Of a Rollback that a user made.
  boost::asio::awaitable<Result<void>> request(const api::Rollback& request,
                                               const api::RollbackStatus& status,
                                               runtime::Term term);

  boost::asio::awaitable<Result<void>> policy(const api::RollbackPolicy& policy,
                                              const api::PolicyStatus& status, runtime::Term term);

 private:
  boost::asio::awaitable<Result<void>> create_guard(const api::Deployment& deployment,
                                                    guard::GuardState& state, runtime::Term term);

  runtime::Gateway& gateway_;
};

}  // namespace lastgood::shell
