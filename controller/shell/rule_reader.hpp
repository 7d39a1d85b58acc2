// Reads PrometheusRules. Many Deployments read the same one, so each read is cached for a short
// time. Private to shell/.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "codec/prometheus_rule.hpp"
#include "ports/clock.hpp"
#include "runtime/gateway.hpp"

namespace lastgood::shell {

// How long a read is cached. A change of a PrometheusRule has its effect after at most this time.
inline constexpr Duration rule_lifetime{5'000};

class RuleReader {
 public:
  using Rules = Result<std::vector<codec::PrometheusRuleEntry>>;

  RuleReader(runtime::Gateway& gateway, ports::Clock& clock) : gateway_(gateway), clock_(clock) {}

  // The rules of the PrometheusRule. Never null.
  boost::asio::awaitable<std::shared_ptr<const Rules>> read(const Key& key);

 private:
  struct CachedRules {
    std::shared_ptr<const Rules> rules;
    MonotonicTime expires;
  };

  runtime::Gateway& gateway_;
  ports::Clock& clock_;
  std::map<Key, CachedRules> cache_;
};

}  // namespace lastgood::shell
