// Where things are on a Kubernetes API server, and calls to them as plain data. Sends nothing.
// Protocol: https://kubernetes.io/docs/reference/using-api/api-concepts/
// A name or namespace that could leave its segment of the path ("..", "a/b", "a%2Fb") is refused with BadInput, whoever
// wrote it: the server decodes a path before it splits it, so that encoding alone is no protection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/call.hpp"
#include "codec/objects.hpp"
#include "base/names.hpp"
#include "base/result.hpp"

namespace lastgood::kube {

using api::ApiCall;
using codec::Json;


enum class Resource : std::uint8_t {
  Deployment,
  ReplicaSet,
  Pod,
  Service,
  ConfigMap,
  ControllerRevision,
  RollbackPolicy,
  DeploymentGuard,
  Rollback,
  Event,  // events.k8s.io/v1
  Lease,
  Secret,
  ServiceAccount,
  PersistentVolumeClaim,
};

[[nodiscard]] const char* kind_of(Resource resource);         // "Deployment"
[[nodiscard]] const char* api_version_of(Resource resource);  // "apps/v1"

enum class Subresource : std::uint8_t { None, Status };

// name=value pairs in the order they were added; both are encoded.
class Query {
 public:
  Query& add(std::string_view name, std::string_view value);
  Query& add_unless_empty(std::string_view name, std::string_view value);
  [[nodiscard]] std::string after(std::string_view path) const;  // "path?a=b", or "path" alone

 private:
  std::string text_;
};

[[nodiscard]] Result<std::string> object_path(Resource resource, const Key& key, Subresource sub = Subresource::None);

// Of one namespace, or of all of them when it is empty.
[[nodiscard]] Result<std::string> collection_path(Resource resource, std::string_view namespace_);

struct ListOptions {
  std::string label_selector = {};  // api::to_query's, or "pod-template-hash=abc"
  int limit = 0;                    // 0: all in one answer
  std::string continue_ = {};       // goes alone: the server refuses it beside a resourceVersion
  std::string resource_version = {};
  std::string resource_version_match = {};  // NotOlderThan or Exact
};

struct WatchOptions {
  std::string resource_version = {};
  bool initial_events = false;  // WatchList: every object first, then a bookmark that says so
  int timeout_seconds = 300;
};

// On a collection_path. These cannot fail: everything but the path is encoded.
[[nodiscard]] ApiCall list_call(std::string_view collection, const ListOptions& options);
[[nodiscard]] ApiCall watch_call(std::string_view collection, const WatchOptions& options);

[[nodiscard]] Result<ApiCall> get(Resource resource, const Key& key);
// Whether it exists, and nothing of what it holds.
[[nodiscard]] Result<ApiCall> get_metadata(Resource resource, const Key& key);
[[nodiscard]] Result<ApiCall> list(Resource resource, std::string_view namespace_, std::string_view label_selector = {});

// The body is sent as it stands; every write carries fieldManager=lastgood.
[[nodiscard]] Result<ApiCall> create(Resource resource, std::string_view namespace_, const Json& body);
[[nodiscard]] Result<ApiCall> update(Resource resource, const Key& key, const Json& body, Subresource sub = Subresource::None);

// content_type: api::json_patch or api::merge_patch.
[[nodiscard]] Result<ApiCall> patch(Resource resource, const Key& key, std::string_view content_type, std::string body,
                                    Subresource sub = Subresource::None);

// Only the object of that uid: one made again under the same name is left alone (409).
[[nodiscard]] Result<ApiCall> remove(Resource resource, const Key& key, const Uid& uid);

}  // namespace lastgood::kube
