// The life of one watch as a state machine: what to ask of the API server next, and what a store is to be told. No I/O, no
// clock, no chance of its own. T is one of the four watched kinds (watch_event.hpp).
// Protocol: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
//
//              .---------- 400, 422, no end in sight --------.
//              |                                             v
//   start -> Collecting (WatchList)                 Paging (LIST by pages)
//              | bookmark: initial events end                | last page, then WATCH
//              '-------------------> Watching <--------------'
//                 ^  version is fine    |  stream ended or broke
//                 '----- Checking <-----'  (LIST limit=1: did the server's version go backwards?)
//
// - 429, a refusal, a broken stream: back off (0.8 s doubling to 30 s), check, watch again at the same version. No relist.
// - 410: relist not older than the last seen version; refused too, once more with no version at all.
// - The version went backwards (storage restored from a backup): relist with no version at all.
//
// How to drive it: action = step(Started{}, now); then for ever: apply action.change; carry out action.next; give what came
// of it to step. After each event `Read` means: go on with the open stream. Anything else means that the stream, if one is
// open, is to be closed first; no input is due for that.
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

struct Started {};
struct TimerFired {};   // the time of a Wait has come
struct StreamEnded {};  // by the server, with nothing wrong

// Error: a call or a stream failed, or what it sent was not understood (parse_event, parse_list, LineSplitter).
template <class T>
using WatchInput = std::variant<Started, ListPage<T>, WatchEvent<T>, StreamEnded, Error, TimerFired>;

struct Read {};
struct Fetch {  // one call; the answer goes through parse_list
  api::ApiCall call;
  Duration timeout{0};
};
struct Open {  // one stream; its lines go through parse_event
  api::ApiCall call;
  Duration idle_timeout{0};
};
struct Wait {
  Steady until;
};
using WatchNext = std::variant<Read, Fetch, Open, Wait>;

template <class T>
struct WatchAction {
  WatchNext next = Read{};
  std::optional<Change<T>> change = {};  // for the store, before `next`
  std::string_view restarted = {};       // why the watch does not simply go on: CamelCase, one of a few; for telemetry
  std::vector<Error> problems = {};      // what a person reading the log should see
};

struct WatchTarget {
  std::string collection;  // paths.hpp collection_path
  std::string namespace_;  // of the collection; empty: all
  int page_size = 500;
};

template <class T>
class WatchMachine {
 public:
  WatchMachine(WatchTarget target, Uniform uniform);

  // An input that does not fit what was asked for changes nothing: the answer is what was due already.
  WatchAction<T> step(WatchInput<T> input, Steady now);

  // Every object was seen at least once: what the store lacks is not there.
  [[nodiscard]] bool synced() const { return synced_; }
  [[nodiscard]] const ResourceVersion& version() const { return version_; }

 private:
  enum class Phase : std::uint8_t { Fresh, Collecting, Paging, Watching, Checking, Waiting };
  using Action = WatchAction<T>;

  Action on(Started, Steady now);
  Action on(TimerFired, Steady now);
  Action on(StreamEnded, Steady now);
  Action on(ListPage<T> page, Steady now);
  Action on(WatchEvent<T> event, Steady now);
  Action on(Error error, Steady now);

  Action on_event(Changed<T> event, Steady now);
  Action on_event(Deleted event, Steady now);
  Action on_event(Unreadable event, Steady now);
  Action on_event(Bookmark event, Steady now);
  Action on_event(Error event, Steady now);

  Action sync_failed(Error error, Steady now);
  Action watch_failed(Error error, Steady now);
  Action on_listed(ListPage<T> page, Steady now);
  Action on_checked(const ListPage<T>& page, Steady now);
  Action restart_sync(ResourceVersion anchor, std::string_view why, std::optional<Error> error, Steady now);
  Action back_off(Phase then, std::string_view why, Error error, Steady now);
  Action use_lists(std::string_view why, std::optional<Error> error, Steady now);
  Action synced_with(std::vector<T> objects);

  WatchNext begin(Phase phase, Steady now);
  WatchNext open(bool initial_events, const ResourceVersion& at, Steady now);
  Action due(WatchNext next) { return {.next = next_ = std::move(next)}; }
  [[nodiscard]] Action still_due() const { return {.next = next_}; }
  [[nodiscard]] bool streaming() const { return phase_ == Phase::Collecting || phase_ == Phase::Watching; }
  void heard_event();
  void saw(const ResourceVersion& version);

  WatchTarget target_;
  Uniform uniform_;
  Backoff backoff_;
  Phase phase_ = Phase::Fresh;
  Phase after_wait_ = Phase::Collecting;
  WatchNext next_ = Read{};

  ResourceVersion version_;       // the last that was seen
  ResourceVersion anchor_;        // what a sync asks for: not older than this; empty: the newest there is
  bool watch_list_works_ = true;  // until the server says that it does not know it
  bool synced_ = false;

  Steady opened_;
  bool heard_ = false;        // anything, on the open stream
  bool untried_sync_ = true;  // no event yet since the last full sync: another one at once would be a loop

  std::map<Key, T> collected_;
  std::vector<T> listed_;
  std::string continue_;
  int page_size_;
};

extern template class WatchMachine<api::Deployment>;
extern template class WatchMachine<api::RollbackPolicy>;
extern template class WatchMachine<api::DeploymentGuard>;
extern template class WatchMachine<api::Rollback>;

}  // namespace lastgood::kube
