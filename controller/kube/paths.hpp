// Paths of resources on a Kubernetes API server, and calls to them as plain data. Sends nothing.
// Protocol: https://kubernetes.io/docs/reference/using-api/api-concepts/
//
// A name or namespace that could leave its path segment ("..", "a/b", "a%2Fb") is a BadInput error.
// Percent-encoding it would not help: the server decodes a path before it splits the path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/call.hpp"
#include "base/names.hpp"
#include "base/result.hpp"
#include "codec/objects.hpp"

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
  PrometheusRule,  // monitoring.coreos.com/v1; the cluster may not have this kind
};

[[nodiscard]] const char* kind_of(Resource resource);         // "Deployment"
[[nodiscard]] const char* api_version_of(Resource resource);  // "apps/v1"

enum class Subresource : std::uint8_t { None, Status };

// A query string: percent-encoded names and values, in the order of the calls of add().
class Query {
 public:
  Query& add(std::string_view name, std::string_view value);
  Query& add_unless_empty(std::string_view name, std::string_view value);
  // "PATH?a=b"; only "PATH" if nothing was added.
  [[nodiscard]] std::string appended_to(std::string_view path) const;

 private:
  std::string text_;
};

// Returns BadInput if the name or the namespace is invalid.
[[nodiscard]] Result<std::string> object_path(Resource resource, const Key& key,
                                              Subresource sub = Subresource::None);

// The path of all objects of a kind in one namespace, or in all namespaces if `namespace_` is
// empty. Returns BadInput if the namespace is invalid.
[[nodiscard]] Result<std::string> collection_path(Resource resource, std::string_view namespace_);

struct ListOptions {
  std::string label_selector = {};  // in the syntax of kubectl -l
  int limit = 0;                    // 0: all objects in one response
  // If set, resource_version is not sent: the server rejects a request that has both.
  std::string continue_ = {};
  std::string resource_version = {};
  std::string resource_version_match = {};  // NotOlderThan or Exact
};

struct WatchOptions {
  std::string label_selector = {};  // in the syntax of kubectl -l
  std::string resource_version = {};
  // WatchList: ADDED events for all objects, then a bookmark that ends the initial events.
  bool initial_events = false;
  int timeout_seconds = 300;  // the server ends the watch after this time
  std::string field_selector = {};
};

// `collection` is the result of collection_path(). Everything after the path is percent-encoded.
[[nodiscard]] ApiCall list_call(std::string_view collection, const ListOptions& options);
[[nodiscard]] ApiCall watch_call(std::string_view collection, const WatchOptions& options);

[[nodiscard]] Result<ApiCall> get(Resource resource, const Key& key);
// Reads only the metadata, to find out whether the object exists.
[[nodiscard]] Result<ApiCall> get_metadata(Resource resource, const Key& key);
// Reads only the metadata of the Namespace.
[[nodiscard]] Result<ApiCall> get_namespace(std::string_view name);
[[nodiscard]] Result<ApiCall> list(Resource resource, std::string_view namespace_,
                                   std::string_view label_selector = {});

// Writes send `body` unchanged, with api::field_manager as the field manager.
[[nodiscard]] Result<ApiCall> create(Resource resource, std::string_view namespace_,
                                     const Json& body);
[[nodiscard]] Result<ApiCall> update(Resource resource, const Key& key, const Json& body,
                                     Subresource sub = Subresource::None);

// `content_type` is api::json_patch or api::merge_patch.
[[nodiscard]] Result<ApiCall> patch(Resource resource, const Key& key,
                                    std::string_view content_type, std::string body,
                                    Subresource sub = Subresource::None);

// Deletes the object if it has this uid. Otherwise the server responds 409 Conflict.
[[nodiscard]] Result<ApiCall> remove(Resource resource, const Key& key, const Uid& uid);

}  // namespace lastgood::kube
