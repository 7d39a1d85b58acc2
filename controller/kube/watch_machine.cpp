#include "kube/watch_machine.hpp"

#include <algorithm>
#include <utility>

#include "kube/paths.hpp"
#include "kube/resource_version.hpp"

namespace lastgood::kube {
namespace {

using std::chrono::seconds;

constexpr int shortest_watch_seconds = 300;
constexpr int longest_watch_seconds = 600;
constexpr Duration idle_margin = seconds(5);
constexpr Duration call_timeout = seconds(30);
constexpr Duration longest_retry_after = seconds(60);
constexpr Duration lived = seconds(5);      // a stream that lasted this long proves that the server serves
constexpr Duration stillborn = seconds(1);  // one that ended sooner without an event was no watch
constexpr int hopeless_failures = 5;        // in a row: perhaps it is the version
constexpr std::size_t max_objects = 500'000;

bool not_understood(const Error& error) { return error.status == 400 || error.status == 422; }

bool blames_version(const Error& error) { return error.kind == ErrorKind::Expired || error.kind == ErrorKind::VersionTooLarge; }

// A server that answers like this may answer so for ever at this version: 500 is what it says to one that it cannot read.
bool may_be_the_version(const Error& error) {
  return error.status == 500 || not_understood(error) || error.kind == ErrorKind::Protocol || error.kind == ErrorKind::TooLarge;
}

BackoffSettings watch_backoff() { return {.first = Duration{800}, .cap = Duration{30'000}, .jitter = 0.2}; }

}  // namespace

template <class T>
WatchMachine<T>::WatchMachine(WatchTarget target, Uniform uniform)
    : target_(std::move(target)),
      uniform_(std::move(uniform)),
      backoff_(watch_backoff(), uniform_),
      page_size_(target_.page_size) {}

template <class T>
WatchAction<T> WatchMachine<T>::step(WatchInput<T> input, Steady now) {
  return std::visit([&](auto&& given) { return on(std::forward<decltype(given)>(given), now); }, std::move(input));
}

template <class T>
auto WatchMachine<T>::on(Started, Steady now) -> Action {
  if (phase_ != Phase::Fresh) return still_due();
  return due(begin(Phase::Collecting, now));
}

template <class T>
auto WatchMachine<T>::on(TimerFired, Steady now) -> Action {
  const auto* wait = std::get_if<Wait>(&next_);
  if (phase_ != Phase::Waiting || wait == nullptr || now < wait->until) return still_due();
  return due(begin(after_wait_, now));
}

template <class T>
auto WatchMachine<T>::on(StreamEnded, Steady now) -> Action {
  if (!streaming()) return still_due();
  if (phase_ == Phase::Collecting) return use_lists("EndedEarly", std::nullopt, now);
  if (!heard_ && now - opened_ < stillborn) {
    return watch_failed({.kind = ErrorKind::Closed, .message = "the watch ended as soon as it began"}, now);
  }
  backoff_.reset();
  Action action = due(begin(Phase::Checking, now));
  action.restarted = "Ended";
  return action;
}

template <class T>
auto WatchMachine<T>::on(ListPage<T> page, Steady now) -> Action {
  if (phase_ == Phase::Paging) return on_listed(std::move(page), now);
  if (phase_ == Phase::Checking) return on_checked(page, now);
  return still_due();
}

template <class T>
auto WatchMachine<T>::on_listed(ListPage<T> page, Steady now) -> Action {
  std::ranges::move(page.items, std::back_inserter(listed_));
  if (listed_.size() > max_objects) {
    return sync_failed({.kind = ErrorKind::Protocol, .message = "the list has more than 500,000 objects"}, now);
  }
  std::vector<Error> problems;
  problems.reserve(page.unreadable.size());
  for (auto& one : page.unreadable) problems.push_back(std::move(one.error));
  continue_ = std::move(page.continue_);
  Action action;
  if (continue_.empty()) {
    version_ = std::move(page.version);
    action = synced_with(std::exchange(listed_, {}));
    action.next = next_ = open(false, version_, now);
  } else {
    action =
        due(Fetch{.call = list_call(target_.collection, {.limit = page_size_, .continue_ = continue_}), .timeout = call_timeout});
  }
  action.problems = std::move(problems);
  return action;
}

template <class T>
auto WatchMachine<T>::on_checked(const ListPage<T>& page, Steady now) -> Action {
  if (older(page.version, version_)) {
    Error error{.kind = ErrorKind::Expired,
                .message = "the server's resourceVersion went backwards, from " + version_.value + " to " + page.version.value};
    return restart_sync({}, "WentBackwards", std::move(error), now);
  }
  return due(open(false, version_, now));
}

template <class T>
auto WatchMachine<T>::on(WatchEvent<T> event, Steady now) -> Action {
  if (!streaming()) return still_due();
  return std::visit([&](auto&& given) { return on_event(std::forward<decltype(given)>(given), now); }, std::move(event));
}

template <class T>
auto WatchMachine<T>::on_event(Changed<T> event, Steady now) -> Action {
  heard_event();
  if (phase_ == Phase::Collecting) {
    const Key key = event.object.meta.key;
    collected_.insert_or_assign(key, std::move(event.object));
    if (collected_.size() <= max_objects) return due(Read{});
    return sync_failed({.kind = ErrorKind::Protocol, .message = "the watch list has more than 500,000 objects"}, now);
  }
  saw(event.object.meta.resource_version);
  Action action = due(Read{});
  action.change = Upsert<T>{std::move(event.object)};
  return action;
}

template <class T>
auto WatchMachine<T>::on_event(Deleted event, Steady) -> Action {
  heard_event();
  Action action = due(Read{});
  if (phase_ == Phase::Collecting) {
    collected_.erase(event.key);
    return action;
  }
  saw(event.version);
  action.change = Remove{.key = std::move(event.key), .uid = std::move(event.uid)};
  return action;
}

template <class T>
auto WatchMachine<T>::on_event(Unreadable event, Steady now) -> Action {
  Action action = on_event(Deleted{.key = std::move(event.key), .uid = {}, .version = std::move(event.version)}, now);
  action.problems.push_back(std::move(event.error));
  return action;
}

template <class T>
auto WatchMachine<T>::on_event(Bookmark event, Steady now) -> Action {
  if (phase_ == Phase::Watching) {
    heard_event();
    saw(event.version);
    return due(Read{});
  }
  // A server too old for WatchList ignores the wish and sends the bookmarks of a common watch.
  if (!event.initial_events_end) {
    watch_list_works_ = false;
    return use_lists("NoWatchList", std::nullopt, now);
  }
  version_ = std::move(event.version);
  std::vector<T> objects;
  objects.reserve(collected_.size());
  for (auto& [key, object] : collected_) objects.push_back(std::move(object));
  collected_.clear();
  phase_ = Phase::Watching;
  heard_ = true;
  Action action = synced_with(std::move(objects));
  next_ = action.next;
  return action;
}

template <class T>
auto WatchMachine<T>::on_event(Error event, Steady now) -> Action {
  return on(std::move(event), now);
}

template <class T>
auto WatchMachine<T>::on(Error error, Steady now) -> Action {
  const std::string_view why = to_string(error.kind);
  switch (phase_) {
    case Phase::Fresh:
    case Phase::Waiting: return still_due();
    case Phase::Collecting:
    case Phase::Paging: return sync_failed(std::move(error), now);
    case Phase::Watching: return watch_failed(std::move(error), now);
    case Phase::Checking: return back_off(Phase::Checking, why, std::move(error), now);
  }
  return still_due();
}

template <class T>
auto WatchMachine<T>::sync_failed(Error error, Steady now) -> Action {
  const std::string_view why = to_string(error.kind);
  const bool midway = phase_ == Phase::Paging && !continue_.empty();
  if (phase_ == Phase::Collecting && not_understood(error)) {
    watch_list_works_ = false;
    return use_lists("NoWatchList", std::move(error), now);
  }
  if (phase_ == Phase::Collecting && (error.kind == ErrorKind::TooLarge || error.kind == ErrorKind::TimedOut)) {
    return use_lists(why, std::move(error), now);
  }
  if (error.kind == ErrorKind::TooLarge) page_size_ = std::max(page_size_ / 2, 1);
  // A version that is refused is asked for only once; a continue token that expired means starting over, once at once.
  if (blames_version(error) && !anchor_.empty()) return restart_sync({}, why, std::move(error), now);
  if (error.kind == ErrorKind::Expired && midway && backoff_.failures() == 0) {
    static_cast<void>(backoff_.next());
    return use_lists("ContinueExpired", std::move(error), now);
  }
  return back_off(Phase::Collecting, why, std::move(error), now);
}

template <class T>
auto WatchMachine<T>::watch_failed(Error error, Steady now) -> Action {
  if (now - opened_ >= lived) {
    backoff_.reset();
    untried_sync_ = false;
  }
  const std::string_view why = to_string(error.kind);
  if (blames_version(error)) {
    ResourceVersion anchor = error.kind == ErrorKind::Expired ? version_ : ResourceVersion{};
    return restart_sync(std::move(anchor), why, std::move(error), now);
  }
  if (may_be_the_version(error) && (backoff_.failures() + 1) % hopeless_failures == 0) {
    return restart_sync({}, why, std::move(error), now);
  }
  return back_off(Phase::Checking, why, std::move(error), now);
}

// Lists everything again: at once, unless the last sync has not led to a single event.
template <class T>
auto WatchMachine<T>::restart_sync(ResourceVersion anchor, std::string_view why, std::optional<Error> error, Steady now)
    -> Action {
  const bool narrower = !anchor_.empty() && anchor.empty() && (phase_ == Phase::Collecting || phase_ == Phase::Paging);
  anchor_ = std::move(anchor);
  if (untried_sync_ && !narrower && error) return back_off(Phase::Collecting, why, std::move(*error), now);
  untried_sync_ = true;
  Action action = due(begin(Phase::Collecting, now));
  action.restarted = why;
  if (error) action.problems.push_back(std::move(*error));
  return action;
}

template <class T>
auto WatchMachine<T>::back_off(Phase then, std::string_view why, Error error, Steady now) -> Action {
  const Duration wished = std::min(error.retry_after.value_or(Duration{0}), longest_retry_after);
  const Duration delay = std::max(backoff_.next(), wished);
  phase_ = Phase::Waiting;
  after_wait_ = then;
  collected_.clear();
  listed_.clear();
  Action action = due(Wait{.until = now + delay});
  action.restarted = why;
  action.problems.push_back(std::move(error));
  return action;
}

template <class T>
auto WatchMachine<T>::use_lists(std::string_view why, std::optional<Error> error, Steady now) -> Action {
  Action action = due(begin(Phase::Paging, now));
  action.restarted = why;
  if (error) action.problems.push_back(std::move(*error));
  return action;
}

template <class T>
auto WatchMachine<T>::synced_with(std::vector<T> objects) -> Action {
  synced_ = true;
  untried_sync_ = true;
  anchor_ = {};
  page_size_ = target_.page_size;
  Action action;
  action.change = Replace<T>{.namespace_ = target_.namespace_, .objects = std::move(objects)};
  return action;
}

template <class T>
WatchNext WatchMachine<T>::begin(Phase phase, Steady now) {
  if (phase == Phase::Checking) {
    phase_ = phase;
    return Fetch{.call = list_call(target_.collection, {.limit = 1}), .timeout = call_timeout};
  }
  collected_.clear();
  listed_.clear();
  continue_.clear();
  if (phase == Phase::Collecting && watch_list_works_) return open(true, anchor_, now);
  phase_ = Phase::Paging;
  ListOptions options{.limit = page_size_, .resource_version = anchor_.value};
  if (!anchor_.empty()) options.resource_version_match = "NotOlderThan";
  return Fetch{.call = list_call(target_.collection, options), .timeout = call_timeout};
}

template <class T>
WatchNext WatchMachine<T>::open(bool initial_events, const ResourceVersion& at, Steady now) {
  phase_ = initial_events ? Phase::Collecting : Phase::Watching;
  opened_ = now;
  heard_ = false;
  const int spread = longest_watch_seconds - shortest_watch_seconds + 1;
  const int chosen = std::min(shortest_watch_seconds + static_cast<int>(uniform_() * spread), longest_watch_seconds);
  return Open{.call = watch_call(target_.collection,
                                 {.resource_version = at.value, .initial_events = initial_events, .timeout_seconds = chosen}),
              .idle_timeout = seconds(chosen) + idle_margin};
}

template <class T>
void WatchMachine<T>::heard_event() {
  heard_ = true;
  if (phase_ != Phase::Watching) return;
  backoff_.reset();
  untried_sync_ = false;
}

template <class T>
void WatchMachine<T>::saw(const ResourceVersion& version) {
  if (!version.empty()) version_ = version;
}

template class WatchMachine<api::Deployment>;
template class WatchMachine<api::RollbackPolicy>;
template class WatchMachine<api::DeploymentGuard>;
template class WatchMachine<api::Rollback>;

}  // namespace lastgood::kube
