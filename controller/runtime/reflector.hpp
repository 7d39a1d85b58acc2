// Keeps a store equal to the server's objects of one kind: carries out what the watch machine asks for, and nothing else.
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

  Reflector(std::string kind, kube::WatchTarget target, kube::Uniform uniform, ports::KubeApi& kube, ports::Clock& clock,
            ports::Telemetry& telemetry, kube::ObjectStore<T>& store, OnDeltas on_deltas)
      : kind_(std::move(kind)),
        machine_(std::move(target), std::move(uniform)),
        kube_(kube),
        clock_(clock),
        telemetry_(telemetry),
        store_(store),
        on_deltas_(std::move(on_deltas)) {}

  // Every object was seen at least once. on_deltas is called, with nothing if need be, when this becomes true.
  [[nodiscard]] bool synced() const { return machine_.synced(); }

  // Never returns; ends by cancellation.
  boost::asio::awaitable<void> run() {
    kube::WatchNext next = step(kube::Started{});
    for (;;) {
      if (auto* fetch = std::get_if<kube::Fetch>(&next)) {
        next = co_await carry_out(std::move(*fetch));
      } else if (auto* open = std::get_if<kube::Open>(&next)) {
        next = co_await carry_out(std::move(*open));
      } else if (auto* wait = std::get_if<kube::Wait>(&next)) {
        co_await clock_.sleep_until(wait->until);
        next = step(kube::TimerFired{});
      } else {
        next = step(kube::StreamEnded{});
      }
    }
  }

 private:
  kube::WatchNext step(kube::WatchInput<T> input) {
    const bool was_synced = machine_.synced();
    kube::WatchAction<T> action = machine_.step(std::move(input), clock_.steady());
    for (const Error& problem : action.problems) log::warn("watch", {{"kind", kind_}, {"error", problem}});
    if (!action.restarted.empty()) telemetry_.watch_restarted(kind_, action.restarted);
    kube::Deltas<T> deltas;
    if (action.change) deltas = store_.apply(std::move(*action.change));
    if (!deltas.empty() || was_synced != machine_.synced()) on_deltas_(deltas);
    return std::move(action.next);
  }

  boost::asio::awaitable<kube::WatchNext> carry_out(kube::Fetch fetch) {
    auto body = co_await kube_.call(std::move(fetch.call), fetch.timeout);
    if (!body) co_return step(body.error());
    auto page = kube::parse_list<T>(std::move(*body));
    if (!page) co_return step(page.error());
    co_return step(std::move(*page));
  }

  boost::asio::awaitable<kube::WatchNext> carry_out(kube::Open open) {
    kube::LineSplitter lines;
    std::optional<kube::WatchNext> next;  // set when an event ends the stream
    const auto on_line = [&](std::string_view line) {
      auto event = kube::parse_event<T>(line);
      kube::WatchNext after = event ? step(std::move(*event)) : step(event.error());
      if (!std::holds_alternative<kube::Read>(after)) next = std::move(after);
      return !next.has_value();
    };
    std::function<bool(std::string_view)> on_bytes = [&](std::string_view bytes) {
      const auto fed = lines.feed(bytes, on_line);
      if (!fed) next = step(fed.error());
      return !next.has_value();
    };
    const auto ended = co_await kube_.stream(std::move(open.call), open.idle_timeout, std::move(on_bytes));
    if (next) co_return std::move(*next);
    co_return ended ? step(kube::StreamEnded{}) : step(ended.error());
  }

  std::string kind_;
  kube::WatchMachine<T> machine_;
  ports::KubeApi& kube_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
  kube::ObjectStore<T>& store_;
  OnDeltas on_deltas_;
};

}  // namespace lastgood::runtime
