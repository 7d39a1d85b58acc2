#include "shell/manager.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <set>
#include <stdexcept>

#include "api/constants.hpp"
#include "base/log.hpp"
#include "codec/alertmanager_webhook.hpp"
#include "guard/state.hpp"
#include "runtime/paged_list.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;

namespace {

// A running reconcile normally ends in milliseconds. A reconcile that waits for a server that hangs
// is cancelled after this time.
constexpr Duration reconcile_stop_timeout{800};

constexpr Duration list_timeout{30'000};  // of each page
// A replica that leads for this time without the state of its term is not ready: it does nothing.
constexpr Duration max_load_time{60'000};
constexpr Duration load_retry_interval{1'000};

}  // namespace

Result<std::unique_ptr<Manager>> Manager::create(const asio::any_io_executor& executor, Ports ports,
                                                 Settings settings) {
  auto machine = kube::LeaseMachine::create(settings.lease);
  if (!machine) return std::unexpected(machine.error());
  std::unique_ptr<Manager> manager(
      new Manager(executor, ports, std::move(settings), std::move(*machine)));
  std::vector<std::string> namespaces = manager->settings_.namespaces;
  if (namespaces.empty()) namespaces.emplace_back();
  for (const std::string& namespace_ : namespaces) {
    if (const auto watched = manager->watch_namespace(namespace_); !watched)
      return std::unexpected(watched.error());
  }
  return manager;
}

Manager::Manager(const asio::any_io_executor& executor, Ports ports, Settings settings,
                 kube::LeaseMachine machine)
    : executor_(executor),
      ports_(ports),
      settings_(std::move(settings)),
      services_(executor,
                [this] {
                  failed_ = true;
                  stop();
                }),
      checks_(executor),
      reconciles_(executor),
      elector_(executor, std::move(machine), ports.kube, ports.clock,
               [this](runtime::Term term) { on_term(term); }),
      dispatcher_(executor, settings_.random_source, ports.clock, ports.telemetry, elector_,
                  reconciles_),
      pod_view_(executor, ports.kube, ports.clock, ports.telemetry, services_,
                settings_.random_source, [this](const Key& key) { reconciler_.on_rollout(key); }),
      reconciler_(ports, stores_, pod_view_, elector_, checks_,
                  {.identity = settings_.identity,
                   .fleet = settings_.fleet,
                   .read_secrets = settings_.read_secrets,
                   .metrics = settings_.metrics,
                   .breaker_override =
                       [this] {
                         return guard::parse_breaker_override(
                             elector_.annotation(api::annotation::close_breaker));
                       },
                   .enqueue = std::bind_front(&Manager::enqueue, this),
                   .store_guard =
                       [this](api::DeploymentGuard guard) {
                         on_guards(stores_.guards.upsert(std::move(guard)));
                       },
                   .store_rollback =
                       [this](api::Rollback rollback) {
                         on_rollbacks(stores_.rollbacks.upsert(std::move(rollback)));
                       },
                   .is_stopping = [this] { return stopping_; }}),
      policy_gateway_(ports.kube, elector_, api::Lane::Background),
      policy_status_writer_(policy_gateway_),
      policy_event_recorder_(policy_gateway_, ports.clock, settings_.identity),
      policy_validator_(checks_, reconciler_.metrics_sender(), ports.clock, stores_, elector_,
                        settings_.metrics.prometheus_address),
      policy_reporter_(policy_status_writer_, policy_event_recorder_, policy_validator_,
                       ports.clock, ports.telemetry, stores_, elector_, reconciler_,
                       [this] { return is_term_loaded() && dispatcher_.is_idle(); }),
      stop_(executor) {
  ports_.telemetry.leader(settings_.lease.lease.name, false);
}

Result<void> Manager::watch_namespace(const std::string& namespace_) {
  using kube::Resource;
  auto ok = watch(Resource::RollbackPolicy, namespace_, stores_.policies, policies_,
                  &Manager::on_policies);
  if (ok)
    ok = watch(Resource::DeploymentGuard, namespace_, stores_.guards, guards_, &Manager::on_guards);
  if (ok)
    ok = watch(Resource::Rollback, namespace_, stores_.rollbacks, rollbacks_,
               &Manager::on_rollbacks);
  if (ok)
    ok = watch(Resource::Deployment, namespace_, stores_.deployments, deployments_,
               &Manager::on_deployments);
  if (ok) ok = pod_view_.add_scope(namespace_);
  return ok;
}

template <class T>
Result<void> Manager::watch(kube::Resource resource, const std::string& namespace_,
                            kube::ObjectStore<T>& store,
                            std::list<runtime::Reflector<T>>& reflectors,
                            void (Manager::*on_deltas)(const kube::Deltas<T>&)) {
  auto collection = kube::collection_path(resource, namespace_);
  if (!collection) return std::unexpected(collection.error());
  kube::WatchTarget target{.collection = std::move(*collection), .namespace_ = namespace_};
  reflectors.emplace_back(
      kube::kind_of(resource), std::move(target), settings_.random_source, ports_.kube,
      ports_.clock, ports_.telemetry, store,
      [this, on_deltas](const kube::Deltas<T>& deltas) { (this->*on_deltas)(deltas); },
      typename runtime::Reflector<T>::OnRemoved{}, [this] { on_rewound(); });
  return {};
}

void Manager::start() {
  for (auto& reflector : policies_) services_.spawn("watch of policies", reflector.run());
  for (auto& reflector : guards_) services_.spawn("watch of guards", reflector.run());
  for (auto& reflector : rollbacks_) services_.spawn("watch of rollbacks", reflector.run());
  for (auto& reflector : deployments_) services_.spawn("watch of Deployments", reflector.run());
  pod_view_.start();
  services_.spawn("lease", elector_.run());
  services_.spawn("watch of the Lease", elector_.watch());
  services_.spawn("dispatcher", dispatcher_.run([this](Key key) {
    return reconciler_.reconcile(std::move(key));
  }));
  services_.spawn("policy validations", policy_validator_.run());
  services_.spawn("policy reports", policy_reporter_.run());
}

asio::awaitable<void> Manager::run() {
  start();
  co_await stop_.wait(ports_.clock);
  co_await stop_in_order();
  if (failed_) throw std::runtime_error("a part of the controller failed; see the log");
}

void Manager::stop() { stop_.raise(); }

asio::awaitable<void> Manager::stop_in_order() {
  stopping_ = true;
  dispatcher_.set_enabled(false);
  checks_.cancel();
  auto ended = asio::co_spawn(executor_, reconciles_.join(), asio::deferred);
  auto timeout = asio::co_spawn(
      executor_, ports_.clock.sleep_until(ports_.clock.monotonic_now() + reconcile_stop_timeout),
      asio::deferred);
  co_await asio::experimental::make_parallel_group(std::move(ended), std::move(timeout))
      .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  reconciles_.cancel();
  services_.cancel();
  co_await reconciles_.join();
  co_await checks_.join();
  co_await services_.join();
  co_await elector_.release();
}

asio::awaitable<Result<void>> Manager::receive_alerts(std::string message) {
  if (!is_term_loaded() || !ready() || stopping_)
    co_return fail(ErrorKind::Cancelled, "this replica does not lead, or is not ready");
  auto parsed = codec::parse_alertmanager_message(message, ports_.clock.now());
  if (!parsed) co_return std::unexpected(parsed.error());
  if (parsed->truncated > 0)
    log::warn("Alertmanager left alerts out of a message; raise max_alerts of the webhook",
              {{"alerts", parsed->truncated}});
  co_return co_await reconciler_.store_alerts(std::move(parsed->alerts));
}

bool Manager::ready() const {
  const auto synced = [](const auto& reflectors) {
    return std::ranges::all_of(reflectors, [](const auto& one) { return one.synced(); });
  };
  return synced(deployments_) && synced(policies_) && synced(guards_) && synced(rollbacks_);
}

std::optional<std::string> Manager::not_ready() const {
  if (!ready()) return "the first list of the watched objects is not complete";
  const bool is_late = elector_.term() != 0 && !is_term_loaded() &&
                       ports_.clock.monotonic_now() - term_began_ > max_load_time;
  if (is_late) return "this replica leads, but cannot list the DeploymentGuards and Rollbacks";
  return std::nullopt;
}

asio::awaitable<void> Manager::begin_term(runtime::Term term, int load, Reload reload) {
  while (elector_.term() == term && load == loads_) {
    const bool guards_read =
        co_await read_all(kube::Resource::DeploymentGuard, stores_.guards, term, reload);
    const bool rollbacks_read =
        guards_read && co_await read_all(kube::Resource::Rollback, stores_.rollbacks, term, reload);
    if (rollbacks_read && elector_.term() == term && load == loads_) {
      loaded_term_ = term;
      reconciler_.begin_term();
      reconciler_.update_unreadable();
      enqueue_all();
      // If read_all() stores a Rollback before the watch has seen it, the watch reports no change
      // later. So pass all Rollbacks to the reconciler here.
      stores_.rollbacks.for_each([&](const auto& rollback) { reconciler_.on_rollback(*rollback); });
      update_dispatcher_enabled();
      co_return;
    }
    co_await ports_.clock.sleep_until(ports_.clock.monotonic_now() + load_retry_interval);
  }
}

template <class T>
asio::awaitable<bool> Manager::read_all(kube::Resource resource, kube::ObjectStore<T>& store,
                                        runtime::Term term, Reload reload) {
  std::vector<std::string> namespaces = settings_.namespaces;
  if (namespaces.empty()) namespaces.emplace_back();
  kube::IsKnown is_known;
  if (reload == Reload::Changed) is_known = std::bind_front(&kube::ObjectStore<T>::has, &store);
  for (const std::string& namespace_ : namespaces) {
    const auto collection = kube::collection_path(resource, namespace_);
    if (!collection) co_return false;
    // Page by page: a second copy of all objects would be the most memory that a leader ever needs.
    std::set<Key> listed;
    ResourceVersion version;
    const auto merge = [&](kube::ListPage<T> page) {
      version = std::move(page.version);
      for (const kube::Unreadable& one : page.unreadable) listed.insert(one.key);
      for (Key& key : page.known) listed.insert(std::move(key));
      if (elector_.term() == term) store.merge_page(std::move(page.items), version, listed);
    };
    const auto read = co_await runtime::read_pages<T>(ports_.kube, *collection, {}, list_timeout,
                                                      merge, is_known);
    if (!read) {
      log::warn("cannot list the objects that a new leader needs first; retrying in 1 s",
                {{"kind", kube::kind_of(resource)}, {"error", read.error()}});
      co_return false;
    }
    if (elector_.term() != term) co_return false;
    store.drop_missing(listed, version, namespace_);
  }
  co_return true;
}

void Manager::on_term(runtime::Term term) {
  ports_.telemetry.leader(settings_.lease.lease.name, term != 0);
  load_state(term, Reload::Changed);
}

void Manager::on_rewound() {
  if (elector_.term() == 0) return;
  log::warn(
      "the API server has older objects than before, as after a restore of etcd; the state of "
      "all Deployments is loaded again");
  load_state(elector_.term(), Reload::All);
}

void Manager::load_state(runtime::Term term, Reload reload) {
  term_began_ = ports_.clock.monotonic_now();
  loaded_term_ = 0;
  reconciler_.forget_all();
  update_dispatcher_enabled();
  if (term != 0) services_.spawn("start of a term", begin_term(term, ++loads_, reload));
}

bool Manager::is_term_loaded() const {
  return loaded_term_ != 0 && loaded_term_ == elector_.term();
}

void Manager::enqueue(const Key& key, kube::Priority priority) {
  if (is_term_loaded()) dispatcher_.add(key, priority);
}

void Manager::after_deltas() { update_dispatcher_enabled(); }

void Manager::update_dispatcher_enabled() {
  dispatcher_.set_enabled(!stopping_ && ready() && is_term_loaded());
}

void Manager::on_deployments(const kube::Deltas<api::Deployment>& deltas) {
  for (const auto& delta : deltas) {
    reconciler_.on_deployment(delta.key(), delta.after.get());
    if (delta.before && delta.after && guard::changes_rollout(*delta.before, *delta.after))
      reconciler_.on_rollout(delta.key());
    enqueue(delta.key());
  }
  after_deltas();
}

void Manager::on_policies(const kube::Deltas<api::RollbackPolicy>& deltas) {
  for (const auto& delta : deltas) {
    const bool same_spec = delta.before && delta.after && delta.before->spec == delta.after->spec &&
                           delta.before->problem == delta.after->problem;
    if (same_spec) continue;
    enqueue_namespace(delta.key().namespace_);
  }
  after_deltas();
}

template <class T>
void Manager::update_unreadable(const kube::Deltas<T>& deltas) {
  bool is_changed = false;
  for (const auto& delta : deltas) {
    if (!guard::concerns_unreadable(delta)) continue;
    is_changed = true;
    enqueue_namespace(delta.key().namespace_);
  }
  if (is_changed) reconciler_.update_unreadable();
}

void Manager::on_guards(const kube::Deltas<api::DeploymentGuard>& deltas) {
  update_unreadable(deltas);
  for (const auto& delta : deltas) {
    if (!delta.after) reconciler_.on_guard_deleted(delta.key(), delta.before->meta.uid);
    if (delta.after) reconciler_.on_guard(*delta.after);
    if (delta.after && guard::is_freeze_removed(*delta.after))
      reconciler_.on_freeze_removed(delta.key(), delta.after->meta.uid);
  }
  after_deltas();
}

void Manager::on_rollbacks(const kube::Deltas<api::Rollback>& deltas) {
  update_unreadable(deltas);
  for (const auto& delta : deltas) {
    delta.after ? reconciler_.on_rollback(*delta.after)
                : reconciler_.on_rollback_deleted(*delta.before);
  }
  after_deltas();
}

void Manager::enqueue_namespace(const std::string& namespace_) {
  stores_.deployments.for_each_in(namespace_,
                                  [&](const auto& deployment) { enqueue(deployment->meta.key); });
}

void Manager::enqueue_all() {
  for (const bool is_first : {true, false}) {
    stores_.deployments.for_each([&](const auto& deployment) {
      const auto guard = stores_.guards.find(deployment->meta.key);
      if (guard::comes_first(*deployment, guard.get()) == is_first) enqueue(deployment->meta.key);
    });
  }
}

}  // namespace lastgood::shell
