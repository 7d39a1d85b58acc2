// The watch of one collection as a state machine without I/O, clock or random numbers of its own.
// It says which request to send next and how to change the object store. T is one of the five
// watched kinds (watch_event.hpp).
//
// Protocol: client-go's tools/cache/reflector.go, and
// https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
//
//                          .-------- 400, 422, timeout, too large --------.
//                          |                                              v
//   StartWatch -> InitialEvents (WatchList)                 Listing (LIST in pages)
//                          | bookmark: initial events end                 | last page
//                          '---------------> Streaming (WATCH) <----------'
//                                              ^         | stream ended or failed
//                             version is valid |         v
//                                              '--- CheckingVersion (LIST with limit=1)
//
// A sync reads all objects: in InitialEvents, with a WATCH that first sends an event for each
// object (WatchList), or in Listing. The version is the last resourceVersion seen.
//
// - 429, connection refused, broken stream: back off (0.8 s, doubled up to 30 s, plus up to 20%
//   jitter), check that the version is valid, and watch from it again, without a sync.
// - 410: sync again, not older than the last version seen. If the server rejects that version too,
//   sync once more without a minimum version.
// - The server's version is lower than the last one seen (its storage was restored from a backup):
//   sync again without a minimum version.
// - A sync fails in any other way: back off, then sync again.
// - Watching from the same version fails five times with an error that this version may cause (400,
//   422, 500, invalid or too large response): sync again without a minimum version.
// - The label selector changes: watch with the new selector from the same version, without a sync.
//   The caller must list the objects that only the new selector matches: they may be older than
//   this version. A sync that has not finished begins again.
//
// Use:
//
//   action = step(StartWatch{}, now)
//   repeat: apply action.change to the store; perform action.next; action = step(its result, now)
//
// ReadStream means: read the next event of the open stream. Any other action means: if a stream is
// open, close it first. Do not pass StreamEnded for a stream that you closed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/call.hpp"
#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "kube/backoff.hpp"
#include "kube/changes.hpp"
#include "kube/watch_event.hpp"

namespace lastgood::kube {

// Inputs.

struct StartWatch {};  // the first input
// The first input, or a change of the label selector. If a stream or a call is open, close it
// first.
struct Select {
  std::string label_selector;
};
struct WaitElapsed {};  // BackoffWait::until has passed
struct StreamEnded {};  // the server ended the stream without an error

// Error: a call or a stream failed, or parse_event(), parse_list() or LineSplitter returned an
// error.
template <class T>
using WatchInput =
    std::variant<StartWatch, Select, ListPage<T>, WatchEvent<T>, StreamEnded, Error, WaitElapsed>;

// Actions.

struct ReadStream {};
struct ListCall {  // one call; parse the response with parse_list
  api::ApiCall call;
  Duration timeout{0};
};
struct OpenStream {  // one stream; parse each line with parse_event
  api::ApiCall call;
  Duration idle_timeout{0};
};
struct BackoffWait {
  MonotonicTime until;
};
using WatchNext = std::variant<ReadStream, ListCall, OpenStream, BackoffWait>;

template <class T>
struct WatchAction {
  WatchNext next = ReadStream{};
  std::optional<Change<T>> change = {};  // apply to the store before `next`
  // The version of the new list is lower than the last one that was seen: etcd was restored from a
  // backup, which lacks the latest changes.
  bool is_rewound = false;
  // Why the watch restarts, for metrics: a CamelCase word from a small set, such as "Expired".
  // Empty: it does not restart.
  std::string_view restart_reason = {};
  std::vector<Error> problems = {};  // to log
};

struct WatchTarget {
  std::string collection;           // from collection_path()
  std::string namespace_;           // of the collection; empty: all namespaces
  int page_size = 500;              // objects in each page of a LIST
  std::string label_selector = {};  // empty: all objects
  // A watch without data for this time is closed and opened again from the last version. The server
  // sends a bookmark about every 60 s, so two of them are missing.
  Duration idle_timeout = std::chrono::seconds(130);
};

template <class T>
class WatchMachine {
 public:
  WatchMachine(WatchTarget target, RandomSource random_source);

  // An input that does not belong to the current action is ignored: the result is the same action
  // again, without a change.
  WatchAction<T> step(WatchInput<T> input, MonotonicTime now);

