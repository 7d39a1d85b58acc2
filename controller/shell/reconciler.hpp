// One look at one Deployment: gather, decide, at most one action, and then what people can read.
// Only the order of things.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "guard/breaker.hpp"
#include "guard/guard_state.hpp"
#include "guard/request_index.hpp"
#include "kube/stores.hpp"
#include "ports/clock.hpp"
#include "ports/kube_api.hpp"
#include "ports/prober.hpp"
#include "ports/telemetry.hpp"
#include "runtime/gateway.hpp"
#include "runtime/leadership.hpp"
#include "shell/check_runner.hpp"
#include "shell/event_recorder.hpp"
#include "shell/executor.hpp"
#include "shell/gatherer.hpp"
#include "shell/preflight_runner.hpp"
#include "shell/status_writer.hpp"

namespace lastgood::shell {

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
    guard::BreakerSettings breaker = {};
    bool read_secrets = false;  // whether we may look for Secrets
    std::function<guard::BreakerOverride()> breaker_override;
    std::function<void(const Key&)>
        requeue_at;  // called with a key that should be looked at again at once
  };
  Reconciler(Ports ports, const kube::Stores& stores, const runtime::Leadership& leadership,
             runtime::TaskGroup& tasks, Options options);

  // When to look again, if nothing happens before. An error asks for a back-off.
  boost::asio::awaitable<Result<std::optional<MonotonicTime>>> reconcile(Key key);

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
  [[nodiscard]] std::int64_t guarded_by(const std::string& namespace_,
                                        const std::string& policy) const;
  [[nodiscard]] std::size_t guarded() const;

 private:
  using Seen = std::shared_ptr<const api::Deployment>;

  boost::asio::awaitable<Result<std::optional<MonotonicTime>>> look(
      Seen deployment, std::shared_ptr<guard::GuardState> state, runtime::Term term);
  boost::asio::awaitable<Result<guard::Inputs>> gather(Seen deployment, guard::GuardState& state,
                                                       runtime::Term term);
  // What the other Deployments and people's Rollbacks say; nothing is read for it.
  void look_around(const api::Deployment& deployment, guard::Inputs& inputs);
  boost::asio::awaitable<Result<std::optional<MonotonicTime>>> refuse_request(Key key, bool exists,
                                                                              runtime::Term term);
  void wake_group(const Key& key, const std::string& group);
  boost::asio::awaitable<Result<void>> publish(const guard::Inputs& inputs, const guard::Plan& plan,
                                               guard::GuardState& state, runtime::Term term);
  std::shared_ptr<guard::GuardState> remember(const api::Deployment& deployment);
  void deliver(const Key& key, const Uid& uid, const std::string& check,
               std::optional<guard::InboxMeasurement> measurement);

  Ports ports_;
  const kube::Stores& stores_;
  const runtime::Leadership& leadership_;
  Options options_;
  runtime::Gateway gateway_;
  Gatherer gatherer_;
  CheckRunner check_runner_;
  PreflightRunner preflight_runner_;
  Executor executor_;
  StatusWriter status_writer_;
  EventRecorder event_recorder_;
  guard::RequestIndex requests_;
  guard::GuardStates states_;
  std::optional<Time> above_;  // when the breaker was last above its limits, in this term
};

}  // namespace lastgood::shell
