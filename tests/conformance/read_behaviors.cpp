// Behaviors of reads: lists, pages, watches, and versions that are expired or in the future.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "conformance/behaviors.hpp"

namespace lastgood::conformance {

namespace asio = boost::asio;

namespace {

asio::awaitable<Failure> get_missing(ConformanceClient& client) {
  co_return expect_error(co_await client.get(Resource::ConfigMap, "missing"), ErrorKind::NotFound,
                         404);
}

asio::awaitable<void> create_three_config_maps(ConformanceClient& client) {
  co_await client.create(Resource::ConfigMap, "a", config_map("one"));
  co_await client.create(Resource::ConfigMap, "b", config_map("two"));
  co_await client.create(Resource::ConfigMap, "c", config_map("one"));
}

asio::awaitable<Failure> list_by_label(ConformanceClient& client) {
  co_await create_three_config_maps(client);
  constexpr std::array<std::pair<const char*, std::size_t>, 5> expected{
      {{"tier=one", 2},
       {"tier==two", 1},
       {"tier in (one,two)", 3},
       {"tier=one,tier notin (one)", 0},
       {"tier,tier!=one", 1}}};
  for (const auto& [selector, count] : expected) {
    const auto list =
        co_await client.call(kube::list(Resource::ConfigMap, client.namespace_, selector));
    if (!list) co_return failure_of(list);
    if ((*list)["items"].size() != count)
      co_return fmt::format("the list has {} items with the selector {}", (*list)["items"].size(),
                            selector);
  }
  co_return success;
}

asio::awaitable<Failure> list_in_pages(ConformanceClient& client) {
  co_await create_three_config_maps(client);
  const std::string collection =
      kube::collection_path(Resource::ConfigMap, client.namespace_).value();
  std::string names;
  std::string next;
  for (int page = 0; page < 5; ++page) {
    const kube::ListOptions options{.label_selector = "tier", .limit = 1, .continue_ = next};
    const auto list = co_await client.call(kube::list_call(collection, options));
    if (!list) co_return failure_of(list);
    if ((*list)["items"].size() > 1) co_return "a page has more than one item with a limit of 1";
    for (const Json& item : (*list)["items"]) names += text(item, "/metadata/name").back();
    next = text(*list, "/metadata/continue");
    if (next.empty())
      co_return names == "abc" ? success
                               : "the pages have the objects " + names + " instead of abc";
  }
  co_return "the list has more than 5 pages for 3 objects";
}

asio::awaitable<Failure> watch_from_version(ConformanceClient& client) {
  const auto before = co_await client.call(kube::list(Resource::ConfigMap, client.namespace_));
  if (!before) co_return failure_of(before);
  const auto created = co_await client.create(Resource::ConfigMap, "a", config_map("one"));
  const auto changed =
      co_await client.patch(Resource::ConfigMap, "a", Json::array({add_operation("/data/a", "2")}));
  if (!created) co_return failure_of(created);
  if (!changed) co_return failure_of(changed);
  co_await client.call(
      kube::remove(Resource::ConfigMap, client.key("a"), Uid(text(*created, "/metadata/uid"))));
  Json last;
  auto seen = co_await client.watch(
      Resource::ConfigMap, {.resource_version = text(*before, "/metadata/resourceVersion")}, 3,
      &last);
  if (!seen) co_return seen.error().message;
  if (*seen != std::vector<std::string>{"ADDED a", "MODIFIED a", "DELETED a"})
    co_return fmt::format("the watch sent: {}", fmt::join(*seen, ", "));
  if (text(last, "/object/metadata/resourceVersion") ==
      text(*changed, "/metadata/resourceVersion")) {
    co_return "the DELETED event has the resourceVersion of the last change";
  }
  seen = co_await client.watch(
      Resource::ConfigMap, {.resource_version = text(*created, "/metadata/resourceVersion")}, 2);
  if (!seen) co_return seen.error().message;
  co_return *seen == std::vector<std::string>{"MODIFIED a", "DELETED a"}
      ? success
      : fmt::format("the watch from the first change sent: {}", fmt::join(*seen, ", "));
}

asio::awaitable<Failure> watch_initial_events(ConformanceClient& client) {
  co_await create_three_config_maps(client);
  Json last;
  const auto seen = co_await client.watch(Resource::ConfigMap, {.initial_events = true}, 4, &last);
  if (!seen) co_return seen.error().message;
  if (seen->size() != 4 || seen->back() != "BOOKMARK")
    co_return fmt::format("the watch sent: {}", fmt::join(*seen, ", "));
  const std::string initial_events_end =
      text(last, "/object/metadata/annotations/k8s.io~1initial-events-end");
  if (text(last, "/object/metadata/resourceVersion").empty())
    co_return "the bookmark has no resourceVersion";
  co_return initial_events_end == "true"
      ? success
      : "the bookmark does not have the annotation k8s.io/initial-events-end";
}

asio::awaitable<Failure> watch_initial_events_by_label(ConformanceClient& client) {
  co_await create_three_config_maps(client);
  const auto seen = co_await client.watch(
      Resource::ConfigMap, {.label_selector = "tier in (one,three)", .initial_events = true}, 3);
  if (!seen) co_return seen.error().message;
  co_return *seen == std::vector<std::string>{"ADDED a", "ADDED c", "BOOKMARK"}
      ? success
      : fmt::format("the watch sent: {}", fmt::join(*seen, ", "));
}

// The selector of a watch can be changed: a watch from the last version with another selector sends
// the later changes of the objects that the new selector matches.
asio::awaitable<Failure> watch_from_version_by_label(ConformanceClient& client) {
  const auto before = co_await client.call(kube::list(Resource::ConfigMap, client.namespace_));
  if (!before) co_return failure_of(before);
  co_await create_three_config_maps(client);
  const auto relabel = [&client](const char* tier) -> asio::awaitable<Result<Json>> {
    co_return co_await client.patch(Resource::ConfigMap, "c",
                                    Json::array({add_operation("/metadata/labels/tier", tier)}));
  };
  const auto left = co_await relabel("three");
  if (!left) co_return failure_of(left);
  const auto changed =
      co_await client.patch(Resource::ConfigMap, "c", Json::array({add_operation("/data/a", "2")}));
  if (!changed) co_return failure_of(changed);
  const auto returned = co_await relabel("one");
  if (!returned) co_return failure_of(returned);
  const kube::WatchOptions options{.label_selector = "tier in (one,none)",
                                   .resource_version = text(*before, "/metadata/resourceVersion")};
  const auto seen = co_await client.watch(Resource::ConfigMap, options, 4);
  if (!seen) co_return seen.error().message;
  co_return *seen == std::vector<std::string>{"ADDED a", "ADDED c", "DELETED c", "ADDED c"}
      ? success
      : fmt::format("the watch sent: {}", fmt::join(*seen, ", "));
}

asio::awaitable<Failure> list_not_older_than(ConformanceClient& client) {
  const auto created = co_await client.create(Resource::ConfigMap, "a", config_map("one"));
  if (!created) co_return failure_of(created);
  const std::string collection =
      kube::collection_path(Resource::ConfigMap, client.namespace_).value();
  const kube::ListOptions options{.label_selector = "tier in (one)",
                                  .limit = 500,
                                  .resource_version = text(*created, "/metadata/resourceVersion"),
                                  .resource_version_match = "NotOlderThan"};
  const auto list = co_await client.call(kube::list_call(collection, options));
  if (!list) co_return failure_of(list);
  co_return (*list)["items"].size() == 1 ? success
                                         : "the list lacks the object of the requested version";
}

asio::awaitable<Failure> watch_expired_version(ConformanceClient& client) {
  const auto seen = co_await client.watch(Resource::ConfigMap, {.resource_version = "1"}, 1);
  if (!seen) co_return seen.error().message;
  co_return !seen->empty() && seen->front() == "ERROR 410"
      ? success
      : "the watch did not send an ERROR event with code 410";
}

asio::awaitable<Failure> list_future_version(ConformanceClient& client) {
  const auto list = co_await client.call(kube::list(Resource::ConfigMap, client.namespace_));
  if (!list) co_return failure_of(list);
  const auto future_version =
      std::to_string(std::stoull(text(*list, "/metadata/resourceVersion")) + 1'000'000);
  const std::string collection =
      kube::collection_path(Resource::ConfigMap, client.namespace_).value();
  const kube::ListOptions options{.resource_version = future_version,
                                  .resource_version_match = "NotOlderThan"};
  co_return expect_error(co_await client.call(kube::list_call(collection, options)),
                         ErrorKind::VersionTooLarge, 504);
}

constexpr std::array behaviors{
    Behavior{"reading an object that does not exist returns 404", get_missing},
    Behavior{"a list with a label selector has the objects that match", list_by_label},
    Behavior{"a list in pages has each object once", list_in_pages},
    Behavior{"a watch from a version sends all later changes in their order", watch_from_version},
    Behavior{"a watch with initial events sends all objects, and then a bookmark",
             watch_initial_events},
    Behavior{"a watch with a label selector sends the initial objects that match",
             watch_initial_events_by_label},
    Behavior{"a watch with a label selector sends DELETED when an object does not match any more",
             watch_from_version_by_label},
    Behavior{"a list that is not older than a version has the object of this version",
             list_not_older_than},
    Behavior{"a watch from an expired version sends an ERROR event with code 410",
             watch_expired_version},
    Behavior{"a list at a future version is rejected with 504 ResourceVersionTooLarge",
             list_future_version},
};

}  // namespace

std::span<const Behavior> read_behaviors() { return behaviors; }

}  // namespace lastgood::conformance
