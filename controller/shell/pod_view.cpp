#include "shell/pod_view.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/log.hpp"
#include "kube/paths.hpp"
#include "kube/resource_version.hpp"
#include "kube/watch_event.hpp"
#include "runtime/paged_list.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;
using kube::Resource;

namespace {

// The server sends a bookmark about every 60 s.
constexpr Duration idle_timeout{90'000};
constexpr Duration list_timeout{10'000};
// How often the state of a watch is read: nothing is called when a watch ends.
constexpr Duration poll_interval{1'000};

}  // namespace

PodView::PodView(const asio::any_io_executor& executor, ports::KubeApi& kube, ports::Clock& clock,
                 ports::Telemetry& telemetry, runtime::TaskGroup& tasks,
                 kube::RandomSource random_source, OnChange on_change)
    : executor_(executor),
      kube_(kube),
      clock_(clock),
      telemetry_(telemetry),
      tasks_(tasks),
      random_source_(std::move(random_source)),
      on_change_(std::move(on_change)),
      lists_may_be_due_(executor) {}

Result<void> PodView::add_scope(const std::string& namespace_) {
  auto collection = kube::collection_path(Resource::Pod, namespace_);
  if (!collection) return std::unexpected(collection.error());
  const kube::WatchTarget target{
      .collection = std::move(*collection), .namespace_ = namespace_, .idle_timeout = idle_timeout};
  for (std::size_t i = 0; i < guard::max_watches; ++i) add_watch(target);
  return {};
}

void PodView::add_watch(const kube::WatchTarget& target) {
  Watch& watch = watches_.emplace_back();
  watch.namespace_ = target.namespace_;
  const auto on_deltas = [this, &watch](const auto& deltas) { this->on_deltas(watch, deltas); };
  const auto on_removed = [&watch](const kube::Remove& removed) {
    if (watch.running_lists > 0) watch.deleted.insert(removed.uid);
  };
  watch.reflector.emplace(
      executor_, clock_, watch.store,
      [this, &watch, target, on_deltas, on_removed] {
        return std::make_unique<runtime::Reflector<api::Pod>>(
            kube::kind_of(Resource::Pod), target, random_source_, kube_, clock_, telemetry_,
            watch.store, on_deltas, on_removed);
      },
      on_deltas);
}

void PodView::start() {
  for (Watch& watch : watches_) tasks_.spawn("watch of pods", watch.reflector->run());
  tasks_.spawn("lists of pods", start_due_lists());
}

std::vector<PodView::Watch*> PodView::watches_of(const std::string& namespace_) {
  std::vector<Watch*> found;
  for (Watch& watch : watches_) {
    if (watch.namespace_.empty() || watch.namespace_ == namespace_) found.push_back(&watch);
  }
  return found;
}

PodView::Watch* PodView::watch_of(const Key& deployment) const {
  const auto found = joined_.find(deployment);
  return found == joined_.end() ? nullptr : found->second;
}

PodView::NamespaceAndHash PodView::group_of(const api::Pod& pod) {
  const auto label = pod.meta.labels.find("pod-template-hash");
  return {.namespace_ = pod.meta.key.namespace_,
          .hash = TemplateHash(label == pod.meta.labels.end() ? "" : label->second)};
}

void PodView::want(const Key& deployment, const std::optional<guard::PodsWanted>& wanted) {
  Watch* watch = watch_of(deployment);
  if (!watch && wanted) watch = join(*wanted);
  if (!watch) return;
  const bool is_changed =
      wanted ? watch->sync.want(*wanted, clock_.monotonic_now()) : watch->sync.drop(deployment);
  if (!wanted) {
    watch->listed.erase(deployment);
    joined_.erase(deployment);
  }
  // Each reconcile calls want(), and select() makes start_due_lists() go through all Deployments.
  // So call it only after a change.
  if (is_changed) select(*watch);
}

PodView::Watch* PodView::join(const guard::PodsWanted& wanted) {
  const std::vector<Watch*> watches = watches_of(wanted.deployment.namespace_);
  if (watches.empty()) return nullptr;
  std::vector<std::size_t> hashes;
  for (const Watch* watch : watches) hashes.push_back(watch->sync.wanted_hashes());
  Watch* chosen = watches[guard::choose_watch(hashes, wanted.hashes.size())];
  joined_.emplace(wanted.deployment, chosen);
  return chosen;
}

void PodView::clear() {
  joined_.clear();
  for (Watch& watch : watches_) {
    watch.sync.clear();
    watch.listed.clear();
    select(watch);
  }
}

void PodView::select(Watch& watch) {
  watch.reflector->select(watch.sync.selector());
  lists_may_be_due_.raise();
}

void PodView::observe(Watch& watch) {
  const auto& reflector = *watch.reflector;
  const guard::PodWatchState state{.selector = reflector.selected(),
                                   .is_streaming = reflector.is_streaming(),
                                   .streamed_until = reflector.streamed_until(),
                                   .syncs = reflector.syncs()};
  for (const TemplateHash& hash : watch.sync.observe(state, clock_.monotonic_now()))
    purge(watch, hash);
}

void PodView::purge(Watch& watch, const TemplateHash& hash) {
  std::erase_if(watch.by_hash, [&](const auto& entry) {
    const auto& [group, pods] = entry;
    if (group.hash != hash) return false;
    for (const auto& [key, pod] : pods) watch.store.erase(key);
    return true;
  });
}

void PodView::on_deltas(Watch& watch, const kube::Deltas<api::Pod>& deltas) {
  std::set<NamespaceAndHash> changed;
  for (const auto& delta : deltas) {
    if (delta.before) {
      const NamespaceAndHash group = group_of(*delta.before);
      watch.by_hash[group].erase(delta.key());
      changed.insert(group);
    }
    if (delta.after) {
      const NamespaceAndHash group = group_of(*delta.after);
      watch.by_hash[group].insert_or_assign(delta.key(), delta.after);
      changed.insert(group);
    }
  }
  observe(watch);
  for (const NamespaceAndHash& group : changed) {
    if (watch.by_hash[group].empty()) watch.by_hash.erase(group);
    for (const Key& deployment : watch.sync.deployments_with(group.namespace_, group.hash))
      on_change_(deployment);
  }
  lists_may_be_due_.raise();
}

std::optional<Result<std::vector<api::Pod>>> PodView::pods(const Key& deployment,
                                                           const api::Revision& revision) const {
  const Watch* watch = watch_of(deployment);
  if (!watch) return std::nullopt;
  std::vector<api::Pod> pods;
  const auto add = [&](const api::Pod& pod) {
    if (guard::is_pod_of(pod, deployment, revision)) pods.push_back(pod);
  };
  switch (watch->sync.source(deployment, revision.hash, clock_.monotonic_now())) {
    case guard::PodSource::NotWatched: return std::nullopt;
    case guard::PodSource::NotInSync:
      return fail(ErrorKind::TimedOut,
                  "the pods are not known: the watch of pods is not in sync, and no list of them "
                  "is recent enough");
    case guard::PodSource::Watch: {
      const auto found =
          watch->by_hash.find({.namespace_ = deployment.namespace_, .hash = revision.hash});
      if (found == watch->by_hash.end()) break;
      for (const auto& [key, pod] : found->second) add(*pod);
      break;
    }
    case guard::PodSource::List: {
      const auto found = watch->listed.find(deployment);
      if (found == watch->listed.end()) break;
      for (const api::Pod& pod : found->second) add(pod);
      break;
    }
  }
  return pods;
}

bool PodView::is_late(const Key& deployment) const {
  const Watch* watch = watch_of(deployment);
  return watch && watch->sync.is_late(deployment, clock_.monotonic_now());
}

asio::awaitable<void> PodView::start_due_lists() {
  for (;;) {
    bool is_idle = true;
    for (Watch& watch : watches_) {
      observe(watch);
      is_idle = is_idle && watch.sync.is_empty();
      for (guard::PodList& due :
           watch.sync.take_due_lists(clock_.monotonic_now(), random_source_())) {
        ++watch.running_lists;
        tasks_.spawn("list of pods", list(watch, std::move(due)));
      }
    }
    std::optional<MonotonicTime> until;
    if (!is_idle) until = clock_.monotonic_now() + poll_interval;
    co_await lists_may_be_due_.wait(clock_, until);
  }
}

bool PodView::replace_listed(Watch& watch, const Key& deployment, std::vector<api::Pod> pods) {
  std::vector<api::Pod>& listed = watch.listed[deployment];
  const bool is_changed = listed != pods;
  listed = std::move(pods);
  return is_changed;
}

asio::awaitable<void> PodView::list(Watch& watch, guard::PodList list) {
  const guard::PodsWanted& wanted = list.wanted;
  // A pod of the list must not be older than the watch: the watch does not report earlier changes.
  const ResourceVersion watched = watch.reflector->version();
  auto pods = co_await read_pages(
      wanted.deployment.namespace_,
      guard::selector_of({wanted.hashes.begin(), wanted.hashes.end()}),
      kube::older(wanted.not_older_than, watched) ? watched : wanted.not_older_than);
  if (!pods)
    log::warn("cannot list the pods; retrying in about 5 s",
              {{"deployment", wanted.deployment.str()}, {"error", pods.error()}});
  observe(watch);
  const bool was_out_of_sync = watch.sync.source(wanted.deployment, wanted.hashes.front(),
                                                 clock_.monotonic_now()) != guard::PodSource::List;
  const guard::ListUse use = watch.sync.on_listed(list, pods.has_value(), clock_.monotonic_now());
  if (use == guard::ListUse::CompletesWatch) {
    for (const api::Pod& pod : *pods) {
      if (!watch.deleted.contains(pod.meta.uid)) on_deltas(watch, watch.store.upsert(pod));
    }
  }
  if (--watch.running_lists == 0) watch.deleted.clear();
  if (use != guard::ListUse::None) {
    const bool is_news = replace_listed(watch, wanted.deployment, std::move(*pods));
    if (is_news || use == guard::ListUse::CompletesWatch || was_out_of_sync)
      on_change_(wanted.deployment);
  }
  lists_may_be_due_.raise();
}

asio::awaitable<Result<std::vector<std::vector<api::Pod>>>> PodView::live_pods(
    Key deployment, std::vector<api::Revision> revisions) const {
  std::set<TemplateHash> hashes;
  for (const api::Revision& revision : revisions) hashes.insert(revision.hash);
  auto all = co_await read_pages(deployment.namespace_, guard::selector_of(hashes), {});
  if (!all) co_return std::unexpected(all.error());
  std::vector<std::vector<api::Pod>> pods(revisions.size());
  for (api::Pod& pod : *all) {
    const auto of_pod = std::ranges::find_if(revisions, [&](const api::Revision& revision) {
      return guard::is_pod_of(pod, deployment, revision);
    });
    if (of_pod != revisions.end())
      pods[static_cast<std::size_t>(of_pod - revisions.begin())].push_back(std::move(pod));
  }
  co_return pods;
}

asio::awaitable<Result<std::vector<api::Pod>>> PodView::read_pages(
    std::string namespace_, std::string label_selector, ResourceVersion not_older_than) const {
  const auto collection = kube::collection_path(Resource::Pod, namespace_);
  if (!collection) co_return std::unexpected(collection.error());
  kube::ListOptions options{.label_selector = std::move(label_selector),
                            .resource_version = std::move(not_older_than.value)};
  if (!options.resource_version.empty()) options.resource_version_match = "NotOlderThan";
  auto list = co_await runtime::read_list<api::Pod>(kube_, *collection, options, list_timeout);
  const bool is_ahead = !list && list.error().kind == ErrorKind::VersionTooLarge;
  if (is_ahead && !options.resource_version.empty()) {
    // The server's storage was restored from a backup, which is older than this version: list the
    // pods again without a version.
    options.resource_version.clear();
    options.resource_version_match.clear();
    list = co_await runtime::read_list<api::Pod>(kube_, *collection, options, list_timeout);
  }
  if (!list) co_return std::unexpected(list.error());
  if (!list->unreadable.empty()) co_return std::unexpected(list->unreadable.front().error);
  co_return std::move(list->items);
}

}  // namespace lastgood::shell
