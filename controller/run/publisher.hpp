// Writes what is remembered where people can read it: the guard's status, the Rollback's, Events. Writes what changed, no more.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "decide/world.hpp"
#include "ports/clock.hpp"
#include "run/gateway.hpp"
#include "run/memory.hpp"

namespace lastgood::run {

class Publisher {
 public:
  Publisher(Gateway& gateway, ports::Clock& clock, std::string identity)
      : gateway_(gateway), clock_(clock), identity_(std::move(identity)) {}

  boost::asio::awaitable<Result<void>> guard(const api::Deployment& deployment, Memory& memory, Term term);
  boost::asio::awaitable<Result<void>> rollback(Memory& memory, Term term);
  boost::asio::awaitable<Result<void>> request(const api::Rollback& request, const api::RollbackStatus& status, Term term);
  boost::asio::awaitable<Result<void>> policy(const api::RollbackPolicy& policy, const api::PolicyStatus& status, Term term);

  // An Event that cannot be written is logged and forgotten: it never holds up a decision.
  boost::asio::awaitable<void> facts(const api::Deployment& deployment, const std::vector<decide::Fact>& facts, Memory& memory,
                                     Term term);

 private:
  boost::asio::awaitable<Result<void>> make_guard(const api::Deployment& deployment, Memory& memory, Term term);
  boost::asio::awaitable<void> event(const api::Deployment& deployment, const decide::Fact& fact, Memory& memory, Term term);

  Gateway& gateway_;
  ports::Clock& clock_;
  std::string identity_;
};

}  // namespace lastgood::run
