#include "kube/watch_machine.hpp"

#include <algorithm>
#include <utility>

#include "kube/paths.hpp"
#include "kube/resource_version.hpp"

namespace lastgood::kube {
namespace {

using std::chrono::seconds;

constexpr int min_watch_seconds = 300;
constexpr int max_watch_seconds = 600;
// The initial events come without a pause, and then the bookmark that ends them. But the stream
// goes on as the watch, and its first bookmark comes a minute later.
constexpr Duration initial_idle_timeout = seconds(75);
constexpr int max_silent_watch_lists = 2;
// Events without an end: the server never sends the bookmark that ends the initial events.
constexpr Duration max_initial_events = std::chrono::minutes(5);
constexpr Duration call_timeout = seconds(30);
constexpr Duration max_retry_after = seconds(60);
// After a stream that was open for this long, the next backoff starts from the first delay.
constexpr Duration stable_stream_duration = seconds(5);
// A stream that ends sooner than this, without an event, counts as a failure.
constexpr Duration min_stream_duration = seconds(1);
// After so many consecutive failures, the version may be the cause: sync again without it.
constexpr int max_failures_at_version = 5;
constexpr std::size_t max_objects = 500'000;

bool is_bad_request(const Error& error) { return error.status == 400 || error.status == 422; }

bool rejects_version(const Error& error) {
  return error.kind == ErrorKind::Expired || error.kind == ErrorKind::VersionTooLarge;
}

// Errors that may repeat indefinitely at the same version. The server responds 500 to a version
// that it cannot parse.
bool may_depend_on_version(const Error& error) {
  return error.status == 500 || is_bad_request(error) || error.kind == ErrorKind::Protocol ||
         error.kind == ErrorKind::TooLarge;
}

BackoffSettings watch_backoff() {
  return {.first = Duration{800}, .cap = Duration{30'000}, .jitter = 0.2};
}

}  // namespace

template <class T>
WatchMachine<T>::WatchMachine(WatchTarget target, RandomSource random_source)
    : target_(std::move(target)),
      random_source_(std::move(random_source)),
      backoff_(watch_backoff(), random_source_),
      page_size_(target_.page_size) {}

template <class T>
WatchAction<T> WatchMachine<T>::step(WatchInput<T> input, MonotonicTime now) {
  return std::visit([&](auto&& given) { return on(std::forward<decltype(given)>(given), now); },
                    std::move(input));
}

template <class T>
WatchAction<T> WatchMachine<T>::on(StartWatch, MonotonicTime now) {
  if (phase_ != Phase::NotStarted) return unchanged();
  return proceed(enter(Phase::InitialEvents, now));
}

template <class T>
WatchAction<T> WatchMachine<T>::on(Select select, MonotonicTime now) {
  target_.label_selector = std::move(select.label_selector);
  switch (phase_) {
    case Phase::NotStarted:
    case Phase::InitialEvents:
    case Phase::Listing: return proceed(enter(Phase::InitialEvents, now));
    case Phase::Streaming: return proceed(open_stream(Phase::Streaming, version_, now));
    case Phase::CheckingVersion:
    case Phase::BackingOff: break;
  }
  return unchanged();
}

template <class T>
WatchAction<T> WatchMachine<T>::on(WaitElapsed, MonotonicTime now) {
  const auto* wait = std::get_if<BackoffWait>(&next_);
  if (phase_ != Phase::BackingOff || wait == nullptr || now < wait->until) return unchanged();
  return proceed(enter(after_wait_, now));
}

template <class T>
WatchAction<T> WatchMachine<T>::on(StreamEnded, MonotonicTime now) {
  if (!has_open_stream()) return unchanged();
  if (phase_ == Phase::InitialEvents) return list_instead("EndedEarly", std::nullopt, now);
  if (!stream_has_event_ && now - opened_at_ < min_stream_duration) {
    return on_watch_failure(
        {.kind = ErrorKind::ConnectionClosed,
         .message = "the watch ended without an event less than 1 s after it began"},
        now);
  }
  backoff_.reset();
  WatchAction<T> action = proceed(enter(Phase::CheckingVersion, now));
  action.restart_reason = "Ended";
  return action;
}

template <class T>
WatchAction<T> WatchMachine<T>::on(ListPage<T> page, MonotonicTime now) {
  if (phase_ == Phase::Listing) return on_page(std::move(page), now);
  if (phase_ == Phase::CheckingVersion) return on_version_check(page, now);
  return unchanged();
}

template <class T>
WatchAction<T> WatchMachine<T>::on_page(ListPage<T> page, MonotonicTime now) {
  std::ranges::move(page.items, std::back_inserter(listed_));
  if (listed_.size() > max_objects) {
    return on_sync_failure({.kind = ErrorKind::Protocol,
                            .message = "the list has more objects than the limit of 500,000"},
                           now);
  }
  std::vector<Error> problems;
  problems.reserve(page.unreadable.size());
  for (auto& object : page.unreadable) problems.push_back(std::move(object.error));
  continue_ = std::move(page.continue_);
  WatchAction<T> action;
  if (continue_.empty()) {
    action = finish_sync(std::exchange(listed_, {}), std::move(page.version));
    action.next = next_ = open_stream(Phase::Streaming, version_, now);
  } else {
    action = proceed(
        ListCall{.call = list_call(target_.collection, {.label_selector = target_.label_selector,
                                                        .limit = page_size_,
                                                        .continue_ = continue_}),
                 .timeout = call_timeout});
  }
  action.problems = std::move(problems);
  return action;
}

template <class T>
WatchAction<T> WatchMachine<T>::on_version_check(const ListPage<T>& page, MonotonicTime now) {
  if (older(page.version, version_)) {
    Error error{.kind = ErrorKind::Expired,
                .message = "the server's resourceVersion decreased from " + version_.value +
                           " to " + page.version.value};
    return restart_sync({}, "VersionDecreased", std::move(error), now);
  }
  return proceed(open_stream(Phase::Streaming, version_, now));
}

template <class T>
WatchAction<T> WatchMachine<T>::on(WatchEvent<T> event, MonotonicTime now) {
  if (!has_open_stream()) return unchanged();
  return std::visit(
      [&](auto&& given) { return on_event(std::forward<decltype(given)>(given), now); },
      std::move(event));
}

template <class T>
WatchAction<T> WatchMachine<T>::on_event(Changed<T> event, MonotonicTime now) {
  record_event();
  if (phase_ == Phase::InitialEvents) {
    const Key key = event.object.meta.key;
    initial_objects_.insert_or_assign(key, std::move(event.object));
    if (now - opened_at_ > max_initial_events) {
      return on_sync_failure({.kind = ErrorKind::TimedOut,
                              .message = "the initial events of the watch did not end within 5 "
                                         "minutes"},
                             now);
    }
    if (initial_objects_.size() <= max_objects) return proceed(ReadStream{});
    return on_sync_failure({.kind = ErrorKind::Protocol,
                            .message = "the watch list has more objects than the limit of 500,000"},
                           now);
  }
  set_version(event.object.meta.resource_version);
  WatchAction<T> action = proceed(ReadStream{});
  action.change = Upsert<T>{std::move(event.object)};
  return action;
}

template <class T>
WatchAction<T> WatchMachine<T>::on_event(Deleted event, MonotonicTime) {
  record_event();
  WatchAction<T> action = proceed(ReadStream{});
  if (phase_ == Phase::InitialEvents) {
    initial_objects_.erase(event.key);
    return action;
  }
  set_version(event.version);
  action.change = Remove{.key = std::move(event.key), .uid = std::move(event.uid)};
  return action;
}

template <class T>
WatchAction<T> WatchMachine<T>::on_event(Unreadable event, MonotonicTime now) {
  WatchAction<T> action = on_event(
      Deleted{.key = std::move(event.key), .uid = {}, .version = std::move(event.version)}, now);
  action.problems.push_back(std::move(event.error));
  return action;
}

template <class T>
WatchAction<T> WatchMachine<T>::on_event(Bookmark event, MonotonicTime now) {
  if (phase_ == Phase::Streaming) {
    record_event();
    set_version(event.version);
    return proceed(ReadStream{});
  }
  // Servers without WatchList ignore sendInitialEvents and send the bookmarks of an ordinary watch.
  if (!event.initial_events_end) {
    supports_watch_list_ = false;
    return list_instead("NoWatchList", std::nullopt, now);
  }
  silent_watch_lists_ = 0;
  std::vector<T> objects;
  objects.reserve(initial_objects_.size());
  for (auto& [key, object] : initial_objects_) objects.push_back(std::move(object));
  initial_objects_.clear();
  phase_ = Phase::Streaming;
  stream_has_event_ = true;
  WatchAction<T> action = finish_sync(std::move(objects), std::move(event.version));
  next_ = action.next;
  return action;
}

template <class T>
WatchAction<T> WatchMachine<T>::on_event(Error event, MonotonicTime now) {
  return on(std::move(event), now);
}

template <class T>
WatchAction<T> WatchMachine<T>::on(Error error, MonotonicTime now) {
  const std::string_view reason = to_string(error.kind);
  switch (phase_) {
    case Phase::NotStarted:
    case Phase::BackingOff: return unchanged();
    case Phase::InitialEvents:
    case Phase::Listing: return on_sync_failure(std::move(error), now);
    case Phase::Streaming: return on_watch_failure(std::move(error), now);
    case Phase::CheckingVersion:
      return back_off(Phase::CheckingVersion, reason, std::move(error), now);
  }
  return unchanged();
}

template <class T>
WatchAction<T> WatchMachine<T>::on_sync_failure(Error error, MonotonicTime now) {
  const std::string_view reason = to_string(error.kind);
  const bool has_listed_pages = phase_ == Phase::Listing && !continue_.empty();
  if (phase_ == Phase::InitialEvents && is_bad_request(error)) {
    supports_watch_list_ = false;
    return list_instead("NoWatchList", std::move(error), now);
  }
  if (phase_ == Phase::InitialEvents &&
      (error.kind == ErrorKind::TooLarge || error.kind == ErrorKind::TimedOut)) {
    const bool is_silent = error.kind == ErrorKind::TimedOut;
    if (is_silent && ++silent_watch_lists_ >= max_silent_watch_lists) supports_watch_list_ = false;
    return list_instead(reason, std::move(error), now);
  }
  if (error.kind == ErrorKind::TooLarge) page_size_ = std::max(page_size_ / 2, 1);
  // A rejected minimum version is not requested again.
  if (rejects_version(error) && !not_older_than_.empty())
    return restart_sync({}, reason, std::move(error), now);
  // The first expired continue token restarts the list without a delay, but counts as a failure.
  if (error.kind == ErrorKind::Expired && has_listed_pages && backoff_.failures() == 0) {
    static_cast<void>(backoff_.next());
    return list_instead("ContinueExpired", std::move(error), now);
  }
  return back_off(Phase::InitialEvents, reason, std::move(error), now);
}

template <class T>
WatchAction<T> WatchMachine<T>::on_watch_failure(Error error, MonotonicTime now) {
  if (now - opened_at_ >= stable_stream_duration) {
    backoff_.reset();
    delays_next_sync_ = false;
  }
  const std::string_view reason = to_string(error.kind);
  if (rejects_version(error)) {
    ResourceVersion not_older_than =
        error.kind == ErrorKind::Expired ? version_ : ResourceVersion{};
    return restart_sync(std::move(not_older_than), reason, std::move(error), now);
  }
  if (may_depend_on_version(error) && (backoff_.failures() + 1) % max_failures_at_version == 0) {
    return restart_sync({}, reason, std::move(error), now);
  }
  return back_off(Phase::CheckingVersion, reason, std::move(error), now);
}

// Syncs again. There is no delay if, since the last sync, an event arrived or a stream failed after
// it had been open for long enough, or if the server rejected the minimum version and the new sync
// has none. Otherwise the sync waits for the backoff.
template <class T>
WatchAction<T> WatchMachine<T>::restart_sync(ResourceVersion not_older_than,
                                             std::string_view reason, std::optional<Error> error,
                                             MonotonicTime now) {
  const bool drops_minimum = !not_older_than_.empty() && not_older_than.empty() &&
                             (phase_ == Phase::InitialEvents || phase_ == Phase::Listing);
  not_older_than_ = std::move(not_older_than);
  if (delays_next_sync_ && !drops_minimum && error)
    return back_off(Phase::InitialEvents, reason, std::move(*error), now);
  delays_next_sync_ = true;
  WatchAction<T> action = proceed(enter(Phase::InitialEvents, now));
  action.restart_reason = reason;
  if (error) action.problems.push_back(std::move(*error));
  return action;
}

template <class T>
WatchAction<T> WatchMachine<T>::back_off(Phase then, std::string_view reason, Error error,
                                         MonotonicTime now) {
  const Duration retry_after = std::min(error.retry_after.value_or(Duration{0}), max_retry_after);
  const Duration delay = std::max(backoff_.next(), retry_after);
  phase_ = Phase::BackingOff;
  after_wait_ = then;
  initial_objects_.clear();
  listed_.clear();
  WatchAction<T> action = proceed(BackoffWait{.until = now + delay});
  action.restart_reason = reason;
  action.problems.push_back(std::move(error));
  return action;
}

template <class T>
WatchAction<T> WatchMachine<T>::list_instead(std::string_view reason, std::optional<Error> error,
                                             MonotonicTime now) {
  WatchAction<T> action = proceed(enter(Phase::Listing, now));
  action.restart_reason = reason;
  if (error) action.problems.push_back(std::move(*error));
  return action;
}

template <class T>
WatchAction<T> WatchMachine<T>::finish_sync(std::vector<T> objects, ResourceVersion version) {
  WatchAction<T> action;
  action.is_rewound = synced_ && older(version, version_);
  version_ = std::move(version);
  synced_ = true;
  ++syncs_;
  delays_next_sync_ = true;
  not_older_than_ = {};
  page_size_ = target_.page_size;
  action.change = Replace<T>{.namespace_ = target_.namespace_, .objects = std::move(objects)};
  return action;
}

template <class T>
WatchNext WatchMachine<T>::enter(Phase phase, MonotonicTime now) {
  if (phase == Phase::CheckingVersion) {
    phase_ = phase;
    return ListCall{.call = list_call(target_.collection, {.limit = 1}), .timeout = call_timeout};
  }
  initial_objects_.clear();
  listed_.clear();
  continue_.clear();
  if (phase == Phase::InitialEvents && supports_watch_list_)
    return open_stream(Phase::InitialEvents, not_older_than_, now);
  phase_ = Phase::Listing;
  ListOptions options{.label_selector = target_.label_selector,
                      .limit = page_size_,
                      .resource_version = not_older_than_.value};
  if (!not_older_than_.empty()) options.resource_version_match = "NotOlderThan";
  return ListCall{.call = list_call(target_.collection, options), .timeout = call_timeout};
}

template <class T>
WatchNext WatchMachine<T>::open_stream(Phase phase, const ResourceVersion& from,
                                       MonotonicTime now) {
  phase_ = phase;
  opened_at_ = now;
  stream_has_event_ = false;
  const int spread = max_watch_seconds - min_watch_seconds + 1;
  const int timeout =
      std::min(min_watch_seconds + static_cast<int>(random_source_() * spread), max_watch_seconds);
  return OpenStream{
      .call = watch_call(target_.collection, {.label_selector = target_.label_selector,
                                              .resource_version = from.value,
                                              .initial_events = phase == Phase::InitialEvents,
                                              .timeout_seconds = timeout}),
      .idle_timeout = phase == Phase::InitialEvents ? initial_idle_timeout : target_.idle_timeout};
}

template <class T>
void WatchMachine<T>::record_event() {
  stream_has_event_ = true;
  if (phase_ != Phase::Streaming) return;
  backoff_.reset();
  delays_next_sync_ = false;
}

template <class T>
void WatchMachine<T>::set_version(const ResourceVersion& version) {
  if (!version.empty()) version_ = version;
}

template class WatchMachine<api::Deployment>;
template class WatchMachine<api::Pod>;
template class WatchMachine<api::RollbackPolicy>;
template class WatchMachine<api::DeploymentGuard>;
template class WatchMachine<api::Rollback>;

}  // namespace lastgood::kube
