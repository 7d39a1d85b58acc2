// Claims about reading: lists, pages, watches, and versions that are no longer or not yet served.
#include <fmt/format.h>

#include <array>

#include "conformance/claims.hpp"

namespace lastgood::conformance {

namespace asio = boost::asio;

namespace {

asio::awaitable<Wrong> absent(Server& server) {
  co_return unless_fails(co_await server.get(Resource::ConfigMap, "nobody"), ErrorKind::NotFound, 404);
}

asio::awaitable<void> three_config_maps(Server& server) {
  co_await server.create(Resource::ConfigMap, "a", config_map("one"));
  co_await server.create(Resource::ConfigMap, "b", config_map("two"));
  co_await server.create(Resource::ConfigMap, "c", config_map("one"));
}

asio::awaitable<Wrong> selected(Server& server) {
  co_await three_config_maps(server);
  constexpr std::array<std::pair<const char*, std::size_t>, 5> expected{
      {{"tier=one", 2}, {"tier==two", 1}, {"tier in (one,two)", 3}, {"tier=one,tier notin (one)", 0}, {"tier,tier!=one", 1}}};
  for (const auto& [selector, count] : expected) {
    const auto list = co_await server.ask(kube::list(Resource::ConfigMap, server.namespace_, selector));
    if (!list) co_return unless_done(list);
    if ((*list)["items"].size() != count) co_return fmt::format("{} items by {}", (*list)["items"].size(), selector);
  }
  co_return "";
}

asio::awaitable<Wrong> paged(Server& server) {
  co_await three_config_maps(server);
  const std::string collection = kube::collection_path(Resource::ConfigMap, server.namespace_).value();
  std::string names;
  std::string next;
  for (int page = 0; page < 5; ++page) {
    const kube::ListOptions options{.label_selector = "tier", .limit = 1, .continue_ = next};
    const auto list = co_await server.ask(kube::list_call(collection, options));
    if (!list) co_return unless_done(list);
    if ((*list)["items"].size() > 1) co_return "a page of more than one";
    for (const Json& item : (*list)["items"]) names += text(item, "/metadata/name").back();
    next = text(*list, "/metadata/continue");
    if (next.empty()) co_return names == "abc" ? "" : "the pages were of " + names;
  }
  co_return "the pages do not end";
}

asio::awaitable<Wrong> watched(Server& server) {
  const auto before = co_await server.ask(kube::list(Resource::ConfigMap, server.namespace_));
  if (!before) co_return unless_done(before);
  const auto made = co_await server.create(Resource::ConfigMap, "a", config_map("one"));
  const auto changed = co_await server.patch(Resource::ConfigMap, "a", Json::array({set("/data/a", "2")}));
  if (!made || !changed) co_return unless_done(changed);
  co_await server.ask(kube::remove(Resource::ConfigMap, server.key("a"), Uid(text(*made, "/metadata/uid"))));
  Json last;
  auto seen = co_await server.watch(
      Resource::ConfigMap, {.resource_version = ResourceVersion(text(*before, "/metadata/resourceVersion")).value}, 3, &last);
  if (!seen) co_return seen.error().message;
  if (*seen != std::vector<std::string>{"ADDED a", "MODIFIED a", "DELETED a"})
    co_return fmt::format("{} events, first {}", seen->size(), seen->front());
  if (text(last, "/object/metadata/resourceVersion") == text(*changed, "/metadata/resourceVersion")) {
    co_return "a deletion has the version of the last change";
  }
  seen = co_await server.watch(Resource::ConfigMap, {.resource_version = text(*made, "/metadata/resourceVersion")}, 2);
  if (!seen) co_return seen.error().message;
  co_return *seen == std::vector<std::string>{"MODIFIED a", "DELETED a"} ? ""
                                                                         : "resuming repeats or skips: first " + seen->front();
}

asio::awaitable<Wrong> watch_list(Server& server) {
  co_await three_config_maps(server);
  Json last;
  const auto seen = co_await server.watch(Resource::ConfigMap, {.initial_events = true}, 4, &last);
  if (!seen) co_return seen.error().message;
  if (seen->size() != 4 || seen->back() != "BOOKMARK") co_return fmt::format("{} events, last {}", seen->size(), seen->back());
  const std::string end = text(last, "/object/metadata/annotations/k8s.io~1initial-events-end");
  if (text(last, "/object/metadata/resourceVersion").empty()) co_return "the bookmark has no version";
  co_return end == "true" ? "" : "the bookmark does not say that the initial events end";
}

asio::awaitable<Wrong> expired(Server& server) {
  const auto seen = co_await server.watch(Resource::ConfigMap, {.resource_version = "1"}, 1);
  if (!seen) co_return seen.error().message;
  co_return !seen->empty() && seen->front() == "ERROR 410" ? "" : "no ERROR event of code 410";
}

asio::awaitable<Wrong> future(Server& server) {
  const auto list = co_await server.ask(kube::list(Resource::ConfigMap, server.namespace_));
  if (!list) co_return unless_done(list);
  const auto far = std::to_string(std::stoull(text(*list, "/metadata/resourceVersion")) + 1'000'000);
  const std::string collection = kube::collection_path(Resource::ConfigMap, server.namespace_).value();
  const kube::ListOptions options{.resource_version = far, .resource_version_match = "NotOlderThan"};
  co_return unless_fails(co_await server.ask(kube::list_call(collection, options)), ErrorKind::VersionTooLarge, 504);
}

constexpr std::array claims{
    Claim{"what is not there is answered with 404", absent},
    Claim{"a list by labels has the objects that the selector means", selected},
    Claim{"a list by pages has every object once", paged},
    Claim{"a watch tells of every change after a version, in order, and goes on where it ended", watched},
    Claim{"a watch with initial events has every object first, and then a bookmark that says so", watch_list},
    Claim{"a watch from an expired version is accepted and told so by an ERROR event of code 410", expired},
    Claim{"a list at a version that is not reached yet is refused with 504, ResourceVersionTooLarge", future},
};

}  // namespace

std::span<const Claim> claims_about_reading() { return claims; }

}  // namespace lastgood::conformance
