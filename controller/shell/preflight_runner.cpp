#include "shell/preflight_runner.hpp"

#include <optional>
#include <vector>

#include "kube/paths.hpp"
#include "rollback/record.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;
using kube::Resource;
using rollback::Existence;

namespace {

Resource resource_of(rollback::Referent kind) {
  switch (kind) {
    case rollback::Referent::ConfigMap: return Resource::ConfigMap;
    case rollback::Referent::Secret: return Resource::Secret;
    case rollback::Referent::ServiceAccount: return Resource::ServiceAccount;
    case rollback::Referent::PersistentVolumeClaim: break;
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
  const rollback::Inspection inspection{
      .deployment = deployment, .target = target, .live = live, .kept = snapshot};
  const auto questions = rollback::questions_of(inspection, rollback::rollback_name(deployment));

  drop_expired();
  std::vector<rollback::Looked> references;
  for (const auto& reference : questions.references) {
    references.push_back(co_await read_reference(namespace_, reference));
    // Make no further calls to a server that does not respond.
    if (references.back().existence == Existence::Unreadable) break;
  }
  std::optional<Result<codec::Json>> dry_run;
  if (questions.dry_run) dry_run = co_await gateway_.write(term, *questions.dry_run);
  co_return rollback::evaluate_preflight(inspection, references, dry_run, began);
}

asio::awaitable<rollback::Looked> PreflightRunner::read_reference(
    const std::string& namespace_, const rollback::Reference& reference) {
  if (reference.kind == rollback::Referent::Secret && !may_read_secrets_)
    co_return rollback::Looked{.reference = reference, .existence = Existence::NotAsked};
  const CacheKey cache_key(namespace_, reference);
  if (const auto cached = cache_.find(cache_key); cached != cache_.end())
    co_return cached->second.result;
  const Key key{.namespace_ = namespace_, .name = reference.name};
  const auto object = co_await gateway_.read(kube::get_metadata(resource_of(reference.kind), key));
  auto result = rollback::looked(reference, object);
  const Duration lifetime = rollback::lifetime(result.existence);
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
