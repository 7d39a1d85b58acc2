#include "shell/preflight_runner.hpp"

#include <optional>
#include <vector>

#include "kube/paths.hpp"
#include "rollback/record.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;
using kube::Resource;
using rollback::ReferenceState;

namespace {

Resource resource_of(rollback::ReferenceKind kind) {
  switch (kind) {
    case rollback::ReferenceKind::ConfigMap: return Resource::ConfigMap;
    case rollback::ReferenceKind::Secret: return Resource::Secret;
    case rollback::ReferenceKind::ServiceAccount: return Resource::ServiceAccount;
    case rollback::ReferenceKind::PersistentVolumeClaim: break;
  }
  return Resource::PersistentVolumeClaim;
}

}  // namespace

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

  drop_expired();
  std::vector<rollback::ReferenceStatus> references;
  for (const auto& reference : requests.references) {
    references.push_back(co_await read_reference(namespace_, reference));
    // Make no further calls to a server that does not respond.
    if (references.back().state == ReferenceState::Unreadable) break;
  }
  std::optional<Result<codec::Json>> dry_run;
  if (requests.dry_run) dry_run = co_await gateway_.write(term, *requests.dry_run);
  co_return rollback::evaluate_preflight(inputs, references, dry_run, began);
}

asio::awaitable<rollback::ReferenceStatus> PreflightRunner::read_reference(
    const std::string& namespace_, const rollback::Reference& reference) {
  if (reference.kind == rollback::ReferenceKind::Secret && !may_read_secrets_)
    co_return rollback::ReferenceStatus{.reference = reference,
                                        .state = ReferenceState::NotChecked};
  const CacheKey cache_key(namespace_, reference);
  if (const auto cached = cache_.find(cache_key); cached != cache_.end())
    co_return cached->second.result;
  const Key key{.namespace_ = namespace_, .name = reference.name};
  const auto object = co_await gateway_.read(kube::get_metadata(resource_of(reference.kind), key));
  auto result = rollback::reference_status(reference, object);
  const Duration lifetime = rollback::cache_lifetime(result.state);
  if (lifetime > Duration::zero())
    cache_.insert_or_assign(
        cache_key, CachedRead{.result = result, .expires = clock_.monotonic_now() + lifetime});
  co_return result;
}

void PreflightRunner::drop_expired() {
  std::erase_if(cache_, [now = clock_.monotonic_now()](const auto& entry) {
    return entry.second.expires <= now;
  });
}

}  // namespace lastgood::shell
