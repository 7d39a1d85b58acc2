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

asio::awaitable<Result<api::ObjectMeta>> StatusWriter::create_guard(
    const api::Deployment& deployment, runtime::Term term) {
  auto object = co_await gateway_.write(
      term, kube::create(Resource::DeploymentGuard, deployment.meta.key.namespace_,
                         codec::guard_manifest(deployment)));
  if (!object && object.error().kind == ErrorKind::AlreadyExists) {
    object = co_await gateway_.read(kube::get(Resource::DeploymentGuard, deployment.meta.key));
  }
  if (!object) co_return std::unexpected(object.error());
  co_return codec::parse_meta(*object);
}

asio::awaitable<Result<void>> StatusWriter::own_guard(const api::Deployment& deployment,
                                                      guard::GuardWritten& written,
                                                      runtime::Term term) {
  const Key& key = deployment.meta.key;
  if (written.uid.empty()) {
    const auto meta = co_await create_guard(deployment, term);
    if (!meta) co_return std::unexpected(meta.error());
    written.uid = meta->uid;
    written.owner = meta->owner;
  }
  if (written.owner == deployment.meta.uid) co_return Result<void>{};
  // The guard belongs to a deleted Deployment of the same name: adopt it.
  const api::DeploymentGuard orphan{.meta = {.key = key, .uid = written.uid}};
  const auto adopted =
      co_await gateway_.write(term, kube::patch(Resource::DeploymentGuard, key, api::json_patch,
                                                codec::adopt_guard_patch(orphan, deployment)));
  if (!adopted) co_return std::unexpected(adopted.error());
  written.owner = deployment.meta.uid;
  co_return Result<void>{};
}

asio::awaitable<guard::GuardWritten> StatusWriter::guard(const api::Deployment& deployment,
                                                         const guard::GuardState& state,
                                                         runtime::Term term) {
  guard::GuardWritten written{.uid = state.guard_uid, .owner = state.guard_owner};
  if (!guard::worth_writing(state.written, state.guard) && !written.uid.empty()) co_return written;
  const auto owned = co_await own_guard(deployment, written, term);
  if (!owned) {
    written.error = owned.error();
    if (rollback::is_gone(owned.error())) written.uid = {};
    co_return written;
  }
  const api::GuardStatus status = state.guard;
  const auto patched = co_await gateway_.write(
      term,
      kube::patch(Resource::DeploymentGuard, deployment.meta.key, api::json_patch,
                  codec::status_patch(written.uid, codec::to_json(status)), Subresource::Status));
  if (patched) {
    written.status = status;
  } else {
    written.error = patched.error();
    if (rollback::is_gone(patched.error())) written.uid = {};
  }
  co_return written;
}

asio::awaitable<guard::RollbackWritten> StatusWriter::rollback(const guard::GuardState& state,
                                                               runtime::Term term) {
  guard::RollbackWritten outcome;
  if (!state.rollback || state.rollback_written == state.rollback->status) co_return outcome;
  const api::ObjectMeta meta = state.rollback->meta;
  const api::RollbackStatus status = state.rollback->status;
  const auto written = co_await gateway_.write(
      term,
      kube::patch(Resource::Rollback, meta.key, api::json_patch,
                  codec::status_patch(meta.uid, codec::to_json(status)), Subresource::Status));
  if (!written && rollback::is_gone(written.error())) {
    // If a user has deleted the Rollback, its status need not be written.
    const auto live = co_await gateway_.read(kube::get(Resource::Rollback, meta.key));
    if (rollback::may_exist(live, meta.uid)) outcome.error = written.error();
  } else if (!written) {
    outcome.error = written.error();
  }
  if (!outcome.error) outcome.status = status;
  co_return outcome;
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
