#include "conformance/suite.hpp"

#include <fmt/format.h>

#include "conformance/claims.hpp"
#include "kube/lines.hpp"

namespace lastgood::conformance {

namespace asio = boost::asio;

namespace {

constexpr Duration patience{20'000};
constexpr Resource used[] = {Resource::ConfigMap, Resource::Deployment, Resource::Lease};

}  // namespace

asio::awaitable<Result<Json>> Server::ask(Result<api::ApiCall> call) {
  if (!call) co_return std::unexpected(call.error());
  auto body = co_await kube.call(std::move(*call), patience);
  if (!body) co_return std::unexpected(body.error());
  co_return codec::parse_json(*body);
}

asio::awaitable<Result<Json>> Server::get(Resource resource, const std::string& name) {
  co_return co_await ask(kube::get(resource, key(name)));
}

asio::awaitable<Result<Json>> Server::create(Resource resource, const std::string& name, Json body) {
  body["apiVersion"] = kube::api_version_of(resource);
  body["kind"] = kube::kind_of(resource);
  body["metadata"]["name"] = key(name).name;
  co_return co_await ask(kube::create(resource, namespace_, body));
}

asio::awaitable<Result<Json>> Server::patch(Resource resource, const std::string& name, const Json& patch) {
  co_return co_await ask(kube::patch(resource, key(name), api::json_patch, patch.dump()));
}

asio::awaitable<Result<std::vector<std::string>>> Server::watch(Resource resource, kube::WatchOptions options, std::size_t most,
                                                                Json* last) {
  std::vector<std::string> seen;
  kube::LineSplitter lines;
  const auto on_line = [&](std::string_view line) {
    const auto event = codec::parse_json(line);
    if (!event) return true;
    const std::string type = text(*event, "/type");
    const std::string name = text(*event, "/object/metadata/name");
    if (last) *last = *event;
    if (type == "ERROR") seen.push_back(fmt::format("ERROR {}", event->value(Pointer("/object/code"), 0)));
    if (type == "BOOKMARK") seen.push_back("BOOKMARK");
    if (name.starts_with(run + "-")) seen.push_back(type + " " + name.substr(run.size() + 1));
    return seen.size() < most;
  };
  std::function<bool(std::string_view)> on_bytes = [&](std::string_view bytes) {
    return lines.feed(bytes, on_line).has_value() && seen.size() < most;
  };
  const std::string collection = kube::collection_path(resource, namespace_).value();
  const auto ended = co_await kube.stream(kube::watch_call(collection, options), patience, std::move(on_bytes));
  if (!ended) co_return std::unexpected(ended.error());
  co_return seen;
}

std::string text(const Json& object, const char* pointer) { return object.value(Pointer(pointer), std::string()); }
std::int64_t generation(const Json& object) { return object.value(Pointer("/metadata/generation"), std::int64_t{0}); }

Json config_map(const std::string& label) { return {{"metadata", {{"labels", {{"tier", label}}}}}, {"data", {{"a", "1"}}}}; }

Json deployment(const std::string& image) {
  const Json labels{{"app", "conformance"}};
  return {
      {"metadata", {{"annotations", {{"note", "first"}}}}},
      {"spec",
       {{"replicas", 0},
        {"selector", {{"matchLabels", labels}}},
        {"template",
         {{"metadata", {{"labels", labels}}}, {"spec", {{"containers", Json::array({{{"name", "app"}, {"image", image}}})}}}}}}}};
}

Json test(const char* path, Json value) { return {{"op", "test"}, {"path", path}, {"value", std::move(value)}}; }
Json set(const char* path, Json value) { return {{"op", "add"}, {"path", path}, {"value", std::move(value)}}; }

Wrong unless_fails(const Result<Json>& answer, ErrorKind kind, int status) {
  if (answer) return fmt::format("it was done, where {} was due", status);
  if (answer.error().kind == kind && answer.error().status == status) return {};
  return fmt::format("{} ({}: {}), where {} was due", answer.error().status, to_string(answer.error().kind),
                     answer.error().message, status);
}

Wrong unless_done(const Result<Json>& answer) {
  return answer ? Wrong() : fmt::format("{}: {}", answer.error().status, answer.error().message);
}

namespace {

asio::awaitable<void> sweep(Server& server) {
  for (const Resource resource : used) {
    const auto list = co_await server.ask(kube::list(resource, server.namespace_));
    if (!list) continue;
    for (const Json& item : (*list)["items"]) {
      const Key key{.namespace_ = server.namespace_, .name = text(item, "/metadata/name")};
      if (!key.name.starts_with(server.run + "-")) continue;
      co_await server.ask(kube::remove(resource, key, Uid(text(item, "/metadata/uid"))));
    }
  }
}

}  // namespace

asio::awaitable<std::vector<Finding>> examine(ports::KubeApi& kube, std::string namespace_, std::string run) {
  Server server{.kube = kube, .namespace_ = std::move(namespace_), .run = std::move(run)};
  std::vector<Finding> findings;
  for (const auto claims : {claims_about_objects(), claims_about_reading()}) {
    for (const Claim& claim : claims) {
      co_await sweep(server);
      findings.push_back({.claim = claim.sentence, .wrong = co_await claim.holds(server)});
    }
  }
  co_await sweep(server);
  co_return findings;
}

}  // namespace lastgood::conformance
