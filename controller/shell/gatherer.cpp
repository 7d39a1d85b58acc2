#include "shell/gatherer.hpp"

#include <algorithm>

#include "kube/paths.hpp"
#include "policy/annotations.hpp"
#include "policy/config_map.hpp"
#include "policy/effective_policy.hpp"
#include "policy/template_author.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;
using kube::Resource;

namespace {

// `owners` keeps the policies of the returned pointers alive.
std::vector<const api::RollbackPolicy*> policies_of(
    const kube::Stores& stores, const std::string& namespace_,
    std::vector<std::shared_ptr<const api::RollbackPolicy>>& owners) {
  std::vector<const api::RollbackPolicy*> policies;
  stores.policies.for_each_in(namespace_, [&](const auto& policy) {
    owners.push_back(policy);
    policies.push_back(policy.get());
  });
  return policies;
}

template <class T>
Result<T> parse_with(const Result<codec::Json>& object, Result<T> (*parse)(const codec::Json&)) {
  if (!object) return std::unexpected(object.error());
  return parse(*object);
}

}  // namespace

asio::awaitable<guard::ConfigMapCached> Gatherer::config_map(
    const api::Deployment& deployment, std::optional<policy::ConfigMapRead> cached) {
  const auto wanted = policy::config_map_wanted(policy::parse_opt_in(deployment.meta.annotations));
  if (!wanted) co_return guard::ConfigMapCached{};
  const bool is_fresh = cached && cached->name == *wanted &&
                        clock_.monotonic_now() - cached->at < config_map_lifetime;
  if (is_fresh) co_return guard::ConfigMapCached{.read = std::move(cached)};
  const Key key{.namespace_ = deployment.meta.key.namespace_, .name = *wanted};
  auto object = co_await gateway_.read(kube::get(Resource::ConfigMap, key));
  const policy::ConfigMapRead read{.name = *wanted,
                                   .result = parse_with(object, codec::parse_config_map),
                                   .at = clock_.monotonic_now()};
  co_return guard::ConfigMapCached{.read = policy::usable_read(cached, read)};
}

policy::EffectivePolicy Gatherer::policy(
    const api::Deployment& deployment,
    const std::optional<policy::ConfigMapRead>& config_map) const {
  std::optional<Result<api::ConfigMap>> result;
  if (config_map) result = config_map->result;
  std::vector<std::shared_ptr<const api::RollbackPolicy>> owners;
  const auto policies = policies_of(stores_, deployment.meta.key.namespace_, owners);
  return policy::resolve_policy(deployment, policy::parse_opt_in(deployment.meta.annotations),
                                policies, result);
}

asio::awaitable<Result<std::optional<guard::TemplateObservation>>> Gatherer::observe_template(
    const api::Deployment& deployment) {
  using Observation = std::optional<guard::TemplateObservation>;
  const Key& key = deployment.meta.key;
  auto live = co_await gateway_.read(kube::get(Resource::Deployment, key));
  if (!live) co_return std::unexpected(live.error());
  const auto meta = codec::parse_meta(*live);
  if (!meta) co_return std::unexpected(meta.error());
  if (meta->uid != deployment.meta.uid || meta->generation != deployment.meta.generation)
    co_return Observation{};
  const codec::Json pod_template =
      live->value(codec::Json::json_pointer("/spec/template"), codec::Json::object());
  auto items = co_await gateway_.items(
      kube::list(Resource::ReplicaSet, key.namespace_, api::to_query(deployment.selector)));
  if (!items) co_return std::unexpected(items.error());
  guard::TemplateObservation observation{.author = policy::author_of(*live),
                                         .problem = policy::problem_of_template(*live)};
  for (const codec::Json& item : *items) {
    auto set = codec::parse_replica_set(item, pod_template);
    if (!set) co_return std::unexpected(set.error());
    set->no_rollback_past = policy::parse_template(set->template_annotations).no_rollback_past;
    if (set->meta.owner == deployment.meta.uid) observation.sets.push_back(std::move(*set));
  }
  co_return Observation{std::move(observation)};
}

asio::awaitable<Result<std::vector<api::Pod>>> Gatherer::pods(const api::Deployment& deployment,
                                                              const api::Revision& revision) {
  auto pods = co_await pods_of_each(deployment, {revision});
  if (!pods) co_return std::unexpected(pods.error());
  co_return std::move(pods->front());
}

asio::awaitable<Result<std::vector<std::vector<api::Pod>>>> Gatherer::pods_of_each(
    const api::Deployment& deployment, const std::vector<api::Revision>& revisions) {
  std::vector<std::vector<api::Pod>> pods;
  for (const api::Revision& revision : revisions) {
    auto viewed = pod_view_.pods(deployment.meta.key, revision);
    if (!viewed) co_return co_await pod_view_.live_pods(deployment.meta.key, revisions);
    if (!*viewed) co_return std::unexpected(viewed->error());
    pods.push_back(std::move(**viewed));
  }
  co_return pods;
}

asio::awaitable<Result<std::vector<api::Pod>>> Gatherer::live_pods(
    const api::Deployment& deployment, const api::Revision& revision) {
  auto pods = co_await pod_view_.live_pods(deployment.meta.key, {revision});
  if (!pods) co_return std::unexpected(pods.error());
  co_return std::move(pods->front());
}

bool Gatherer::are_pods_late(const Key& deployment) const { return pod_view_.is_late(deployment); }

asio::awaitable<Result<api::Service>> Gatherer::service(const Key& key) {
  auto object = co_await gateway_.read(kube::get(Resource::Service, key));
  co_return parse_with(object, codec::parse_service);
}

asio::awaitable<Result<checks::NodeLease>> Gatherer::node_lease(const std::string& node) {
  const Key key{.namespace_ = "kube-node-lease", .name = node};
  auto object = co_await gateway_.read(kube::get(Resource::Lease, key));
  co_return parse_with(object, checks::parse_node_lease);
}

}  // namespace lastgood::shell
