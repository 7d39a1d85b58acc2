#include "shell/rule_reader.hpp"

#include "kube/paths.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;

asio::awaitable<std::shared_ptr<const RuleReader::Rules>> RuleReader::read(const Key& key) {
  const MonotonicTime now = clock_.monotonic_now();
  std::erase_if(cache_, [&](const auto& entry) { return entry.second.expires <= now; });
  if (const auto found = cache_.find(key); found != cache_.end()) co_return found->second.rules;
  const auto object = co_await gateway_.read(kube::get(kube::Resource::PrometheusRule, key));
  auto rules = std::make_shared<const Rules>(object ? codec::parse_prometheus_rule(*object)
                                                    : std::unexpected(object.error()));
  cache_[key] = {.rules = rules, .expires = clock_.monotonic_now() + rule_lifetime};
  co_return rules;
}

}  // namespace lastgood::shell
