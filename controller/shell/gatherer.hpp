// Reads what a plan needs and the watches do not keep. Gathers; judges nothing.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <vector>

#include "api/workload.hpp"
#include "guard/guard_state.hpp"
#include "guard/inputs.hpp"
#include "kube/stores.hpp"
#include "ports/clock.hpp"
#include "runtime/gateway.hpp"

namespace lastgood::shell {

// A ConfigMap is not watched: what was read is believed this long.
inline constexpr Duration config_map_lifetime{10'000};

class Gatherer {
 public:
  Gatherer(runtime::Gateway& gateway, ports::Clock& clock, const kube::Stores& stores)
      : gateway_(gateway), clock_(clock), stores_(stores) {}

  // Which policy governs; reads the ConfigMap that it needs for that, if any.
  boost::asio::awaitable<policy::EffectivePolicy> policy(
      const api::Deployment& deployment, std::optional<policy::ReadConfigMap>& remembered);

  // Nothing where the watch is behind the live read: what is current then says nothing about the
  // Deployment we know.
  boost::asio::awaitable<Result<std::optional<guard::TemplateSight>>> template_sight(
      const api::Deployment& deployment);

  // The pods of one revision.
  boost::asio::awaitable<Result<std::vector<api::Pod>>> pods(const api::Deployment& deployment,
                                                             const api::Revision& revision);

  boost::asio::awaitable<Result<api::Service>> service(const Key& key);

 private:
  runtime::Gateway& gateway_;
  ports::Clock& clock_;
  const kube::Stores& stores_;
};

}  // namespace lastgood::shell
