// Which pods the controller watches and lists, and whether its copy of these pods is in sync.
//
// While a Deployment is not Idle, its pods of every revision come by a watch that many Deployments
// of a scope (all namespaces, or one of the watched namespaces) share:
//
//   /api/v1/pods?watch=true&labelSelector=pod-template-hash in (h1,h2,...)
//
// - A scope has one watch. If its hashes are more than max_watched_hashes, it has more watches, but
//   at most max_watches: kubelets update pods more slowly when many watches are open. A Deployment
//   stays in its watch until the Deployment is Idle again.
// - When a hash joins the watch, its pods are listed once, after the watch has been opened with the
//   hash. Until this list ends, they are not in sync.
// - While no watch is open for max_gap, the pods of each Deployment are listed every list_interval.
// - A watch has at most max_watched_hashes. If its Deployments have more, the oldest revisions of
//   each are left out first, then whole Deployments. These are listed every list_interval.
//   A revision that was left out stays out until its Deployment wants other revisions: otherwise
//   the end of one evaluation would open the watch again and list the pods of all others.
// - At most max_parallel_lists lists run at once for each watch. The Deployment that has waited
//   longest is next.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "guard/pods_wanted.hpp"

namespace lastgood::guard {

inline constexpr std::size_t max_watched_hashes = 500;  // of one watch
inline constexpr std::size_t max_watches = 3;           // of one scope
inline constexpr std::size_t max_parallel_lists = 4;
inline constexpr Duration list_interval{5'000};
// How long the pods of a release may not be in sync before that is reported.
inline constexpr Duration usual_sync_time{10'000};
// A watch that is interrupted for a shorter time is still in sync.
inline constexpr Duration max_gap{5'000};

// The index of the watch that a Deployment with `more` hashes joins: the first one with room for
// them, else the one whose Deployments want the fewest. `wanted` has PodSync::wanted_hashes() of
// each watch of the scope. Precondition: the scope has a watch.
[[nodiscard]] std::size_t choose_watch(std::span<const std::size_t> wanted, std::size_t more);

// "pod-template-hash in (h1,h2)". Empty if there are no hashes.
[[nodiscard]] std::string selector_of(const std::set<TemplateHash>& hashes);

// The pod watch of a scope, as its reflector reports it.
struct PodWatchState {
  std::string selector;  // of the present watch
  bool is_streaming = false;
  std::optional<MonotonicTime> streamed_until = {};
  int syncs = 0;  // how often all pods were read
};

enum class PodSource : std::uint8_t {
  Watch,       // the pods that the watch has stored
  List,        // the pods of the last list of the Deployment
  NotInSync,   // neither is recent enough
  NotWatched,  // the pods must be listed when they are needed
};

// A list of the pods of one Deployment that has begun.
struct PodList {
  PodsWanted wanted;
  std::uint64_t number = 0;  // differs from those of all other lists
};

enum class ListUse : std::uint8_t {
  None,            // it failed, or the Deployment wants other pods now
  WithoutWatch,    // its pods are used while the watch is not in sync
  CompletesWatch,  // its pods must also be merged into those of the watch
};

// One watch, and the Deployments that share it.
class PodSync {
 public:
  // want() and drop() return whether the wanted hashes of the Deployment change.
  bool want(const PodsWanted& wanted, MonotonicTime now);
  bool drop(const Key& deployment);
  void clear();

  // The selector of the watch. It changes when the watch lacks a hash, or when no pods are wanted.
  [[nodiscard]] const std::string& selector() const { return selector_; }
  // The hashes of the present watch.
  [[nodiscard]] const std::set<TemplateHash>& open_hashes() const { return open_; }

  // The state of the watch now. Call it before the functions below, and after each change. Returns
  // the hashes that have left the watch: it no longer reports changes of their pods.
  std::vector<TemplateHash> observe(const PodWatchState& watch, MonotonicTime now);

  // The Deployments to list now. Marks their lists as running. `random` is in [0, 1).
  [[nodiscard]] std::vector<PodList> take_due_lists(MonotonicTime now, double random);
  // A list of take_due_lists() has ended.
  ListUse on_listed(const PodList& list, bool succeeded, MonotonicTime now);

  [[nodiscard]] PodSource source(const Key& deployment, const TemplateHash& hash,
                                 MonotonicTime now) const;
  // The pods of the Deployment are not in sync for longer than the opening of a watch and one list
  // usually take.
  [[nodiscard]] bool is_late(const Key& deployment, MonotonicTime now) const;
  // The Deployments of the namespace that want pods with this hash.
  [[nodiscard]] std::vector<Key> deployments_with(const std::string& namespace_,
                                                  const TemplateHash& hash) const;
  [[nodiscard]] bool is_empty() const { return entries_.empty(); }
  // The sum over all Deployments: a hash that two of them want is counted twice.
  [[nodiscard]] std::size_t wanted_hashes() const;

 private:
  struct Entry {
    PodsWanted wanted;
    std::size_t depth = 0;           // so many of the wanted hashes may be watched
    std::set<TemplateHash> watched;  // the hashes that the watch should have
    std::set<TemplateHash> covered;  // every pod with this hash is in the store
    bool is_covered = false;         // `covered` has all of `watched`
    std::set<TemplateHash> listing;  // covered when the running list ends
    std::uint64_t running_list = 0;  // its number; 0: none
    bool is_new = true;              // its hashes have changed since the running list began
    // When the last list of all hashes ended. Nothing: none has succeeded.
    std::optional<MonotonicTime> listed_at = {};
    MonotonicTime next_list_at;
    MonotonicTime wanted_at;  // when the wanted hashes changed last
  };

  [[nodiscard]] std::size_t depth_that_fits() const;
  void choose_hashes();
  [[nodiscard]] bool needs_list(const Entry& entry, MonotonicTime now) const;
  [[nodiscard]] bool is_current(MonotonicTime now) const;

  std::map<Key, Entry> entries_;
  std::uint64_t lists_begun_ = 0;
  std::string selector_;
  std::set<TemplateHash> selected_;  // the hashes of selector_
  std::set<TemplateHash> open_;
  // Numbers of the sets, so that observe() need not compare them.
  std::uint64_t selection_ = 0;                      // of selected_: a new one after each change
  std::optional<std::uint64_t> open_selection_ = 0;  // of open_; absent: the watch was closed
  bool is_streaming_ = false;
  MonotonicTime streamed_until_;  // while not streaming
  // False if the last watch never opened, for example because it is forbidden.
  bool has_streamed_ = true;
  int syncs_ = 0;
};

}  // namespace lastgood::guard
