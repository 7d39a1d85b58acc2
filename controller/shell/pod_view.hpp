// The pods of the Deployments that are not Idle: performs the watches and lists that
// guard::PodSync asks for, and stores the pods. A scope is one watched namespace, or all
// namespaces. A hash is the value of the label pod-template-hash.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "guard/guard.hpp"
#include "kube/object_store.hpp"
#include "kube/watch_machine.hpp"
#include "ports/clock.hpp"
#include "ports/kube_api.hpp"
#include "ports/telemetry.hpp"
#include "runtime/selective_reflector.hpp"
#include "runtime/signal.hpp"
#include "runtime/task_group.hpp"

namespace lastgood::shell {

class PodView {
 public:
  // Called when a pod of the Deployment has changed, or when its pods are in sync again.
  using OnChange = std::function<void(const Key& deployment)>;

  // The watches and lists run in `tasks`.
  PodView(const boost::asio::any_io_executor& executor, ports::KubeApi& kube, ports::Clock& clock,
          ports::Telemetry& telemetry, runtime::TaskGroup& tasks, kube::RandomSource random_source,
          OnChange on_change);
  PodView(const PodView&) = delete;
  PodView& operator=(const PodView&) = delete;

  // Call it before start(), once for each watched namespace; empty: all namespaces.
  Result<void> add_scope(const std::string& namespace_);
  void start();

  // Empty: the pods of the Deployment are not wanted any more.
  void want(const Key& deployment, const std::optional<guard::PodsWanted>& wanted);
  void clear();

  // The pods of the revision. Fails with TimedOut while they are not in sync. Empty: they are not
  // watched, so the caller must list them.
  [[nodiscard]] std::optional<Result<std::vector<api::Pod>>> pods(
      const Key& deployment, const api::Revision& revision) const;

  // The pods have not been in sync for longer than usual after a release.
  [[nodiscard]] bool is_late(const Key& deployment) const;

  // The pods of each revision, from one list that is not older than this call.
  boost::asio::awaitable<Result<std::vector<std::vector<api::Pod>>>> live_pods(
      Key deployment, std::vector<api::Revision> revisions) const;

 private:
  using PodPtr = std::shared_ptr<const api::Pod>;
  struct NamespaceAndHash {
    std::string namespace_;
    TemplateHash hash;
    auto operator<=>(const NamespaceAndHash&) const = default;
  };
  // One of the watches of a scope. The second and the third watch are idle unless many hashes are
  // wanted.
  struct Watch {
    std::string namespace_;  // of the scope; empty: all namespaces
    kube::ObjectStore<api::Pod> store;
    std::map<NamespaceAndHash, std::map<Key, PodPtr>> by_hash;  // the pods of `store`
    std::map<Key, std::vector<api::Pod>> listed;                // by Deployment: the last list
    // The pods deleted since the first of the running lists began: a list may still return them.
    std::set<Uid> deleted;
    int running_lists = 0;
    guard::PodSync sync;
    std::optional<runtime::SelectiveReflector<api::Pod>> reflector;
  };

  // Removes the pods with this hash, which the watch no longer reports.
  void purge(Watch& watch, const TemplateHash& hash);
  [[nodiscard]] static NamespaceAndHash group_of(const api::Pod& pod);
  void add_watch(const kube::WatchTarget& target);
  // The watch that the Deployment has joined. Null: none.
  [[nodiscard]] Watch* watch_of(const Key& deployment) const;
  // Chooses a watch for the Deployment. Null: no scope covers its namespace.
  Watch* join(const guard::PodsWanted& wanted);
  // The watches of the scope that covers the namespace. Empty: there is no such scope.
  [[nodiscard]] std::vector<Watch*> watches_of(const std::string& namespace_);
  // Gives the watch the selector that its PodSync wants, and wakes start_due_lists().
  void select(Watch& watch);
  // Passes the state of the watch to its PodSync, and purges the hashes that have left the watch.
  void observe(Watch& watch);
  void on_deltas(Watch& watch, const kube::Deltas<api::Pod>& deltas);
  boost::asio::awaitable<void> start_due_lists();
  boost::asio::awaitable<void> list(Watch& watch, guard::PodList list);
  // Returns whether the pods differ from those of the list before.
  static bool replace_listed(Watch& watch, const Key& deployment, std::vector<api::Pod> pods);
  // Empty `not_older_than`: the newest pods.
  boost::asio::awaitable<Result<std::vector<api::Pod>>> read_pages(
      std::string namespace_, std::string label_selector, ResourceVersion not_older_than) const;

  boost::asio::any_io_executor executor_;
  ports::KubeApi& kube_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
  runtime::TaskGroup& tasks_;
  kube::RandomSource random_source_;
  OnChange on_change_;
  runtime::Signal lists_may_be_due_;
  std::list<Watch> watches_;
  std::map<Key, Watch*> joined_;  // by Deployment
};

}  // namespace lastgood::shell
