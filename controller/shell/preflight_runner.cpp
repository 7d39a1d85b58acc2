#include "shell/preflight_runner.hpp"

#include <optional>
#include <vector>

#include "kube/paths.hpp"
#include "rollback/record.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;
using kube::Resource;
using rollback::ReferenceState;

asio::awaitable<api::Preflight> PreflightRunner::check(const api::Deployment& deployment,
                                                       const api::Revision& target,
                                                       runtime::Term term) {
  const Time began = clock_.now();
  const std::string& namespace_ = deployment.meta.key.namespace_;
  const Key snapshot_key{.namespace_ = namespace_, .name = target.snapshot};
  const auto snapshot =
      co_await gateway_.read(kube::get(Resource::ControllerRevision, snapshot_key));
  const auto live = co_await gateway_.read(kube::get(Resource::Deployment, deployment.meta.key));
  const rollback::PreflightInputs inputs{
      .deployment = deployment, .target = target, .live = live, .snapshot = snapshot};
  const auto requests = rollback::preflight_requests(inputs, rollback::rollback_name(deployment));

  std::vector<rollback::ReferenceStatus> references;
  for (const auto& reference : requests.references) {
    references.push_back(co_await references_.read(namespace_, reference));
    // Make no further calls to a server that does not respond.
    if (references.back().state == ReferenceState::Unreadable) break;
  }
  std::optional<Result<codec::Json>> dry_run;
  rollback::AdmissionWarnings warnings;
  if (requests.dry_run) {
    auto result = co_await gateway_.dry_run(term, *requests.dry_run);
    if (result) {
      dry_run = std::move(result->object);
      warnings = co_await read_warnings(namespace_, std::move(result->warnings));
    } else {
      dry_run = std::unexpected(result.error());
    }
  }
  co_return rollback::evaluate_preflight(inputs, references, dry_run, warnings, began);
}

asio::awaitable<rollback::AdmissionWarnings> PreflightRunner::read_warnings(
    const std::string& namespace_, std::vector<std::string> texts) {
  rollback::AdmissionWarnings warnings{.texts = std::move(texts)};
  if (rollback::pod_security_warning(warnings.texts))
    warnings.namespace_ = co_await gateway_.read(kube::get_namespace(namespace_));
  co_return std::move(warnings);
}

}  // namespace lastgood::shell
