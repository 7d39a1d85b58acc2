// Starts and stops the parts of the controller:
// - Start: the watches and the leader election. The first reconcile starts when all watches are
//   synced, this replica is the leader, and the state of the term is loaded.
// - Stop, one after the other: the start of new reconciles, the checks, the running reconciles, the
//   watches, the leader election. At the end the Lease is released.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guard/guard.hpp"
#include "kube/lease_machine.hpp"
#include "kube/paths.hpp"
#include "kube/stores.hpp"
#include "runtime/dispatcher.hpp"
#include "runtime/leader_elector.hpp"
#include "runtime/reflector.hpp"
#include "runtime/signal.hpp"
#include "runtime/task_group.hpp"
#include "shell/pod_view.hpp"
#include "shell/policy_reporter.hpp"
#include "shell/reconciler.hpp"

namespace lastgood::shell {

struct Settings {
  std::vector<std::string> namespaces = {};  // empty: all
  kube::LeaseSettings lease = {};
  std::string identity;              // the reportingInstance of Events
  kube::RandomSource random_source;  // for jitter
  guard::FleetSettings fleet = {};
  bool read_secrets = false;  // true if the controller may get Secrets
  MetricsSettings metrics = {};
};

class Manager {
 public:
  // BadInput if the settings are invalid.
  [[nodiscard]] static Result<std::unique_ptr<Manager>> create(
      const boost::asio::any_io_executor& executor, Ports ports, Settings settings);

  // Runs until stop(), then stops all parts and returns within 2 s. If a task of `services_` fails,
  // stops in the same way and throws std::runtime_error.
  boost::asio::awaitable<void> run();
  void stop();

  // Stores a message of Alertmanager's webhook. Returns when the API server has its alerts. Errors:
  //   BadInput, TooLarge   not a message of this webhook, see codec/alertmanager_webhook.hpp
  //   any other            the alerts are not stored: this replica does not lead, or the API server
  //                        fails
  boost::asio::awaitable<Result<void>> receive_alerts(std::string message);

  // True when all policies, DeploymentGuards, Rollbacks and Deployments have been listed once. Pods
  // do not count: they are watched only while a Deployment is not Idle.
  [[nodiscard]] bool ready() const;
  // Why the readiness probe fails. Empty: it passes. It also fails if this replica has led for 60 s
  // without the state of its term: then it does nothing.
  [[nodiscard]] std::optional<std::string> not_ready() const;
  [[nodiscard]] const kube::Stores& stores() const { return stores_; }
  [[nodiscard]] const runtime::Leadership& leadership() const { return elector_; }

 private:
  Manager(const boost::asio::any_io_executor& executor, Ports ports, Settings settings,
          kube::LeaseMachine machine);

  Result<void> watch_namespace(const std::string& namespace_);
  template <class T>
  Result<void> watch(kube::Resource resource, const std::string& namespace_,
                     kube::ObjectStore<T>& store, std::list<runtime::Reflector<T>>& reflectors,
                     void (Manager::*on_deltas)(const kube::Deltas<T>&));
  void start();
  boost::asio::awaitable<void> stop_in_order();
  // The objects that are read when the state is loaded.
  enum class Reload : std::uint8_t {
    Changed,  // those whose version differs from the one in memory
    All,      // also the others: after a restore of etcd, an object may have an old version again
  };
  // Loads the state at the start of a term. Reads the guards and Rollbacks from the server, because
  // a watch may lag. Does not read the policies: before each rollback, the executor reads the
  // RollbackPolicy of the Deployment. Ends without an effect if load_state() is called meanwhile.
  boost::asio::awaitable<void> begin_term(runtime::Term term, int load, Reload reload);
  // False if the list failed or the term is over.
  template <class T>
  boost::asio::awaitable<bool> read_all(kube::Resource resource, kube::ObjectStore<T>& store,
                                        runtime::Term term, Reload reload);
  void on_term(runtime::Term term);
  // A watch has found that etcd was restored from a backup. The states of the Deployments contain
  // events that are not in the backup, so they are loaded again.
  void on_rewound();
  // Forgets all states, and loads them again if this replica leads.
  void load_state(runtime::Term term, Reload reload);
  // This replica leads, and the state of its term is loaded.
  [[nodiscard]] bool is_term_loaded() const;
  // Does nothing before the state of the term is loaded. Nothing takes keys from the queue of a
  // replica that does not lead, so its queue would grow with each name that ever existed.
  // begin_term() enqueues all keys when the state is loaded.
  void enqueue(const Key& key, kube::Priority priority = kube::Priority::Normal);
  void after_deltas();
  void update_dispatcher_enabled();
  void on_deployments(const kube::Deltas<api::Deployment>& deltas);
  void on_policies(const kube::Deltas<api::RollbackPolicy>& deltas);
  void on_guards(const kube::Deltas<api::DeploymentGuard>& deltas);
  void on_rollbacks(const kube::Deltas<api::Rollback>& deltas);
  // Objects that cannot be read have changed: enqueues the Deployments of their namespaces.
  template <class T>
  void update_unreadable(const kube::Deltas<T>& deltas);
  void enqueue_namespace(const std::string& namespace_);
  void enqueue_all();

  boost::asio::any_io_executor executor_;
  Ports ports_;
  Settings settings_;
  kube::Stores stores_;
  runtime::TaskGroup services_;    // the tasks that run until they are cancelled
  runtime::TaskGroup checks_;      // the checks of all Deployments
  runtime::TaskGroup reconciles_;  // may be in the middle of a write when the manager stops
  runtime::LeaderElector elector_;
  runtime::Dispatcher dispatcher_;
  PodView pod_view_;
  Reconciler reconciler_;
  runtime::Gateway policy_gateway_;
  StatusWriter policy_status_writer_;
  EventRecorder policy_event_recorder_;
  PolicyValidator policy_validator_;
  PolicyReporter policy_reporter_;
  runtime::Signal stop_;
  runtime::Term loaded_term_ = 0;  // the term whose state was read from the server
  int loads_ = 0;                  // calls of load_state()
  MonotonicTime term_began_{};
  bool stopping_ = false;
  bool failed_ = false;
  std::list<runtime::Reflector<api::Deployment>> deployments_;
  std::list<runtime::Reflector<api::RollbackPolicy>> policies_;
  std::list<runtime::Reflector<api::DeploymentGuard>> guards_;
  std::list<runtime::Reflector<api::Rollback>> rollbacks_;
};

}  // namespace lastgood::shell
