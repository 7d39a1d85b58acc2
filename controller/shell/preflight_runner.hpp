// Makes the API calls of a preflight: reads the references of the target template and dry-runs the
// patch. rollback/preflight.hpp chooses the calls and evaluates the responses.
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
  // If `may_read_secrets` is false, no Secret is read: the server would reject each read, and the
  // rejections would fill the audit log.
  PreflightRunner(runtime::Gateway& gateway, ports::Clock& clock, bool may_read_secrets)
      : gateway_(gateway), clock_(clock), may_read_secrets_(may_read_secrets) {}

  // The dry run is not sent if `term` is not the current term, as for a write.
  boost::asio::awaitable<api::Preflight> check(const api::Deployment& deployment,
                                               const api::Revision& target, runtime::Term term);

 private:
  struct CachedRead {
    rollback::ReferenceStatus result;
    MonotonicTime expires;
  };
  using CacheKey = std::pair<std::string, rollback::Reference>;  // namespace and reference

  boost::asio::awaitable<rollback::ReferenceStatus> read_reference(
      const std::string& namespace_, const rollback::Reference& reference);
  void drop_expired();

  runtime::Gateway& gateway_;
  ports::Clock& clock_;
  bool may_read_secrets_;
  std::map<CacheKey, CachedRead> cache_;  // shared by all Deployments
};

}  // namespace lastgood::shell
