// Reconciles one Deployment: gathers the inputs, decides, executes at most one action, and
// publishes status and Events. This class only has the order of the calls. The rules are in guard/.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guard/guard.hpp"
#include "guard/state.hpp"
#include "kube/stores.hpp"
#include "kube/work_queue.hpp"
#include "ports/clock.hpp"
#include "ports/files.hpp"
#include "ports/http_client.hpp"
#include "ports/kube_api.hpp"
#include "ports/prober.hpp"
#include "ports/telemetry.hpp"
#include "runtime/gateway.hpp"
#include "runtime/leadership.hpp"
#include "shell/alert_receiver.hpp"
#include "shell/check_runner.hpp"
#include "shell/event_recorder.hpp"
#include "shell/executor.hpp"
#include "shell/gatherer.hpp"
#include "shell/metrics_runner.hpp"
#include "shell/metrics_sender.hpp"
#include "shell/pod_metrics_runner.hpp"
#include "shell/pod_view.hpp"
#include "shell/preflight_runner.hpp"
#include "shell/status_writer.hpp"

namespace lastgood::shell {

struct Ports {
  ports::Clock& clock;
  ports::KubeApi& kube;
  ports::Prober& prober;
  ports::HttpClient& http;
  ports::Files& files;
  ports::Telemetry& telemetry;
};

class Reconciler {
 public:
  struct Options {
    std::string identity;  // the reportingInstance of Events
    guard::FleetSettings fleet = {};
    bool read_secrets = false;  // true if the controller may get Secrets
    MetricsSettings metrics = {};
    std::function<guard::BreakerOverride()> breaker_override;
    std::function<void(const Key&, kube::Priority)> enqueue;  // reconciles the key soon
    // Put an object that was read from the server into the stores, which may lag behind.
    std::function<void(api::DeploymentGuard)> store_guard;
    std::function<void(api::Rollback)> store_rollback;
    std::function<bool()> is_stopping;  // true once the controller stops
  };
  Reconciler(Ports ports, const kube::Stores& stores, PodView& pod_view,
             const runtime::Leadership& leadership, runtime::TaskGroup& tasks, Options options);

  // Returns the time at which the key is requeued, or nothing if only an event requeues the key.
  // After an error the key is requeued with backoff.
  boost::asio::awaitable<Result<std::optional<MonotonicTime>>> reconcile(Key key);

  // Drops all state, so that the next reconciles load it again. Call it when a term starts or ends.
  void forget_all();
  // The same at the start of a term, when the guards have been read.
  void begin_term();

  // The watch reports a change. `after`: null if the Deployment is gone.
  void on_deployment(const Key& key, const api::Deployment* after) {
    states_.on_deployment(key, after);
  }
  void on_guard(const api::DeploymentGuard& guard) { states_.share_stored(guard); }

  // A user deleted the DeploymentGuard: drops its state.
  void on_guard_deleted(const Key& key, const Uid& uid);

  // A user removed the freeze from the status of the DeploymentGuard.
  void on_freeze_removed(const Key& key, const Uid& uid);

  // The watch shows a new or changed Rollback, for example a request or an approval of a user.
  void on_rollback(const api::Rollback& rollback);
  void on_rollback_deleted(const api::Rollback& rollback);

  // Objects that cannot be read were added to the stores, removed or changed. Logs the new ones,
  // and counts all.
  void update_unreadable();

  // A pod or the rollout of the Deployment has changed: runs the rollout check soon.
  void on_rollout(const Key& key);

  // Alerts of Alertmanager: see AlertReceiver::store().
  boost::asio::awaitable<Result<void>> store_alerts(std::vector<api::ReceivedAlert> alerts) {
    return alert_receiver_.store(std::move(alerts));
  }

  // The Deployments to which no policy applies because several select them.
  [[nodiscard]] std::vector<std::shared_ptr<const api::Deployment>> with_policy_conflict() const;

  // The number of Deployments that the policy guards. `policy` is a text such as
  // "RollbackPolicy/web".
  [[nodiscard]] std::int64_t count_guarded_by(const std::string& namespace_,
                                              const std::string& policy) const;
  [[nodiscard]] std::size_t count_guarded() const;

