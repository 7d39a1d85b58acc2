#include "guard/pod_sync.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>
#include <utility>

namespace lastgood::guard {

namespace {

constexpr const char* hash_label = "pod-template-hash";
// The evaluated revision and its first baseline. If the watch has no room for these two, it has no
// revision of the Deployment.
constexpr std::size_t min_watched_revisions = 2;
constexpr std::size_t max_revisions = 20;  // of a DeploymentGuard

// Cheaper than std::ranges::includes() if the part is small, as it usually is.
bool includes(const std::set<TemplateHash>& set, const std::set<TemplateHash>& part) {
  return std::ranges::all_of(part, [&](const TemplateHash& hash) { return set.contains(hash); });
}

void keep_only(std::set<TemplateHash>& hashes, const std::set<TemplateHash>& allowed) {
  std::erase_if(hashes, [&](const TemplateHash& hash) { return !allowed.contains(hash); });
}

}  // namespace

std::size_t choose_watch(std::span<const std::size_t> wanted, std::size_t more) {
  const auto with_room = std::ranges::find_if(
      wanted, [&](std::size_t hashes) { return hashes + more <= max_watched_hashes; });
  const auto chosen = with_room != wanted.end() ? with_room : std::ranges::min_element(wanted);
  return static_cast<std::size_t>(chosen - wanted.begin());
}

std::string selector_of(const std::set<TemplateHash>& hashes) {
  if (hashes.empty()) return {};
  return fmt::format("{} in ({})", hash_label,
                     fmt::join(hashes | std::views::transform(&TemplateHash::value), ","));
}

bool PodSync::want(const PodsWanted& wanted, MonotonicTime now) {
  const bool is_first = entries_.empty();
  const auto [found, is_new] = entries_.try_emplace(wanted.deployment);
  Entry& entry = found->second;
  if (!is_new && entry.wanted.hashes == wanted.hashes) return false;
  entry.wanted = wanted;
  entry.depth = max_revisions;
  entry.is_new = true;
  entry.listed_at.reset();
  entry.next_list_at = now;
  entry.wanted_at = now;
  // A watch that has just been selected gets max_gap to open, unless the last one never opened.
  if (is_first && has_streamed_) streamed_until_ = now;
  if (is_first) has_streamed_ = is_streaming_;
  choose_hashes();
  return true;
}

bool PodSync::drop(const Key& deployment) {
  if (entries_.erase(deployment) == 0) return false;
  choose_hashes();
  return true;
}

void PodSync::clear() {
  entries_.clear();
  choose_hashes();
}

// How many revisions of each Deployment can be watched.
std::size_t PodSync::depth_that_fits() const {
  for (std::size_t depth = max_revisions; depth > min_watched_revisions; --depth) {
    std::set<TemplateHash> hashes;
    for (const auto& [key, entry] : entries_) {
      const auto first = entry.wanted.hashes | std::views::take(depth);
      hashes.insert(first.begin(), first.end());
    }
    if (hashes.size() <= max_watched_hashes) return depth;
  }
  return min_watched_revisions;
}

// Leaves out the oldest revisions of each Deployment until the rest fits. The pods of a revision
// that is left out stay covered while the open watch has its hash.
void PodSync::choose_hashes() {
  const std::size_t depth = depth_that_fits();
  std::set<TemplateHash> chosen;
  for (auto& [key, entry] : entries_) {
    entry.depth = std::min(entry.depth, depth);
    const auto first = entry.wanted.hashes | std::views::take(entry.depth);
    std::set<TemplateHash> hashes(first.begin(), first.end());
    const std::size_t more = std::ranges::count_if(
        hashes, [&](const TemplateHash& hash) { return !chosen.contains(hash); });
    entry.watched.clear();
    if (chosen.size() + more <= max_watched_hashes) {
      chosen.insert(hashes.begin(), hashes.end());
      entry.watched = std::move(hashes);
    }
    entry.is_covered = includes(entry.covered, entry.watched);
  }
  if (!chosen.empty() && includes(selected_, chosen)) return;
  selected_ = std::move(chosen);
  ++selection_;
  selector_ = selector_of(selected_);
}

std::vector<TemplateHash> PodSync::observe(const PodWatchState& watch, MonotonicTime now) {
  const bool is_synced_again = watch.syncs != syncs_;
  const bool is_reopened = open_selection_ != selection_ && watch.selector == selector_;
  const bool is_closed = watch.selector.empty() && !open_.empty();
  std::vector<TemplateHash> closed;
  if (is_closed || is_reopened) {
    const std::set<TemplateHash> before = std::exchange(open_, {});
    open_selection_.reset();
    if (is_reopened) {
      open_ = selected_;
      open_selection_ = selection_;
    }
    std::ranges::set_difference(before, open_, std::back_inserter(closed));
  }
  for (auto& [key, entry] : entries_) {
    // Usually nothing is to be done. There are many entries, and observe() is called often.
    if (!is_closed && !is_reopened && !is_synced_again) break;
    keep_only(entry.covered, open_);
    keep_only(entry.listing, open_);
    if (is_synced_again) {
      std::ranges::set_intersection(entry.watched, open_,
                                    std::inserter(entry.covered, entry.covered.end()));
      // The watch has just read all pods. A running list is older: it may have pods that are
      // deleted.
      entry.listing.clear();
    }
    entry.is_covered = includes(entry.covered, entry.watched);
  }
  syncs_ = watch.syncs;
  if (is_streaming_ && !watch.is_streaming) streamed_until_ = watch.streamed_until.value_or(now);
  is_streaming_ = watch.is_streaming;
  has_streamed_ = has_streamed_ || is_streaming_;
  return closed;
}

bool PodSync::is_current(MonotonicTime now) const {
  return is_streaming_ || now - streamed_until_ < max_gap;
}

bool PodSync::needs_list(const Entry& entry, MonotonicTime now) const {
  if (entry.running_list != 0 || entry.next_list_at > now) return false;
  if (entry.watched.empty() || !is_current(now)) return true;
  return is_streaming_ && !entry.is_covered && includes(open_, entry.watched);
}

std::vector<PodList> PodSync::take_due_lists(MonotonicTime now, double random) {
  std::size_t running = 0;
  std::vector<Entry*> due;
  for (auto& [key, entry] : entries_) {
    if (entry.running_list != 0) ++running;
    if (needs_list(entry, now)) due.push_back(&entry);
  }
  std::ranges::sort(due, {}, [](const Entry* entry) {
    return std::pair(entry->next_list_at, entry->wanted.deployment);
  });
  std::vector<PodList> lists;
  for (Entry* entry : due) {
    if (running++ >= max_parallel_lists) break;
    entry->running_list = ++lists_begun_;
    entry->is_new = false;
    entry->listing.clear();
    if (is_streaming_ && includes(open_, entry->watched)) entry->listing = entry->watched;
    // Up to 20% later, so that the lists of many Deployments do not begin together.
    entry->next_list_at = now + list_interval +
                          Duration(static_cast<Duration::rep>(
                              static_cast<double>(list_interval.count()) * 0.2 * random));
    lists.push_back({.wanted = entry->wanted, .number = entry->running_list});
  }
  return lists;
}

ListUse PodSync::on_listed(const PodList& list, bool succeeded, MonotonicTime now) {
  const auto found = entries_.find(list.wanted.deployment);
  if (found == entries_.end() || found->second.running_list != list.number) return ListUse::None;
  Entry& entry = found->second;
  entry.running_list = 0;
  if (entry.is_new) entry.next_list_at = now;
  if (!succeeded || entry.is_new) return ListUse::None;
  entry.listed_at = now;
  entry.covered.insert(entry.listing.begin(), entry.listing.end());
  entry.is_covered = includes(entry.covered, entry.watched);
  return entry.listing.empty() ? ListUse::WithoutWatch : ListUse::CompletesWatch;
}

PodSource PodSync::source(const Key& deployment, const TemplateHash& hash,
                          MonotonicTime now) const {
  const auto found = entries_.find(deployment);
  if (found == entries_.end()) return PodSource::NotWatched;
  const Entry& entry = found->second;
  if (std::ranges::find(entry.wanted.hashes, hash) == entry.wanted.hashes.end())
    return PodSource::NotWatched;
  if (entry.covered.contains(hash) && is_current(now)) return PodSource::Watch;
  if (entry.listed_at && now - *entry.listed_at <= 2 * list_interval) return PodSource::List;
  const bool is_left_out = !entry.watched.empty() && !entry.watched.contains(hash);
  return is_left_out ? PodSource::NotWatched : PodSource::NotInSync;
}

bool PodSync::is_late(const Key& deployment, MonotonicTime now) const {
  const auto found = entries_.find(deployment);
  if (found == entries_.end()) return false;
  const MonotonicTime began = is_streaming_
                                  ? found->second.wanted_at
                                  : std::max(found->second.wanted_at, streamed_until_ + max_gap);
  return now - began > usual_sync_time;
}

std::size_t PodSync::wanted_hashes() const {
  std::size_t count = 0;
  for (const auto& [key, entry] : entries_) count += entry.wanted.hashes.size();
  return count;
}

std::vector<Key> PodSync::deployments_with(const std::string& namespace_,
                                           const TemplateHash& hash) const {
  std::vector<Key> found;
  const Key first{.namespace_ = namespace_, .name = {}};
  for (auto at = entries_.lower_bound(first);
       at != entries_.end() && at->first.namespace_ == namespace_; ++at) {
    if (std::ranges::find(at->second.wanted.hashes, hash) != at->second.wanted.hashes.end())
      found.push_back(at->first);
  }
  return found;
}

}  // namespace lastgood::guard
