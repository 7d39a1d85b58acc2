#include "shell/event_recorder.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "codec/manifests.hpp"
#include "kube/paths.hpp"
#include "rollback/outcome.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;
using kube::Resource;

namespace {

// The number of Event names that are remembered for one Deployment. Above it, all names are
// forgotten. If a forgotten Event is emitted again, the server returns AlreadyExists, and the Event
// becomes a series in the same way.
constexpr std::size_t max_remembered = 64;

}  // namespace

asio::awaitable<guard::EventsEmitted> EventRecorder::record(const api::Deployment& deployment,
                                                            std::vector<guard::EventRecord> events,
                                                            std::map<std::string, int> counts,
                                                            runtime::Term term) {
  for (const guard::EventRecord& event : events) co_await emit(deployment, event, counts, term);
  co_return guard::EventsEmitted{.counts = std::move(counts)};
}

asio::awaitable<void> EventRecorder::record(const api::RollbackPolicy& policy,
                                            api::EventRecord event, runtime::Term term) {
  const codec::Json manifest = codec::event_manifest(policy, event, instance_, clock_.now());
  log::info(event.note,
            {{"policy", policy.meta.key.str()}, {"reason", api::to_string(event.reason)}});
  const auto written = co_await gateway_.write(
      term, kube::create(Resource::Event, policy.meta.key.namespace_, manifest));
  if (!written && written.error().kind != ErrorKind::AlreadyExists) {
    log::warn("cannot write an Event; it is dropped", {{"policy", policy.meta.key.str()},
                                                       {"reason", api::to_string(event.reason)},
                                                       {"error", written.error()}});
  }
}

asio::awaitable<void> EventRecorder::emit(const api::Deployment& deployment,
                                          const guard::EventRecord& event,
                                          std::map<std::string, int>& counts, runtime::Term term) {
  const Time now = clock_.now();
  const codec::Json manifest = codec::event_manifest(deployment, event, instance_, now);
  const Key key{.namespace_ = deployment.meta.key.namespace_, .name = rollback::name_in(manifest)};
  log::info(event.note, {{"deployment", deployment.meta.key.str()},
                         {"reason", api::to_string(event.reason)},
                         {"action", api::to_string(event.action)}});
  if (counts.size() > max_remembered) counts.clear();
  const int count = ++counts[key.name];
  auto written = Result<codec::Json>(codec::Json());
  if (count == 1)
    written =
        co_await gateway_.write(term, kube::create(Resource::Event, key.namespace_, manifest));
  const bool is_repeated =
      count > 1 || (!written && written.error().kind == ErrorKind::AlreadyExists);
  if (is_repeated) {
    // A series has at least two Events, also if the first one was forgotten here.
    const std::string series = codec::event_series(std::max(count, 2), now).dump();
    written =
        co_await gateway_.write(term, kube::patch(Resource::Event, key, api::merge_patch, series));
    // The server deletes Events after an hour by default, so the repeated Event may be gone.
    const bool is_expired = !written && written.error().kind == ErrorKind::NotFound;
    if (is_expired)
      written =
          co_await gateway_.write(term, kube::create(Resource::Event, key.namespace_, manifest));
  }
  if (!written) {
    log::warn("cannot write an Event; it is dropped", {{"deployment", deployment.meta.key.str()},
                                                       {"reason", api::to_string(event.reason)},
                                                       {"error", written.error()}});
  }
}

}  // namespace lastgood::shell