  // True once all objects have been seen: an object that the store lacks does not exist.
  [[nodiscard]] bool synced() const { return synced_; }
  // The number of finished syncs.
  [[nodiscard]] int syncs() const { return syncs_; }
  // True if the last sync has finished and a watch is open or being opened: so each next event
  // changes the store.
  [[nodiscard]] bool is_streaming() const { return phase_ == Phase::Streaming; }
  // The last resource version seen.
  [[nodiscard]] const ResourceVersion& version() const { return version_; }

 private:
  enum class Phase : std::uint8_t {
    NotStarted,
    InitialEvents,
    Listing,
    Streaming,
    CheckingVersion,
    BackingOff
  };

  WatchAction<T> on(StartWatch, MonotonicTime now);
  WatchAction<T> on(Select select, MonotonicTime now);
  WatchAction<T> on(WaitElapsed, MonotonicTime now);
  WatchAction<T> on(StreamEnded, MonotonicTime now);
  WatchAction<T> on(ListPage<T> page, MonotonicTime now);
  WatchAction<T> on(WatchEvent<T> event, MonotonicTime now);
  WatchAction<T> on(Error error, MonotonicTime now);

  WatchAction<T> on_event(Changed<T> event, MonotonicTime now);
  WatchAction<T> on_event(Deleted event, MonotonicTime now);
  WatchAction<T> on_event(Unreadable event, MonotonicTime now);
  WatchAction<T> on_event(Bookmark event, MonotonicTime now);
  WatchAction<T> on_event(Error event, MonotonicTime now);

  WatchAction<T> on_sync_failure(Error error, MonotonicTime now);
  WatchAction<T> on_watch_failure(Error error, MonotonicTime now);
  WatchAction<T> on_page(ListPage<T> page, MonotonicTime now);
  WatchAction<T> on_version_check(const ListPage<T>& page, MonotonicTime now);
  WatchAction<T> restart_sync(ResourceVersion not_older_than, std::string_view reason,
                              std::optional<Error> error, MonotonicTime now);
  WatchAction<T> back_off(Phase then, std::string_view reason, Error error, MonotonicTime now);
  // Syncs in Listing, because InitialEvents or the list so far failed.
  WatchAction<T> list_instead(std::string_view reason, std::optional<Error> error,
                              MonotonicTime now);
  WatchAction<T> finish_sync(std::vector<T> objects, ResourceVersion version);

  WatchNext enter(Phase phase, MonotonicTime now);
  WatchNext open_stream(Phase phase, const ResourceVersion& from, MonotonicTime now);
  WatchAction<T> proceed(WatchNext next) { return {.next = next_ = std::move(next)}; }
  [[nodiscard]] WatchAction<T> unchanged() const { return {.next = next_}; }
  [[nodiscard]] bool has_open_stream() const {
    return phase_ == Phase::InitialEvents || phase_ == Phase::Streaming;
  }
  void record_event();
  void set_version(const ResourceVersion& version);

  WatchTarget target_;
  RandomSource random_source_;
  Backoff backoff_;
  Phase phase_ = Phase::NotStarted;
  Phase after_wait_ = Phase::InitialEvents;
  WatchNext next_ = ReadStream{};

  ResourceVersion version_;         // the last one seen
  ResourceVersion not_older_than_;  // minimum version of the next sync; empty: no minimum
  // False after the server rejected or ignored a WatchList, or twice sent no data for it.
  bool supports_watch_list_ = true;
  int silent_watch_lists_ = 0;
  bool synced_ = false;
  int syncs_ = 0;

  MonotonicTime opened_at_;        // when the open stream was opened
  bool stream_has_event_ = false;  // at least one event arrived on the open stream
  // The next sync waits for the backoff, because since the last sync no event arrived and no stream
  // failed after it had been open for long enough. Otherwise syncs could repeat endlessly.
  bool delays_next_sync_ = true;

  std::map<Key, T> initial_objects_;  // from the initial events
  std::vector<T> listed_;             // from the pages so far
  std::string continue_;              // token of the next page
  int page_size_;
};

extern template class WatchMachine<api::Deployment>;
extern template class WatchMachine<api::Pod>;
extern template class WatchMachine<api::RollbackPolicy>;
extern template class WatchMachine<api::DeploymentGuard>;
extern template class WatchMachine<api::Rollback>;

}  // namespace lastgood::kube
