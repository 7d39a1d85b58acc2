// Keeps an object store in sync with one collection on the API server: performs the calls, streams
// and waits of kube::WatchMachine. The protocol is documented there.
// runtime/selective_reflector.hpp is for a collection whose label selector changes.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "kube/lines.hpp"
#include "kube/object_store.hpp"
#include "kube/watch_machine.hpp"
#include "ports/clock.hpp"
#include "ports/kube_api.hpp"
#include "ports/telemetry.hpp"

namespace lastgood::runtime {

template <class T>
class Reflector {
 public:
  using OnDeltas = std::function<void(const kube::Deltas<T>&)>;
  using OnRemoved = std::function<void(const kube::Remove&)>;
  using OnRewound = std::function<void()>;

  // `kind` is for logs and metrics. Calls on_deltas() after each change of the store, and without
  // deltas when a watch opens and when all objects have been read. Calls on_removed() with each
  // object that the watch reports as deleted, also if the store does not have it: a list that began
  // before the deletion may still return the object. Calls on_rewound() before a change of the
  // store that WatchAction::is_rewound is about.
  Reflector(std::string kind, kube::WatchTarget target, kube::RandomSource random_source,
            ports::KubeApi& kube, ports::Clock& clock, ports::Telemetry& telemetry,
            kube::ObjectStore<T>& store, OnDeltas on_deltas, OnRemoved on_removed = {},
            OnRewound on_rewound = {})
      : kind_(std::move(kind)),
        machine_(std::move(target), std::move(random_source)),
        kube_(kube),
        clock_(clock),
        telemetry_(telemetry),
        store_(store),
        on_deltas_(std::move(on_deltas)),
        on_removed_(std::move(on_removed)),
        on_rewound_(std::move(on_rewound)) {}

  // True once all objects have been seen: an object that the store lacks does not exist.
  [[nodiscard]] bool synced() const { return machine_.synced(); }
  // The number of times that all objects were read.
  [[nodiscard]] int syncs() const { return machine_.syncs(); }
  // The last resource version seen.
  [[nodiscard]] const ResourceVersion& version() const { return machine_.version(); }
  // A watch is open, and its next event changes the store.
  [[nodiscard]] bool is_streaming() const { return is_open_ && machine_.is_streaming(); }
  // When is_streaming() last became false. Empty: no watch has ended yet.
  [[nodiscard]] std::optional<MonotonicTime> streamed_until() const { return streamed_until_; }

  // Runs until it is cancelled. Errors of the API server are logged and retried.
  boost::asio::awaitable<void> run() { return run_from(kube::StartWatch{}); }
  // The same for the objects that `label_selector` matches. After a cancellation, call it again
  // with another selector: it continues from the last version. See kube::Select.
  boost::asio::awaitable<void> run(std::string label_selector) {
    return run_from(kube::Select{std::move(label_selector)});
  }

 private:
  boost::asio::awaitable<void> run_from(kube::WatchInput<T> first) {
    kube::WatchNext next = step(std::move(first));
    for (;;) {
      if (auto* list = std::get_if<kube::ListCall>(&next)) {
        next = co_await perform(std::move(*list));
      } else if (auto* open = std::get_if<kube::OpenStream>(&next)) {
        next = co_await perform(std::move(*open));
      } else if (auto* wait = std::get_if<kube::BackoffWait>(&next)) {
        co_await clock_.sleep_until(wait->until);
        next = step(kube::WaitElapsed{});
      } else {
        next = step(kube::StreamEnded{});
      }
    }
  }

  kube::WatchNext step(kube::WatchInput<T> input) {
    const int syncs_before = machine_.syncs();
    const bool was_streaming = is_streaming();
    kube::WatchAction<T> action = machine_.step(std::move(input), clock_.monotonic_now());
    if (was_streaming && !is_streaming()) streamed_until_ = clock_.monotonic_now();
    for (const Error& problem : action.problems)
      log::warn("the watch reported an error", {{"kind", kind_}, {"error", problem}});
    if (!action.restart_reason.empty()) telemetry_.watch_restarted(kind_, action.restart_reason);
    kube::Deltas<T> deltas;
    if (action.is_rewound && on_rewound_) on_rewound_();
    const auto* removed = action.change ? std::get_if<kube::Remove>(&*action.change) : nullptr;
    if (removed && on_removed_) on_removed_(*removed);
    if (action.change) deltas = store_.apply(std::move(*action.change));
    if (!deltas.empty() || syncs_before != machine_.syncs()) on_deltas_(deltas);
    return std::move(action.next);
  }

  boost::asio::awaitable<kube::WatchNext> perform(kube::ListCall list) {
    auto body = co_await kube_.call(std::move(list.call), list.timeout);
    if (!body) co_return step(body.error());
    auto page = kube::parse_list<T>(std::move(*body));
    if (!page) co_return step(page.error());
    co_return step(std::move(*page));
  }

  boost::asio::awaitable<kube::WatchNext> perform(kube::OpenStream open) {
    kube::LineSplitter lines;
    std::optional<kube::WatchNext> next;  // set when an event ends the stream
    const auto on_line = [&](std::string_view line) {
      auto event = kube::parse_event<T>(line);
      kube::WatchNext after = event ? step(std::move(*event)) : step(event.error());
      if (!std::holds_alternative<kube::ReadStream>(after)) next = std::move(after);
      return !next.has_value();
    };
    const EndOfStream end_of_stream(*this);
    std::function<bool(std::string_view)> on_bytes = [&](std::string_view bytes) {
      if (!std::exchange(is_open_, true)) on_deltas_({});
      const auto split = lines.feed(bytes, on_line);
      if (!split) next = step(split.error());
      return !next.has_value();
    };
    const auto ended =
        co_await kube_.stream(std::move(open.call), open.idle_timeout, std::move(on_bytes));
    if (next) co_return std::move(*next);
    co_return ended ? step(kube::StreamEnded{}) : step(ended.error());
  }

  // Records the end of a stream that step() does not record: one that was cancelled, or that is
  // opened again at once.
  class EndOfStream {
   public:
    explicit EndOfStream(Reflector& reflector) : reflector_(reflector) {}
    EndOfStream(const EndOfStream&) = delete;
    EndOfStream& operator=(const EndOfStream&) = delete;
    ~EndOfStream() {
      if (reflector_.is_streaming()) reflector_.streamed_until_ = reflector_.clock_.monotonic_now();
      reflector_.is_open_ = false;
    }

   private:
    Reflector& reflector_;
  };

  std::string kind_;
  kube::WatchMachine<T> machine_;
  ports::KubeApi& kube_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
  kube::ObjectStore<T>& store_;
  OnDeltas on_deltas_;
  OnRemoved on_removed_;
  OnRewound on_rewound_;
  bool is_open_ = false;  // the server has accepted the stream
  std::optional<MonotonicTime> streamed_until_;
};

}  // namespace lastgood::runtime
