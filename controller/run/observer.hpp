// Reads what a decision needs and the watches do not keep. Gathers; judges nothing.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <vector>

#include "api/workload.hpp"
#include "decide/world.hpp"
#include "ports/clock.hpp"
#include "run/gateway.hpp"
#include "run/memory.hpp"
#include "run/stores.hpp"

namespace lastgood::run {

// A ConfigMap is not watched: what was read is believed this long.
inline constexpr Duration config_map_lifetime{10'000};

class Observer {
 public:
  Observer(Gateway& gateway, ports::Clock& clock, const Stores& stores) : gateway_(gateway), clock_(clock), stores_(stores) {}

  // Which policy governs; reads the ConfigMap that it needs for that, if any.
  boost::asio::awaitable<decide::Guarding> guarding(const api::Deployment& deployment, std::optional<ReadConfigMap>& remembered);

  // The Deployment's own ReplicaSets, the current one marked by comparing templates with a live read of the Deployment.
  // Nothing where the watch is behind that read: what is current then says nothing about the Deployment we know.
  boost::asio::awaitable<Result<std::optional<std::vector<api::ReplicaSet>>>> replica_sets(const api::Deployment& deployment);

  // The pods of one revision.
  boost::asio::awaitable<Result<std::vector<api::Pod>>> pods(const api::Deployment& deployment, const api::Revision& revision);

  boost::asio::awaitable<Result<api::Service>> service(const Key& key);

 private:
  Gateway& gateway_;
  ports::Clock& clock_;
  const Stores& stores_;
};

}  // namespace lastgood::run
