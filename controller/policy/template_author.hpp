// The author of a Deployment's current template: the field manager that wrote it last.
//
// Example: Argo CD applied a release, then a user edited it with kubectl.
//
//   metadata.managedFields                          author_of()
//   argocd-controller   Apply   12:00  f:template
//   kubectl-edit        Update  12:05  f:template   "kubectl-edit", not a tool
//   kube-controller-manager     12:06  f:status
//
// Argo CD applies its state again at 12:10: the author is the tool
// "Argo CD (argocd-controller, application shop)".
//
// If a tool applies a bad template again after a rollback, the tool contests the rollback. If a
// user applies the bad template again, the decision of the user counts.
#pragma once

#include <optional>

#include "api/preflight.hpp"
#include "codec/objects.hpp"

namespace lastgood::policy {

// `live_deployment` is a complete Deployment from a GET, since the watch drops managedFields.
//   - The manager that wrote to spec.template last is the author.
//   - If a tool and a user wrote in the same second, the tool is the author.
//   - Lastgood is the author only if no other manager wrote to spec.template.
//   - The labels and annotations of Argo CD, Flux and Helm add the name of the application. They do
//     not decide whether the author is a tool.
// Nothing if no manager wrote to spec.template.
[[nodiscard]] std::optional<api::TemplateAuthor> author_of(const codec::Json& live_deployment);

}  // namespace lastgood::policy
