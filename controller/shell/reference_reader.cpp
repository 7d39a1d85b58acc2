#include "shell/reference_reader.hpp"

#include "kube/paths.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;
using kube::Resource;
using rollback::ReferenceState;

namespace {

// How long the references of a template are cached.
constexpr std::chrono::minutes template_lifetime{5};

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

asio::awaitable<rollback::ReferenceStatus> ReferenceReader::read(
    const std::string& namespace_, const rollback::Reference& reference) {
  if (reference.kind == rollback::ReferenceKind::Secret && !may_read_secrets_)
    co_return rollback::ReferenceStatus{.reference = reference,
                                        .state = ReferenceState::NotChecked};
  const CacheKey cache_key(namespace_, reference);
  const auto cached = cache_.find(cache_key);
  const MonotonicTime now = clock_.monotonic_now();
  if (cached != cache_.end() && cached->second.expires > now) co_return cached->second.result;
  const bool was_missing =
      cached != cache_.end() && cached->second.result.state == ReferenceState::Missing;
  const MonotonicTime first_missing = was_missing ? cached->second.first_missing : now;
  const Key key{.namespace_ = namespace_, .name = reference.name};
  const auto object = co_await gateway_.read(kube::get_metadata(resource_of(reference.kind), key));
  auto result = rollback::reference_status(reference, object);
  const Duration lifetime = rollback::cache_lifetime(result.state, now - first_missing);
  if (lifetime > Duration::zero())
    cache_.insert_or_assign(
        cache_key,
        CachedRead{.result = result, .expires = now + lifetime, .first_missing = first_missing});
  drop_expired();
  co_return result;
}

asio::awaitable<std::vector<rollback::Reference>> ReferenceReader::references_of(
    const api::Deployment& deployment) {
  const auto cached = templates_.find(deployment.meta.uid);
  if (cached != templates_.end() && cached->second.generation == deployment.meta.generation)
    co_return cached->second.references;
  const auto live = co_await gateway_.read(kube::get(Resource::Deployment, deployment.meta.key));
  const auto meta = live ? codec::parse_meta(*live) : std::unexpected(live.error());
  if (!meta || meta->uid != deployment.meta.uid || meta->generation != deployment.meta.generation)
    co_return std::vector<rollback::Reference>{};
  TemplateReferences found{.generation = meta->generation,
                           .references = rollback::required_references(*live),
                           .expires = clock_.monotonic_now() + template_lifetime};
  templates_.insert_or_assign(deployment.meta.uid, found);
  co_return std::move(found.references);
}

asio::awaitable<std::vector<std::string>> ReferenceReader::missing(
    const api::Deployment& deployment) {
  std::vector<std::string> names;
  for (const auto& reference : co_await references_of(deployment)) {
    const auto status = co_await read(deployment.meta.key.namespace_, reference);
    if (status.state == ReferenceState::Missing) names.push_back(rollback::name_of(reference));
    // Make no further calls to a server that does not respond.
    if (status.state == ReferenceState::Unreadable) break;
  }
  co_return std::move(names);
}

void ReferenceReader::drop_expired() {
  const MonotonicTime now = clock_.monotonic_now();
  // An expired read is kept for this time, because the next read needs its `first_missing`.
  constexpr std::chrono::minutes memory{1};
  std::erase_if(cache_, [&](const auto& entry) { return entry.second.expires + memory <= now; });
  std::erase_if(templates_, [&](const auto& entry) { return entry.second.expires <= now; });
}

}  // namespace lastgood::shell
