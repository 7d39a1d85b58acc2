// Sets of owned fields, as metadata.managedFields stores them.
//
// In FieldsV1, "f:name" is a field, "k:{...}" a list element by its keys, and "v:..." a list
// element by its value. "." is the object itself, and {} ends a path. Example for `kubectl apply`,
// which also writes the annotation last-applied-configuration ("last-applied" below):
//
//   fields                                                     in TemplateAndLastApplied
//   f:metadata
//     f:annotations
//       f:kubectl.kubernetes.io/last-applied-configuration: {}     yes
//     f:labels: {f:app: {}}                                        no
//   f:spec
//     f:replicas: {}                                               no
//     f:template: {f:spec: {...}}                                  yes
//
// `within` returns the fields with yes, `outside` the fields with no, and `joined` their union.
#pragma once

#include <cstdint>
#include <string>

#include "codec/objects.hpp"

namespace lastgood::rollback {

// The fields that a rollback changes.
enum class Scope : std::uint8_t { TemplateAndLastApplied, TemplateOnly };

// The fields of a FieldsV1 in the scope; {} if there are none.
[[nodiscard]] codec::Json within(const codec::Json& fields, Scope scope);

// The fields that are not in the scope, without parents that became empty.
[[nodiscard]] codec::Json outside(const codec::Json& fields, Scope scope);

// The union of two sets. Neither may be empty.
[[nodiscard]] codec::Json joined(codec::Json fields, const codec::Json& more);

// The identity of an entry of managedFields: its manager, operation, apiVersion and subresource.
// The API server keeps one entry for each combination of these.
[[nodiscard]] std::string identity(const codec::Json& entry);

// True if the entry is that of Lastgood.
[[nodiscard]] bool is_own_entry(const codec::Json& entry);
// True if the entry belongs to the status subresource, so it owns no field of a template.
[[nodiscard]] bool is_status_entry(const codec::Json& entry);

}  // namespace lastgood::rollback
