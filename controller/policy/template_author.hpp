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
// A tool applies its state again after a rollback, so a release of a tool is contested and a
// release of a user is a decision.
#pragma once

#include <optional>

#include "api/preflight.hpp"
#include "codec/objects.hpp"

namespace lastgood::policy {

// `live_deployment` is a complete Deployment from a GET, since the watch drops managedFields.
//   - Of several managers that wrote to spec.template, the latest is the author.
//   - Of two in the same second, a tool is the author before a user.
//   - Lastgood itself is the author only if nobody else is left.
//   - The labels and annotations of Argo CD, Flux and Helm add the name of the application. They
//     never turn a user into a tool.
// Nothing if no manager wrote to spec.template.
[[nodiscard]] std::optional<api::TemplateAuthor> author_of(const codec::Json& live_deployment);

}  // namespace lastgood::policy
