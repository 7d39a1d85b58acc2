// One look at one Deployment: gather, decide, at most one act, and then what people can read. Only the order of things.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "ports/clock.hpp"
#include "ports/kube_api.hpp"
#include "ports/prober.hpp"
#include "ports/telemetry.hpp"
#include "run/executor.hpp"
#include "run/gateway.hpp"
#include "run/leadership.hpp"
#include "run/memory.hpp"
#include "run/observer.hpp"
#include "run/publisher.hpp"
#include "run/sampler.hpp"
#include "run/stores.hpp"

namespace lastgood::run {

struct Ports {
  ports::Clock& clock;
  ports::KubeApi& kube;
  ports::Prober& prober;
  ports::Telemetry& telemetry;
};

class Reconciler {
 public:
  // `wake` is called with a key that should be looked at again at once.
  Reconciler(Ports ports, const Stores& stores, const Leadership& leadership, TaskGroup& tasks, std::string identity,
             std::function<void(const Key&)> wake);

  // When to look again, if nothing happens before. An error asks for a back-off.
  boost::asio::awaitable<Result<std::optional<Steady>>> reconcile(Key key);

  // A new term begins with what the server has, not with what an earlier term remembered.
  void forget_all();

  // The guard of that uid was deleted by somebody: what it remembered is to be forgotten.
  void guard_deleted(const Key& key, const Uid& uid);

  // How many Deployments each policy governs: by "namespace/RollbackPolicy/name".
  [[nodiscard]] std::int64_t guarded_by(const std::string& namespace_, const std::string& policy) const;
  [[nodiscard]] std::size_t guarded() const;

 private:
  using Seen = std::shared_ptr<const api::Deployment>;

  boost::asio::awaitable<Result<std::optional<Steady>>> look(Seen deployment, std::shared_ptr<Memory> memory, Term term);
  boost::asio::awaitable<Result<decide::World>> gather(Seen deployment, Memory& memory);
  boost::asio::awaitable<Result<void>> publish(const api::Deployment& deployment, const decide::Decision& decision,
                                               Memory& memory, Term term);
  std::shared_ptr<Memory> remember(const api::Deployment& deployment);
  void deliver(const Key& key, const Uid& uid, const std::string& check, std::optional<InboxSample> sample);

  Ports ports_;
  const Stores& stores_;
  const Leadership& leadership_;
  std::function<void(const Key&)> wake_;
  Gateway gateway_;
  Observer observer_;
  Sampler sampler_;
  Executor executor_;
  Publisher publisher_;
  std::map<Key, std::shared_ptr<Memory>> memories_;
};

}  // namespace lastgood::run
