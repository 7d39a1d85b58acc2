// Kubernetes' own objects from JSON. Lists and watches of Deployments are parsed by kube/ instead.
// Errors of every function: Protocol, if a field has the wrong type.
#pragma once

#include <string_view>

#include "api/workload.hpp"
#include "codec/json.hpp"

namespace lastgood::codec {

// template_digest is the digest of the template as this program serializes it again. Compare it
// only with digests from this function.
[[nodiscard]] Result<api::Deployment> parse_deployment(const Json& object);

// Parses the text of a response. template_digest is the digest of the original text of the
// template, so it can be compared with the digests of kube/. It is empty without a template.
// Errors: also those of parse_json().
[[nodiscard]] Result<api::Deployment> parse_deployment_text(std::string_view text);

// Keeps only the annotations for which is_scrape_annotation() is true, and at most 253 bytes of
// each value.
[[nodiscard]] Result<api::Pod> parse_pod(const Json& object);
// True for the annotations that say where the metrics endpoint of a pod is: prometheus.io/scrape,
// port, path and scheme.
[[nodiscard]] bool is_scrape_annotation(std::string_view key);
[[nodiscard]] Result<api::Service> parse_service(const Json& object);
[[nodiscard]] Result<api::ConfigMap> parse_config_map(const Json& object);

// `is_current` is true if the template equals that of the Deployment, apart from the label
// pod-template-hash, a null creationTimestamp and an empty map of labels.
[[nodiscard]] Result<api::ReplicaSet> parse_replica_set(const Json& object,
                                                        const Json& deployment_template);

}  // namespace lastgood::codec
