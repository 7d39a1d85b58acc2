// Finds out whether a rollback would work now: asks what rollback/preflight says is to be asked.
// Judges nothing.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>
#include <utility>

#include "api/preflight.hpp"
#include "api/workload.hpp"
#include "ports/clock.hpp"
#include "rollback/preflight.hpp"
#include "runtime/gateway.hpp"

namespace lastgood::shell {

class PreflightRunner {
 public:
  // Secrets are looked for only where the admin lets us: a question that is always refused would
  // fill the audit log.
  PreflightRunner(runtime::Gateway& gateway, ports::Clock& clock, bool may_read_secrets)
      : gateway_(gateway), clock_(clock), may_read_secrets_(may_read_secrets) {}

  // The dry run is a write to the server, although it changes nothing: it needs the lead.
  boost::asio::awaitable<api::Preflight> check(const api::Deployment& deployment,
                                               const api::Revision& target, runtime::Term term);

 private:
  struct Remembered {
    rollback::Looked looked;
    MonotonicTime until;
  };
  using Place = std::pair<std::string, rollback::Reference>;  // with its namespace

  boost::asio::awaitable<rollback::Looked> look(const std::string& namespace_,
                                                const rollback::Reference& reference);
  void forget_what_is_old();

  runtime::Gateway& gateway_;
  ports::Clock& clock_;
  bool may_read_secrets_;
  std::map<Place, Remembered> remembered_;  // Deployments that name the same object ask for it once
};

}  // namespace lastgood::shell
