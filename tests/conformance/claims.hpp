// What the claims share: calls that say what came of them, and a few objects. Must not know which server it is asking.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "codec/objects.hpp"
#include "kube/paths.hpp"
#include "ports/kube_api.hpp"

namespace lastgood::conformance {

using codec::Json;
using kube::Resource;
using Pointer = Json::json_pointer;
using Wrong = std::string;  // empty: nothing is

struct Server {
  ports::KubeApi& kube;
  std::string namespace_;
  std::string run;

  [[nodiscard]] Key key(const std::string& name) const { return {.namespace_ = namespace_, .name = run + "-" + name}; }
  boost::asio::awaitable<Result<Json>> ask(Result<api::ApiCall> call);
  boost::asio::awaitable<Result<Json>> get(Resource resource, const std::string& name);
  boost::asio::awaitable<Result<Json>> create(Resource resource, const std::string& name, Json body);
  boost::asio::awaitable<Result<Json>> patch(Resource resource, const std::string& name, const Json& patch);
  // The events about our objects, as "TYPE name", from `version` on, until there are `most`; the last event whole in `last`.
  boost::asio::awaitable<Result<std::vector<std::string>>> watch(Resource resource, kube::WatchOptions options, std::size_t most,
                                                                 Json* last = nullptr);
};

struct Claim {
  const char* sentence;
  boost::asio::awaitable<Wrong> (*holds)(Server& server);
};
[[nodiscard]] std::span<const Claim> claims_about_objects();
[[nodiscard]] std::span<const Claim> claims_about_reading();

[[nodiscard]] std::string text(const Json& object, const char* pointer);
[[nodiscard]] std::int64_t generation(const Json& object);
[[nodiscard]] Json config_map(const std::string& label);
[[nodiscard]] Json deployment(const std::string& image);
[[nodiscard]] Json test(const char* path, Json value);
[[nodiscard]] Json set(const char* path, Json value);

// Empty when it is that error.
[[nodiscard]] Wrong unless_fails(const Result<Json>& answer, ErrorKind kind, int status);
[[nodiscard]] Wrong unless_done(const Result<Json>& answer);

}  // namespace lastgood::conformance
