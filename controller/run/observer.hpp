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

// What the present template is and where it came from, as a live read of the Deployment shows it.
struct TemplateSight {
  std::vector<api::ReplicaSet> sets = {};  // the Deployment's own; the current one is marked by comparing templates
  std::optional<api::Author> author = {};
  std::string problem;  // what cannot be understood of the template's annotations; empty: nothing
};

class Observer {
 public:
  Observer(Gateway& gateway, ports::Clock& clock, const Stores& stores) : gateway_(gateway), clock_(clock), stores_(stores) {}

  // Which policy governs; reads the ConfigMap that it needs for that, if any.
  boost::asio::awaitable<decide::Guarding> guarding(const api::Deployment& deployment, std::optional<ReadConfigMap>& remembered);

  // Nothing where the watch is behind the live read: what is current then says nothing about the Deployment we know.
  boost::asio::awaitable<Result<std::optional<TemplateSight>>> template_sight(const api::Deployment& deployment);

  // The pods of one revision.
  boost::asio::awaitable<Result<std::vector<api::Pod>>> pods(const api::Deployment& deployment, const api::Revision& revision);

  boost::asio::awaitable<Result<api::Service>> service(const Key& key);

 private:
  Gateway& gateway_;
  ports::Clock& clock_;
  const Stores& stores_;
};

}  // namespace lastgood::run
