// Names that users and other tools see: the API group, annotations, labels, the field manager. Each
// is defined here, once.
#pragma once

#include <string_view>

namespace lastgood::api {

inline constexpr std::string_view group_version = "lastgood.dev/v1alpha1";

// The manager of the fields that this program writes, in metadata.managedFields.
inline constexpr std::string_view field_manager = "lastgood";

namespace annotation {

inline constexpr std::string_view prefix = "lastgood.dev/";

// On a Deployment, written by users.
inline constexpr std::string_view enabled = "lastgood.dev/enabled";  // "true" or "false"
inline constexpr std::string_view policy = "lastgood.dev/policy";    // name of a RollbackPolicy
inline constexpr std::string_view config_map = "lastgood.dev/config-map";    // name of a ConfigMap
inline constexpr std::string_view pause_until = "lastgood.dev/pause-until";  // RFC 3339
inline constexpr std::string_view resume =
    "lastgood.dev/resume";  // RFC 3339: ends a freeze that began before this time
inline constexpr std::string_view approve =
    "lastgood.dev/approve";  // name of a Rollback that waits for approval
inline constexpr std::string_view group =
    "lastgood.dev/group";  // name of a group of Deployments that are rolled back together
inline constexpr std::string_view group_order =
    "lastgood.dev/group-order";  // "-1000".."1000": the lowest is rolled back first

// On a Deployment, written by this program: the name of the Rollback that restored its template.
inline constexpr std::string_view rolled_back_by = "lastgood.dev/rolled-back-by";

// On the pod template, written by users: "true" or "false".
inline constexpr std::string_view no_rollback_past = "lastgood.dev/no-rollback-past";

// On the pod template, written by users: the metrics endpoint, as the widely used scrape
// configuration of Prometheus reads it.
inline constexpr std::string_view scrape = "prometheus.io/scrape";         // "true" or "false"
inline constexpr std::string_view scrape_port = "prometheus.io/port";      // "8080"
inline constexpr std::string_view scrape_path = "prometheus.io/path";      // "/metrics"
inline constexpr std::string_view scrape_scheme = "prometheus.io/scheme";  // "http" or "https"

// On the controller's Lease, written by admins: RFC 3339.
inline constexpr std::string_view close_breaker = "lastgood.dev/close-breaker";

// Written by kubectl: the manifest that `kubectl apply` sent last.
inline constexpr std::string_view last_applied = "kubectl.kubernetes.io/last-applied-configuration";

}  // namespace annotation

// Types of conditions, and the kinds that have them.
namespace condition {

inline constexpr std::string_view governed = "Governed";                     // DeploymentGuard
inline constexpr std::string_view rollback_ready = "RollbackReady";          // DeploymentGuard
inline constexpr std::string_view checks_established = "ChecksEstablished";  // DeploymentGuard
inline constexpr std::string_view checks_valid = "ChecksValid";              // RollbackPolicy
inline constexpr std::string_view succeeded = "Succeeded";                   // Rollback
inline constexpr std::string_view ready = "Ready";              // DeploymentGuard, RollbackPolicy
inline constexpr std::string_view reconciling = "Reconciling";  // DeploymentGuard, Rollback
inline constexpr std::string_view stalled = "Stalled";          // DeploymentGuard, Rollback

}  // namespace condition

namespace label {

inline constexpr std::string_view deployment =
    "lastgood.dev/deployment";  // on a snapshot: the Deployment's name

}  // namespace label

}  // namespace lastgood::api
