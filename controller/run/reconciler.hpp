// One look at one Deployment: gather, decide, at most one act, and then what people can read. Only the order of things.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "decide/breaker.hpp"
#include "ports/clock.hpp"
#include "ports/kube_api.hpp"
#include "ports/prober.hpp"
#include "ports/telemetry.hpp"
#include "run/executor.hpp"
#include "run/gateway.hpp"
#include "run/leadership.hpp"
#include "run/memory.hpp"
#include "run/observer.hpp"
#include "run/preflighter.hpp"
#include "run/publisher.hpp"
#include "run/requests.hpp"
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
  struct Options {
    std::string identity;  // in Events
    decide::BreakerSettings breaker = {};
    bool read_secrets = false;  // whether we may look for Secrets
    std::function<decide::Closing()> breaker_closed;
    std::function<void(const Key&)> wake;  // called with a key that should be looked at again at once
  };
  Reconciler(Ports ports, const Stores& stores, const Leadership& leadership, TaskGroup& tasks, Options options);

  // When to look again, if nothing happens before. An error asks for a back-off.
  boost::asio::awaitable<Result<std::optional<Steady>>> reconcile(Key key);

  // A new term begins with what the server has, not with what an earlier term remembered.
  void forget_all();

  // The guard of that uid was deleted by somebody: what it remembered is to be forgotten.
  void guard_deleted(const Key& key, const Uid& uid);

  // A person took the freeze of that guard away.
  void freeze_removed(const Key& key, const Uid& uid);

  // The watch shows a Rollback anew: asked for by a person, or approved.
  void rollback_seen(const api::Rollback& rollback);
  void rollback_deleted(const api::Rollback& rollback);

  // How many Deployments each policy governs: by "namespace/RollbackPolicy/name".
  [[nodiscard]] std::int64_t guarded_by(const std::string& namespace_, const std::string& policy) const;
  [[nodiscard]] std::size_t guarded() const;

 private:
  using Seen = std::shared_ptr<const api::Deployment>;

  boost::asio::awaitable<Result<std::optional<Steady>>> look(Seen deployment, std::shared_ptr<Memory> memory, Term term);
  boost::asio::awaitable<Result<decide::World>> gather(Seen deployment, Memory& memory, Term term);
  // What the other Deployments and people's Rollbacks say; nothing is read for it.
  void look_around(const api::Deployment& deployment, decide::World& world);
  boost::asio::awaitable<Result<std::optional<Steady>>> refuse_request(Key key, bool exists, Term term);
  void wake_group(const Key& key, const std::string& group);
  boost::asio::awaitable<Result<void>> publish(const decide::World& world, const decide::Decision& decision, Memory& memory,
                                               Term term);
  std::shared_ptr<Memory> remember(const api::Deployment& deployment);
  void deliver(const Key& key, const Uid& uid, const std::string& check, std::optional<InboxSample> sample);

  Ports ports_;
  const Stores& stores_;
  const Leadership& leadership_;
  Options options_;
  Gateway gateway_;
  Observer observer_;
  Sampler sampler_;
  Preflighter preflighter_;
  Executor executor_;
  Publisher publisher_;
  Requests requests_;
  Memories memories_;
  std::optional<Time> above_;  // when the breaker was last above its limits, in this term
};

}  // namespace lastgood::run
