// Writes the status of DeploymentGuards, Rollbacks and RollbackPolicies, and changes nothing in
// memory. All functions return the error of the API server, or Cancelled if `term` is over.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "guard/state.hpp"
#include "runtime/gateway.hpp"

namespace lastgood::shell {

class StatusWriter {
 public:
  explicit StatusWriter(runtime::Gateway& gateway) : gateway_(gateway) {}

  // Writes the status in `state` if guard::worth_writing() says that it has changed enough since
  // the last write. Creates the DeploymentGuard if it does not exist.
  boost::asio::awaitable<guard::GuardWritten> guard(const api::Deployment& deployment,
                                                    const guard::GuardState& state,
                                                    runtime::Term term);

  // Writes the status of the Rollback in `state` if it has changed. A deleted Rollback is not an
  // error.
  boost::asio::awaitable<guard::RollbackWritten> rollback(const guard::GuardState& state,
                                                          runtime::Term term);

  // Writes the status of a Rollback that a user created. A deleted Rollback is not an error.
  boost::asio::awaitable<Result<void>> request(const api::Rollback& request,
                                               const api::RollbackStatus& status,
                                               runtime::Term term);

  // Writes the status even if it has not changed.
  boost::asio::awaitable<Result<void>> policy(const api::RollbackPolicy& policy,
                                              const api::PolicyStatus& status, runtime::Term term);

 private:
  // Creates the DeploymentGuard, or reads it if it exists already.
  boost::asio::awaitable<Result<api::DeploymentGuard>> create_guard(
      const api::Deployment& deployment, runtime::Term term);
  // Sets `written.uid`, `written.owner` and `written.version`. The DeploymentGuard is created if it
  // does not exist, and adopted if another Deployment owns it.
  boost::asio::awaitable<Result<void>> own_guard(const api::Deployment& deployment,
                                                 guard::GuardWritten& written, runtime::Term term);

  runtime::Gateway& gateway_;
};

}  // namespace lastgood::shell
