// Writes what is remembered where people can read it: the guard's status, the Rollback's, Events. Writes what changed, no more.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "guard/inputs.hpp"
#include "ports/clock.hpp"
#include "runtime/gateway.hpp"
#include "guard/guard_state.hpp"

namespace lastgood::shell {

class Publisher {
 public:
  Publisher(runtime::Gateway& gateway, ports::Clock& clock, std::string identity)
      : gateway_(gateway), clock_(clock), identity_(std::move(identity)) {}

  boost::asio::awaitable<Result<void>> guard(const api::Deployment& deployment, guard::Memory& memory, runtime::Term term);
  boost::asio::awaitable<Result<void>> rollback(guard::Memory& memory, runtime::Term term);
  boost::asio::awaitable<Result<void>> request(const api::Rollback& request, const api::RollbackStatus& status, runtime::Term term);
  boost::asio::awaitable<Result<void>> policy(const api::RollbackPolicy& policy, const api::PolicyStatus& status, runtime::Term term);

  // An Event that cannot be written is logged and forgotten: it never holds up a decision.
  boost::asio::awaitable<void> facts(const api::Deployment& deployment, const std::vector<guard::Fact>& facts, guard::Memory& memory,
                                     runtime::Term term);

 private:
  boost::asio::awaitable<Result<void>> make_guard(const api::Deployment& deployment, guard::Memory& memory, runtime::Term term);
  boost::asio::awaitable<void> event(const api::Deployment& deployment, const guard::Fact& fact, guard::Memory& memory, runtime::Term term);

  runtime::Gateway& gateway_;
  ports::Clock& clock_;
  std::string identity_;
};

}  // namespace lastgood::shell
