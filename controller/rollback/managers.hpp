// Field ownership (metadata.managedFields) as sets of paths: taking out, keeping and giving back
// what a rollback is about, which is spec.template and kubectl's last-applied annotation. Knows
// nothing of patches. In FieldsV1 a key is a path element
// ("f:name", "k:{...}", "v:..."), "." the node itself, and {} a leaf that is owned.
#pragma once

#include <string>

#include "codec/objects.hpp"

namespace lastgood::rollback {

enum class Scope : std::uint8_t { TemplateAndLastApplied, TemplateOnly };

// What of a FieldsV1 lies within the scope; {} when nothing does.
[[nodiscard]] codec::Json within(const codec::Json& fields, Scope scope);

// The rest. Parents that become empty go too.
[[nodiscard]] codec::Json outside(const codec::Json& fields, Scope scope);

// The union of two sets, neither of which is empty.
[[nodiscard]] codec::Json joined(codec::Json fields, const codec::Json& more);

// The identity of an entry as the API server sees it: manager, operation, apiVersion, subresource.
[[nodiscard]] std::string identity(const codec::Json& entry);

// Ours, or one of the status subresource: no owner of a template.
[[nodiscard]] bool is_ours(const codec::Json& entry);
[[nodiscard]] bool is_status(const codec::Json& entry);

}  // namespace lastgood::rollback
