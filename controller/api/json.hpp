// Our kinds and the small Kubernetes objects, from and to JSON. Input from outside is bounded and never throws out of here.
// Bulk Deployment lists and watches do not come this way: kube/ projects them while parsing.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api/guard.hpp"
#include "api/policy.hpp"
#include "api/rollback.hpp"
#include "api/workload.hpp"

namespace lastgood::api {

using Json = nlohmann::json;

inline constexpr const char* group_version = "lastgood.dev/v1alpha1";

// Bounded: 64 MiB, 64 levels. The error names the byte.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

// Each of these accepts what an API server sends and fails with Protocol where a field has the wrong type.
[[nodiscard]] Result<ObjectMeta> parse_meta(const Json& object);
// The digest is of the template as we would write it: comparable with others of this function only.
[[nodiscard]] Result<Deployment> parse_deployment(const Json& object);
// The same of a whole answer's bytes; the digest is of the template's bytes as they stand, as kube/ takes it from lists and
// watches.
[[nodiscard]] Result<Deployment> parse_deployment_text(std::string_view text);
[[nodiscard]] Result<Pod> parse_pod(const Json& object);
[[nodiscard]] Result<Service> parse_service(const Json& object);
[[nodiscard]] Result<ConfigMap> parse_config_map(const Json& object);
// is_current is decided against the Deployment's own template (semantically equal without pod-template-hash).
[[nodiscard]] Result<ReplicaSet> parse_replica_set(const Json& object, const Json& deployment_template);

// A spec the schema would admit never has a problem; one that does (an older CRD, a hand-made object) says so in `problem`.
[[nodiscard]] Result<RollbackPolicy> parse_policy(const Json& object);
[[nodiscard]] Result<DeploymentGuard> parse_guard(const Json& object);
[[nodiscard]] Result<Rollback> parse_rollback(const Json& object);

// What is empty or absent is left out, so a status is written whole (PUT, or JSON patch `add` of /status), never as a merge
// patch. Texts beyond the schema's bounds are cut, so that the server never refuses a status for its length.
[[nodiscard]] Json to_json(const Condition& condition);
[[nodiscard]] Json to_json(const CheckStatus& check);
[[nodiscard]] Json to_json(const Revision& revision);
[[nodiscard]] Json to_json(const PolicyStatus& status);
[[nodiscard]] Json to_json(const GuardStatus& status);
[[nodiscard]] Json to_json(const RollbackSpec& spec);
[[nodiscard]] Json to_json(const RollbackStatus& status);

// FNV-1a of the bytes, as 16 hex digits.
[[nodiscard]] TemplateDigest digest_template(std::string_view bytes);

}  // namespace lastgood::api
