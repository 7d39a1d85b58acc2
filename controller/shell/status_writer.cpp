#include "shell/status_writer.hpp"

#include "codec/manifests.hpp"
#include "guard/guard.hpp"
#include "guard/state.hpp"
#include "kube/paths.hpp"
#include "rollback/outcome.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;
using kube::Resource;
using kube::Subresource;

asio::awaitable<Result<void>> StatusWriter::create_guard(const api::Deployment& deployment,
                                                         guard::GuardState& state,
                                                         runtime::Term term) {
  auto object = co_await gateway_.write(
      term, kube::create(Resource::DeploymentGuard, deployment.meta.key.namespace_,
                         codec::guard_manifest(deployment)));
  if (!object && object.error().kind == ErrorKind::AlreadyExists) {
    object = co_await gateway_.read(kube::get(Resource::DeploymentGuard, deployment.meta.key));
  }
  if (!object) co_return std::unexpected(object.error());
  auto guard = codec::parse_guard(*object);
  if (!guard) co_return std::unexpected(guard.error());
  state.guard_uid = guard->meta.uid;
  state.guard_owner = guard->meta.owner;
  co_return Result<void>{};
}

asio::awaitable<Result<void>> StatusWriter::guard(const api::Deployment& deployment,
                                                  guard::GuardState& state, runtime::Term term) {
  if (!guard::worth_writing(state.written, state.guard) && !state.guard_uid.empty())
    co_return Result<void>{};
  const Key& key = deployment.meta.key;
  if (state.guard_uid.empty()) {
    const auto created = co_await create_guard(deployment, state, term);
    if (!created) co_return created;
  }
  if (state.guard_owner != deployment.meta.uid) {
    // The guard belongs to a deleted Deployment of the same name: adopt it.
    const api::DeploymentGuard orphan{.meta = {.key = key, .uid = state.guard_uid}};
    const auto adopted =
        co_await gateway_.write(term, kube::patch(Resource::DeploymentGuard, key, api::json_patch,
                                                  codec::adopt_guard_patch(orphan, deployment)));
    if (!adopted) {
      if (rollback::is_gone(adopted.error())) state.guard_uid = {};
      co_return std::unexpected(adopted.error());
    }
    state.guard_owner = deployment.meta.uid;
  }
  const api::GuardStatus status = state.guard;
  const auto written = co_await gateway_.write(
      term, kube::patch(Resource::DeploymentGuard, key, api::json_patch,
                        codec::status_patch(state.guard_uid, codec::to_json(status)),
                        Subresource::Status));
  if (!written) {
    if (rollback::is_gone(written.error())) state.guard_uid = {};
    co_return std::unexpected(written.error());
  }
  state.written = status;
  co_return Result<void>{};
}

asio::awaitable<Result<void>> StatusWriter::rollback(guard::GuardState& state, runtime::Term term) {
  if (!state.rollback || state.rollback->status == state.rollback_written) co_return Result<void>{};
  const api::ObjectMeta meta = state.rollback->meta;
  const api::RollbackStatus status = state.rollback->status;
  const auto written = co_await gateway_.write(
      term,
      kube::patch(Resource::Rollback, meta.key, api::json_patch,
                  codec::status_patch(meta.uid, codec::to_json(status)), Subresource::Status));
  if (!written && rollback::is_gone(written.error())) {
    // If a user has deleted the Rollback, its status need not be written.
    const auto live = co_await gateway_.read(kube::get(Resource::Rollback, meta.key));
    if (rollback::may_exist(live, meta.uid)) co_return std::unexpected(written.error());
  } else if (!written) {
    co_return std::unexpected(written.error());
  }
  state.rollback_written = status;
  co_return Result<void>{};
}

asio::awaitable<Result<void>> StatusWriter::request(const api::Rollback& request,
                                                    const api::RollbackStatus& status,
                                                    runtime::Term term) {
  const api::ObjectMeta& meta = request.meta;
  const auto written = co_await gateway_.write(
      term,
      kube::patch(Resource::Rollback, meta.key, api::json_patch,
                  codec::status_patch(meta.uid, codec::to_json(status)), Subresource::Status));
  // It is not an error if a user has deleted the Rollback.
  if (!written && !rollback::is_gone(written.error())) co_return std::unexpected(written.error());
  co_return Result<void>{};
}

asio::awaitable<Result<void>> StatusWriter::policy(const api::RollbackPolicy& policy,
                                                   const api::PolicyStatus& status,
                                                   runtime::Term term) {
  const auto written = co_await gateway_.write(
      term, kube::patch(Resource::RollbackPolicy, policy.meta.key, api::json_patch,
                        codec::status_patch(policy.meta.uid, codec::to_json(status)),
                        Subresource::Status));
  if (!written) co_return std::unexpected(written.error());
  co_return Result<void>{};
}

}  // namespace lastgood::shell
