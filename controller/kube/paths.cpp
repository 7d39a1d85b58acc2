#include "kube/paths.hpp"

#include <array>
#include <cstddef>

#include "api/constants.hpp"
#include "base/text.hpp"

namespace lastgood::kube {
namespace {

struct ResourceInfo {
  const char* prefix;
  const char* plural;
  const char* api_version;
  const char* kind;
};

// In the order of Resource.
constexpr std::array resources{
    ResourceInfo{"/apis/apps/v1", "deployments", "apps/v1", "Deployment"},
    ResourceInfo{"/apis/apps/v1", "replicasets", "apps/v1", "ReplicaSet"},
    ResourceInfo{"/api/v1", "pods", "v1", "Pod"},
    ResourceInfo{"/api/v1", "services", "v1", "Service"},
    ResourceInfo{"/api/v1", "configmaps", "v1", "ConfigMap"},
    ResourceInfo{"/apis/apps/v1", "controllerrevisions", "apps/v1", "ControllerRevision"},
    ResourceInfo{"/apis/lastgood.dev/v1alpha1", "rollbackpolicies", "lastgood.dev/v1alpha1",
                 "RollbackPolicy"},
    ResourceInfo{"/apis/lastgood.dev/v1alpha1", "deploymentguards", "lastgood.dev/v1alpha1",
                 "DeploymentGuard"},
    ResourceInfo{"/apis/lastgood.dev/v1alpha1", "rollbacks", "lastgood.dev/v1alpha1", "Rollback"},
    ResourceInfo{"/apis/events.k8s.io/v1", "events", "events.k8s.io/v1", "Event"},
    ResourceInfo{"/apis/coordination.k8s.io/v1", "leases", "coordination.k8s.io/v1", "Lease"},
    ResourceInfo{"/api/v1", "secrets", "v1", "Secret"},
    ResourceInfo{"/api/v1", "serviceaccounts", "v1", "ServiceAccount"},
    ResourceInfo{"/api/v1", "persistentvolumeclaims", "v1", "PersistentVolumeClaim"},
    ResourceInfo{"/apis/monitoring.coreos.com/v1", "prometheusrules", "monitoring.coreos.com/v1",
                 "PrometheusRule"},
};
static_assert(resources.size() == static_cast<std::size_t>(Resource::PrometheusRule) + 1);

const ResourceInfo& info_of(Resource resource) {
  return resources.at(static_cast<std::size_t>(resource));
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// The names of all kinds above are DNS subdomains. "_" and capital letters are accepted too: they
// are safe in a path, and the server rejects them with a better message.
bool is_path_segment(std::string_view name) {
  if (name.empty() || name.size() > 253 || name == "." || name == "..") return false;
  for (const char c : name) {
    if (!is_letter_or_digit(c) && c != '-' && c != '.' && c != '_') return false;
  }
  return true;
}

Result<void> check_segment(std::string_view part, const ResourceInfo& info, std::string_view text) {
  if (is_path_segment(text)) return {};
  return fail(ErrorKind::BadInput, std::string(part) + " of a " + info.kind +
                                       " is invalid: " + in_quotes(text) +
                                       " must have 1 to 253 letters, digits, '-', '_' or '.'");
}

std::string with_field_manager(std::string_view path) {
  return Query().add("fieldManager", api::field_manager).appended_to(path);
}

}  // namespace

const char* kind_of(Resource resource) { return info_of(resource).kind; }
const char* api_version_of(Resource resource) { return info_of(resource).api_version; }

Query& Query::add(std::string_view name, std::string_view value) {
  if (!text_.empty()) text_ += '&';
  text_ += percent_encoded(name) + "=" + percent_encoded(value);
  return *this;
}

Query& Query::add_unless_empty(std::string_view name, std::string_view value) {
  return value.empty() ? *this : add(name, value);
}

std::string Query::appended_to(std::string_view path) const {
  std::string target(path);
  if (!text_.empty()) target += "?" + text_;
  return target;
}

Result<std::string> object_path(Resource resource, const Key& key, Subresource sub) {
  const ResourceInfo& info = info_of(resource);
  if (auto ok = check_segment("the namespace", info, key.namespace_); !ok)
    return std::unexpected(ok.error());
  if (auto ok = check_segment("the name", info, key.name); !ok) return std::unexpected(ok.error());
  std::string path = std::string(info.prefix) + "/namespaces/" + key.namespace_ + "/" +
                     info.plural + "/" + key.name;
  if (sub == Subresource::Status) path += "/status";
  return path;
}

Result<std::string> collection_path(Resource resource, std::string_view namespace_) {
  const ResourceInfo& info = info_of(resource);
  if (namespace_.empty()) return std::string(info.prefix) + "/" + info.plural;
  if (auto ok = check_segment("the namespace", info, namespace_); !ok)
    return std::unexpected(ok.error());
  return std::string(info.prefix) + "/namespaces/" + std::string(namespace_) + "/" + info.plural;
}

ApiCall list_call(std::string_view collection, const ListOptions& options) {
  Query query;
  query.add_unless_empty("labelSelector", options.label_selector);
  if (options.limit > 0) query.add("limit", std::to_string(options.limit));
  if (!options.continue_.empty()) {
    query.add("continue", options.continue_);
  } else {
    query.add_unless_empty("resourceVersion", options.resource_version);
    query.add_unless_empty("resourceVersionMatch", options.resource_version_match);
  }
  return {.target = query.appended_to(collection)};
}

ApiCall watch_call(std::string_view collection, const WatchOptions& options) {
  Query query;
  query.add("watch", "true").add("allowWatchBookmarks", "true");
  query.add_unless_empty("labelSelector", options.label_selector);
  query.add_unless_empty("fieldSelector", options.field_selector);
  if (options.initial_events)
    query.add("sendInitialEvents", "true").add("resourceVersionMatch", "NotOlderThan");
  query.add_unless_empty("resourceVersion", options.resource_version);
  query.add("timeoutSeconds", std::to_string(options.timeout_seconds));
  return {.target = query.appended_to(collection)};
}

Result<ApiCall> get(Resource resource, const Key& key) {
  auto path = object_path(resource, key);
  if (!path) return std::unexpected(std::move(path.error()));
  return ApiCall{.target = std::move(*path)};
}

Result<ApiCall> get_metadata(Resource resource, const Key& key) {
  auto call = get(resource, key);
  if (call) call->metadata_only = true;
  return call;
}

Result<ApiCall> get_namespace(std::string_view name) {
  if (!is_path_segment(name))
    return fail(ErrorKind::BadInput, "the name of a Namespace is invalid: " + in_quotes(name));
  return ApiCall{.target = "/api/v1/namespaces/" + std::string(name), .metadata_only = true};
}

Result<ApiCall> list(Resource resource, std::string_view namespace_,
                     std::string_view label_selector) {
  auto path = collection_path(resource, namespace_);
  if (!path) return std::unexpected(std::move(path.error()));
  return list_call(*path, {.label_selector = std::string(label_selector)});
}

Result<ApiCall> create(Resource resource, std::string_view namespace_, const Json& body) {
  auto path = collection_path(resource, namespace_);
  if (!path) return std::unexpected(std::move(path.error()));
  return ApiCall{.verb = api::Verb::Post, .target = with_field_manager(*path), .body = body.dump()};
}

Result<ApiCall> update(Resource resource, const Key& key, const Json& body, Subresource sub) {
  auto path = object_path(resource, key, sub);
  if (!path) return std::unexpected(std::move(path.error()));
  return ApiCall{.verb = api::Verb::Put, .target = with_field_manager(*path), .body = body.dump()};
}

Result<ApiCall> patch(Resource resource, const Key& key, std::string_view content_type,
                      std::string body, Subresource sub) {
  auto path = object_path(resource, key, sub);
  if (!path) return std::unexpected(std::move(path.error()));
  return ApiCall{.verb = api::Verb::Patch,
                 .target = with_field_manager(*path),
                 .body = std::move(body),
                 .content_type = std::string(content_type)};
}

Result<ApiCall> remove(Resource resource, const Key& key, const Uid& uid) {
  auto path = object_path(resource, key);
  if (!path) return std::unexpected(std::move(path.error()));
  const Json options = {{"kind", "DeleteOptions"},
                        {"apiVersion", "v1"},
                        {"propagationPolicy", "Background"},
                        {"preconditions", {{"uid", uid.value}}}};
  return ApiCall{.verb = api::Verb::Delete, .target = std::move(*path), .body = options.dump()};
}

}  // namespace lastgood::kube
