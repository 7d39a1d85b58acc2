// Helpers of the behaviors: calls to the server, test objects, and checks of responses.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "codec/json.hpp"
#include "kube/paths.hpp"
#include "ports/kube_api.hpp"

namespace lastgood::conformance {

using codec::Json;
using kube::Resource;
using JsonPointer = Json::json_pointer;
using Failure = std::string;  // empty: success
inline constexpr const char* success = "";

// Calls the server. Names of objects are short: the client adds `name_prefix`.
struct ConformanceClient {
  ports::KubeApi& kube;
  std::string namespace_;
  std::string name_prefix;

  [[nodiscard]] Key key(const std::string& name) const {
    return {.namespace_ = namespace_, .name = name_prefix + "-" + name};
  }
  boost::asio::awaitable<Result<Json>> call(Result<api::ApiCall> call);
  boost::asio::awaitable<Result<Json>> get(Resource resource, const std::string& name);
  boost::asio::awaitable<Result<Json>> create(Resource resource, const std::string& name,
                                              Json body);
  boost::asio::awaitable<Result<Json>> patch(Resource resource, const std::string& name,
                                             const Json& patch);
  // The first `count` events about objects of this run, as "TYPE name". A bookmark is "BOOKMARK",
  // and an error is "ERROR code". `last` receives the last event as JSON.
  boost::asio::awaitable<Result<std::vector<std::string>>> watch(Resource resource,
                                                                 kube::WatchOptions options,
                                                                 std::size_t count,
                                                                 Json* last = nullptr);
};

struct Behavior {
  const char* description;
  boost::asio::awaitable<Failure> (*check)(ConformanceClient& client);
};
[[nodiscard]] std::span<const Behavior> write_behaviors();
[[nodiscard]] std::span<const Behavior> read_behaviors();

// The string at `pointer`; empty if there is none.
[[nodiscard]] std::string text(const Json& object, const char* pointer);
[[nodiscard]] std::int64_t generation(const Json& object);
// With the data {a: "1"} and the label {tier: tier_label}.
[[nodiscard]] Json config_map(const std::string& tier_label);
// With 0 replicas and the annotation {note: first}.
[[nodiscard]] Json deployment(const std::string& image);
// Operations of a JSON patch.
[[nodiscard]] Json test_operation(const char* path, Json value);
[[nodiscard]] Json add_operation(const char* path, Json value);

// Success if the response is an error with this kind and HTTP status.
[[nodiscard]] Failure expect_error(const Result<Json>& response, ErrorKind kind, int status);
// Success if the response is not an error.
[[nodiscard]] Failure failure_of(const Result<Json>& response);

}  // namespace lastgood::conformance
