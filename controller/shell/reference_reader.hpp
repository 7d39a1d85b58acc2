// Checks whether the objects to which a pod template refers exist. All Deployments share the cache
// of the reads.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/workload.hpp"
#include "ports/clock.hpp"
#include "rollback/preflight.hpp"
#include "runtime/gateway.hpp"

namespace lastgood::shell {

class ReferenceReader {
 public:
  // If `may_read_secrets` is false, no Secret is read: the server would reject each read, and the
  // rejections would fill the audit log.
  ReferenceReader(runtime::Gateway& gateway, ports::Clock& clock, bool may_read_secrets)
      : gateway_(gateway), clock_(clock), may_read_secrets_(may_read_secrets) {}

  boost::asio::awaitable<rollback::ReferenceStatus> read(const std::string& namespace_,
                                                         const rollback::Reference& reference);

  // The required objects of the present template that do not exist, for example "ConfigMap web".
  // Empty if the live Deployment cannot be read, or has another generation than `deployment`.
  boost::asio::awaitable<std::vector<std::string>> missing(const api::Deployment& deployment);

 private:
  struct CachedRead {
    rollback::ReferenceStatus result;
    MonotonicTime expires;
    MonotonicTime first_missing;  // since when the object has been missing; only if it is
  };
  using CacheKey = std::pair<std::string, rollback::Reference>;  // namespace and reference
  // The required references of the template of a Deployment at a generation.
  struct TemplateReferences {
    std::int64_t generation = 0;
    std::vector<rollback::Reference> references;
    MonotonicTime expires;
  };

  boost::asio::awaitable<std::vector<rollback::Reference>> references_of(
      const api::Deployment& deployment);
  void drop_expired();

  runtime::Gateway& gateway_;
  ports::Clock& clock_;
  bool may_read_secrets_;
  std::map<CacheKey, CachedRead> cache_;
  std::map<Uid, TemplateReferences> templates_;
};

}  // namespace lastgood::shell
