// The small Kubernetes objects from JSON. Lists and watches of Deployments do not come this way:
// kube/ projects them while parsing. Every function fails with Protocol where a field has the wrong
// type.
#pragma once

#include <string_view>

#include "api/workload.hpp"
#include "codec/json.hpp"

namespace lastgood::codec {

// The digest is of the template as this program would write it: comparable with other digests of
// this function only.
[[nodiscard]] Result<api::Deployment> parse_deployment(const Json& object);

// The same from the bytes of a whole answer. The digest is of the template's bytes, as kube/ takes
// it from lists and watches.
[[nodiscard]] Result<api::Deployment> parse_deployment_text(std::string_view text);

[[nodiscard]] Result<api::Pod> parse_pod(const Json& object);
[[nodiscard]] Result<api::Service> parse_service(const Json& object);
[[nodiscard]] Result<api::ConfigMap> parse_config_map(const Json& object);

// `is_current` is true where the template equals the Deployment's own (semantically, without
// pod-template-hash).
[[nodiscard]] Result<api::ReplicaSet> parse_replica_set(const Json& object,
                                                        const Json& deployment_template);

}  // namespace lastgood::codec
