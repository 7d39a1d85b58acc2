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
  const Key kept_key{.namespace_ = namespace_, .name = target.snapshot};
  const auto kept = co_await gateway_.read(kube::get(Resource::ControllerRevision, kept_key));
  const auto live = co_await gateway_.read(kube::get(Resource::Deployment, deployment.meta.key));
  const rollback::Inspection inspection{
      .deployment = deployment, .target = target, .live = live, .kept = kept};
  const auto questions = rollback::questions_of(inspection, rollback::rollback_name(deployment));

  forget_what_is_old();
  std::vector<rollback::Looked> looked;
  for (const auto& reference : questions.references) {
    looked.push_back(co_await look(namespace_, reference));
    // Of a server that does not answer nothing more is asked.
    if (looked.back().existence == Existence::Unreadable) break;
  }
  std::optional<Result<codec::Json>> dry_run;
  if (questions.dry_run) dry_run = co_await gateway_.write(term, *questions.dry_run);
  co_return rollback::evaluate_preflight(inspection, looked, dry_run, began);
}

asio::awaitable<rollback::Looked> PreflightRunner::look(const std::string& namespace_,
                                                        const rollback::Reference& reference) {
  if (reference.kind == rollback::Referent::Secret && !may_read_secrets_)
    co_return rollback::Looked{.reference = reference, .existence = Existence::NotAsked};
  const Place place(namespace_, reference);
  if (const auto known = remembered_.find(place); known != remembered_.end())
    co_return known->second.looked;
  const Key key{.namespace_ = namespace_, .name = reference.name};
  const auto object = co_await gateway_.read(kube::get_metadata(resource_of(reference.kind), key));
  auto seen = rollback::looked(reference, object);
  const Duration believed = rollback::lifetime(seen.existence);
  if (believed > Duration::zero())
    remembered_.insert_or_assign(
        place, Remembered{.looked = seen, .until = clock_.monotonic_now() + believed});
  co_return seen;
}

void PreflightRunner::forget_what_is_old() {
  std::erase_if(remembered_, [now = clock_.monotonic_now()](const auto& entry) {
    return entry.second.until <= now;
  });
}

}  // namespace lastgood::shell
