// Kubernetes' own objects from JSON. Lists and watches of Deployments are parsed by kube/ instead.
// Error of every function: Protocol, if a field has the wrong type.
#pragma once

#include <string_view>

#include "api/workload.hpp"
#include "codec/json.hpp"

namespace lastgood::codec {

// The template digest is of the template as this program writes it, so it can be compared only with
// other digests of this function.
[[nodiscard]] Result<api::Deployment> parse_deployment(const Json& object);

// The same from the text of a response. The template digest is of the text of the template, like
// the digests of kube/.
[[nodiscard]] Result<api::Deployment> parse_deployment_text(std::string_view text);

[[nodiscard]] Result<api::Pod> parse_pod(const Json& object);
[[nodiscard]] Result<api::Service> parse_service(const Json& object);
[[nodiscard]] Result<api::ConfigMap> parse_config_map(const Json& object);

// `is_current` is true if the template equals that of the Deployment, apart from pod-template-hash,
// null values and empty labels.
[[nodiscard]] Result<api::ReplicaSet> parse_replica_set(const Json& object,
                                                        const Json& deployment_template);

}  // namespace lastgood::codec
