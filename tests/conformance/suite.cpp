#include "conformance/suite.hpp"

#include <fmt/format.h>

#include "conformance/behaviors.hpp"
#include "kube/lines.hpp"

namespace lastgood::conformance {

namespace asio = boost::asio;

namespace {

constexpr Duration response_timeout = std::chrono::seconds(20);
constexpr Resource used_resources[] = {Resource::ConfigMap, Resource::Deployment, Resource::Lease};

}  // namespace

asio::awaitable<Result<Json>> ConformanceClient::call(Result<api::ApiCall> call) {
  if (!call) co_return std::unexpected(call.error());
  auto body = co_await kube.call(std::move(*call), response_timeout);
  if (!body) co_return std::unexpected(body.error());
  co_return codec::parse_json(*body);
}

asio::awaitable<Result<Json>> ConformanceClient::get(Resource resource, const std::string& name) {
  co_return co_await call(kube::get(resource, key(name)));
}

asio::awaitable<Result<Json>> ConformanceClient::create(Resource resource, const std::string& name,
                                                        Json body) {
  body["apiVersion"] = kube::api_version_of(resource);
  body["kind"] = kube::kind_of(resource);
  body["metadata"]["name"] = key(name).name;
  co_return co_await call(kube::create(resource, namespace_, body));
}

asio::awaitable<Result<Json>> ConformanceClient::patch(Resource resource, const std::string& name,
                                                       const Json& patch) {
  co_return co_await call(kube::patch(resource, key(name), api::json_patch, patch.dump()));
}

asio::awaitable<Result<std::vector<std::string>>> ConformanceClient::watch(
    Resource resource, kube::WatchOptions options, std::size_t count, Json* last) {
  std::vector<std::string> seen;
  kube::LineSplitter lines;
  const auto on_line = [&](std::string_view line) {
    const auto event = codec::parse_json(line);
    if (!event) return true;
    const std::string type = text(*event, "/type");
    const std::string name = text(*event, "/object/metadata/name");
    if (last) *last = *event;
    if (type == "ERROR")
      seen.push_back(fmt::format("ERROR {}", event->value(JsonPointer("/object/code"), 0)));
    if (type == "BOOKMARK") seen.push_back("BOOKMARK");
    if (name.starts_with(name_prefix + "-"))
      seen.push_back(type + " " + name.substr(name_prefix.size() + 1));
    return seen.size() < count;
  };
  std::function<bool(std::string_view)> on_bytes = [&](std::string_view bytes) {
    return lines.feed(bytes, on_line).has_value() && seen.size() < count;
  };
  const std::string collection = kube::collection_path(resource, namespace_).value();
  const auto stream_result = co_await kube.stream(kube::watch_call(collection, options),
                                                  response_timeout, std::move(on_bytes));
  if (!stream_result) co_return std::unexpected(stream_result.error());
  co_return seen;
}

std::string text(const Json& object, const char* pointer) {
  return object.value(JsonPointer(pointer), std::string());
}
std::int64_t generation(const Json& object) {
  return object.value(JsonPointer("/metadata/generation"), std::int64_t{0});
}

Json config_map(const std::string& tier_label) {
  return {{"metadata", {{"labels", {{"tier", tier_label}}}}}, {"data", {{"a", "1"}}}};
}

Json deployment(const std::string& image) {
  const Json labels{{"app", "conformance"}};
  return {{"metadata", {{"annotations", {{"note", "first"}}}}},
          {"spec",
           {{"replicas", 0},
            {"selector", {{"matchLabels", labels}}},
            {"template",
             {{"metadata", {{"labels", labels}}},
              {"spec", {{"containers", Json::array({{{"name", "app"}, {"image", image}}})}}}}}}}};
}

Json test_operation(const char* path, Json value) {
  return {{"op", "test"}, {"path", path}, {"value", std::move(value)}};
}
Json add_operation(const char* path, Json value) {
  return {{"op", "add"}, {"path", path}, {"value", std::move(value)}};
}

Failure expect_error(const Result<Json>& response, ErrorKind kind, int status) {
  if (response)
    return fmt::format("the server accepted the request instead of rejecting it with {}", status);
  if (response.error().kind == kind && response.error().status == status) return {};
  return fmt::format("the server returned {} ({}: {}) instead of {} ({})", response.error().status,
                     to_string(response.error().kind), response.error().message, status,
                     to_string(kind));
}

Failure failure_of(const Result<Json>& response) {
  return response ? Failure()
                  : fmt::format("{}: {}", response.error().status, response.error().message);
}

namespace {

asio::awaitable<void> delete_objects(ConformanceClient& client) {
  for (const Resource resource : used_resources) {
    const auto list = co_await client.call(kube::list(resource, client.namespace_));
    if (!list) continue;
    for (const Json& item : (*list)["items"]) {
      const Key key{.namespace_ = client.namespace_, .name = text(item, "/metadata/name")};
      if (!key.name.starts_with(client.name_prefix + "-")) continue;
      co_await client.call(kube::remove(resource, key, Uid(text(item, "/metadata/uid"))));
    }
  }
}

}  // namespace

asio::awaitable<std::vector<BehaviorResult>> check_behaviors(ports::KubeApi& kube,
                                                             std::string namespace_,
                                                             std::string name_prefix) {
  ConformanceClient client{
      .kube = kube, .namespace_ = std::move(namespace_), .name_prefix = std::move(name_prefix)};
  std::vector<BehaviorResult> results;
  for (const auto behaviors : {write_behaviors(), read_behaviors()}) {
    for (const Behavior& behavior : behaviors) {
      co_await delete_objects(client);
      results.push_back(
          {.description = behavior.description, .failure = co_await behavior.check(client)});
    }
  }
  co_await delete_objects(client);
  co_return results;
}

}  // namespace lastgood::conformance
