// Who put a Deployment's present template there: a person, or a machine that puts it back whenever
// it is taken away. Pure. Must not know what is done about it.
#pragma once

#include <optional>

#include "api/preflight.hpp"
#include "codec/objects.hpp"

namespace lastgood::policy {

// Of a live read, by metadata.managedFields: the manager that wrote to spec.template last. We
// ourselves are passed over unless nobody else is left, and of two in the same second a machine is
// named. Labels and annotations of Argo CD, Flux and Helm say for which application, and never make
// a machine's hand of a person's. Nothing where nobody is known to have written.
[[nodiscard]] std::optional<api::Author> author_of(const codec::Json& live_deployment);

}  // namespace lastgood::policy