  // The checks and the validation of policies share its caches.
  [[nodiscard]] MetricsSender& metrics_sender() { return metrics_sender_; }

 private:
  using DeploymentPtr = std::shared_ptr<const api::Deployment>;

  using StatePtr = std::shared_ptr<const guard::GuardState>;

  boost::asio::awaitable<Result<std::optional<MonotonicTime>>> reconcile_deployment(
      DeploymentPtr deployment, StatePtr state, runtime::Term term);
  // Drops the state of the Deployment, and emits one Event that says why. Writes nothing else.
  boost::asio::awaitable<Result<std::optional<MonotonicTime>>> leave_alone(
      DeploymentPtr deployment, guard::UnreadableObject because_of, runtime::Term term);
  boost::asio::awaitable<Result<guard::Inputs>> gather(DeploymentPtr deployment, StatePtr state,
                                                       runtime::Term term);
  void start_due_checks(const DeploymentPtr& deployment, const guard::GuardState& state,
                        const policy::EffectivePolicy& policy, const guard::Needs& needs);
  // Sets the inputs that come from the state and from the watches.
  void set_known_inputs(const guard::GuardState& state, guard::Inputs& inputs);
  // Adds the inputs that depend on other Deployments: the Rollback that initiated a group rollback,
  // the breaker, and the failures of other Deployments. set_known_inputs() has set the group. Makes
  // no API calls.
  void gather_fleet(guard::Inputs& inputs);
  // Rejects the oldest manual Rollback of a Deployment that does not exist or is not guarded.
  boost::asio::awaitable<Result<std::optional<MonotonicTime>>> reject_request(Key key, bool exists,
                                                                              runtime::Term term);
  // Enqueues the other members of the group.
  void enqueue(const Key& key) { options_.enqueue(key, kube::Priority::Normal); }
  void enqueue_group(const Key& key, const std::string& group);
  // Executes the action, and then publishes. In this order, the template is restored sooner.
  // Returns the first error.
  boost::asio::awaitable<Result<void>> execute_and_publish(const guard::Inputs& inputs,
                                                           const guard::Plan& plan, StatePtr state,
                                                           runtime::Term term);
  // Writes the Events, and then the statuses. Only the status of a Rollback that is not finished
  // comes before the Events, so that a restored template is recorded even if the Events are slow.
  boost::asio::awaitable<Result<void>> publish(const guard::Inputs& inputs, const guard::Plan& plan,
                                               std::vector<guard::EventRecord> events,
                                               const guard::GuardState& state, runtime::Term term);
  boost::asio::awaitable<Result<void>> garbage_collect(const api::Deployment& deployment,
                                                       const guard::GuardState& state,
                                                       runtime::Term term);
  // Another writer has changed the status of the guard or of a Rollback: the next reconcile loads
  // the state from the stores.
  void load_again(const Key& key);
  // Appends to the inbox of the Deployment, and enqueues its key if that needs a reconcile.
  void post(const Key& key, guard::InboxEntry entry);

  Ports ports_;
  const kube::Stores& stores_;
  PodView& pod_view_;
  const runtime::Leadership& leadership_;
  Options options_;
  runtime::Gateway gateway_;
  runtime::Gateway rollback_gateway_;
  runtime::Gateway event_gateway_;
  Gatherer gatherer_;
  ReferenceReader references_;
  MetricsSender metrics_sender_;
  MetricsRunner metrics_runner_;
  PodMetricsRunner pod_metrics_runner_;
  CheckRunner check_runner_;
  PreflightRunner preflight_runner_;
  Executor executor_;
  StatusWriter status_writer_;
  EventRecorder event_recorder_;
  guard::UnreadableObjects unreadable_;
  std::map<Key, guard::UnreadableObject> left_alone_;  // Deployments with an Event in this term
  guard::RequestIndex requests_;
  guard::GuardStates states_;
  guard::FleetMemory fleet_memory_;
  AlertReceiver alert_receiver_;
};

}  // namespace lastgood::shell
