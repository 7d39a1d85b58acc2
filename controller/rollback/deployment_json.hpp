// Deployments and their pod templates as JSON: comparison, text and request path. Private to
// rollback/.
#pragma once

#include <string>
#include <string_view>

#include "codec/json_at.hpp"

namespace lastgood::rollback {

using codec::array_at;
using codec::find;
using codec::number_at;
using codec::object_at;
using codec::text_at;

// A template in the form in which equal templates have equal JSON. Example:
//
//   stored in a ReplicaSet                      normalized_template()
//   {"metadata": {"creationTimestamp": null,
//                 "labels": {"app": "web",      {"metadata": {"labels": {"app": "web"}},
//                   "pod-template-hash": "6d"},
//                 "annotations": {}},
//    "spec": {...}}                              "spec": {...}}
//
// It has no pod-template-hash, no null values and no empty labels, annotations or metadata.
[[nodiscard]] codec::Json normalized_template(const codec::Json& pod_template);
[[nodiscard]] bool same_template(const codec::Json& a, const codec::Json& b);
[[nodiscard]] codec::Json without_template_hash(codec::Json pod_template);

// The JSON text. Invalid UTF-8 becomes U+FFFD, so the function does not throw.
[[nodiscard]] std::string dumped(const codec::Json& value);

// The path and query of a PATCH of the Deployment `live`, with the field manager of Lastgood.
[[nodiscard]] std::string patch_url(const codec::Json& live);

}  // namespace lastgood::rollback
