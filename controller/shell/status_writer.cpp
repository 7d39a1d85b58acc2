#include "shell/status_writer.hpp"

#include "codec/manifests.hpp"
#include "guard/guard.hpp"
#include "guard/state.hpp"
#include "kube/paths.hpp"
#include "rollback/outcome.hpp"
#include "shell/status_patch.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;
using kube::Resource;
using kube::Subresource;

asio::awaitable<Result<api::DeploymentGuard>> StatusWriter::create_guard(
    const api::Deployment& deployment, runtime::Term term) {
  auto object = co_await gateway_.write(
      term, kube::create(Resource::DeploymentGuard, deployment.meta.key.namespace_,
                         codec::guard_manifest(deployment)));
  if (!object && object.error().kind == ErrorKind::AlreadyExists) {
    object = co_await gateway_.read(kube::get(Resource::DeploymentGuard, deployment.meta.key));
  }
  if (!object) co_return std::unexpected(object.error());
  co_return codec::parse_guard_or_problem(*object);
}

asio::awaitable<Result<void>> StatusWriter::own_guard(const api::Deployment& deployment,
                                                      guard::GuardWritten& written,
                                                      runtime::Term term) {
  const Key& key = deployment.meta.key;
  if (written.uid.empty()) {
    auto created = co_await create_guard(deployment, term);
    if (!created) co_return std::unexpected(created.error());
    if (guard::has_status(*created)) co_return guard::overtaken(written, *std::move(created));
    written.uid = created->meta.uid;
    written.owner = created->meta.owner;
    written.version = created->meta.resource_version;
  }
  if (written.owner == deployment.meta.uid) co_return Result<void>{};
  // The guard belongs to a deleted Deployment of the same name: adopt it.
  const api::DeploymentGuard orphan{.meta = {.key = key, .uid = written.uid}};
  const auto adopted =
      co_await gateway_.write(term, kube::patch(Resource::DeploymentGuard, key, api::json_patch,
                                                codec::adopt_guard_patch(orphan, deployment)));
  if (!adopted) co_return std::unexpected(adopted.error());
  written.owner = deployment.meta.uid;
  // The patch tests no version. So the guard is read before its status is replaced.
  written.version = {};
  co_return Result<void>{};
}

asio::awaitable<guard::GuardWritten> StatusWriter::guard(const api::Deployment& deployment,
                                                         const guard::GuardState& state,
                                                         runtime::Term term) {
  guard::GuardWritten written{
      .uid = state.guard_uid, .owner = state.guard_owner, .version = state.guard_version};
  if (!guard::worth_writing(state.written, state.guard) && !written.uid.empty()) co_return written;
  const auto owned = co_await own_guard(deployment, written, term);
  if (!owned) {
    written.error = owned.error();
    if (rollback::is_gone(owned.error())) written.uid = {};
    co_return written;
  }
  StatusPatch<api::DeploymentGuard, api::GuardStatus> patch{
      .resource = Resource::DeploymentGuard,
      .meta = {.key = deployment.meta.key, .uid = written.uid},
      .status = state.guard,
      .known = guard::known_statuses(state.written, state.unconfirmed)};
  patch.meta.resource_version = written.version;
  api::GuardStatus status = state.guard;
  auto patched = co_await patch_status(gateway_, term, std::move(patch));
  co_return guard::guard_written(std::move(written), std::move(patched), std::move(status));
}

asio::awaitable<guard::RollbackWritten> StatusWriter::rollback(const guard::GuardState& state,
                                                               runtime::Term term) {
  if (!state.rollback || state.rollback_written == state.rollback->status)
    co_return guard::RollbackWritten{};
  api::RollbackStatus status = state.rollback->status;
  StatusPatch<api::Rollback, api::RollbackStatus> patch{
      .resource = Resource::Rollback,
      .meta = state.rollback->meta,
      .status = status,
      .known = guard::known_statuses(state.rollback_written, state.rollback_unconfirmed)};
  auto patched = co_await patch_status(gateway_, term, std::move(patch));
  co_return guard::rollback_written(std::move(patched), std::move(status));
}

asio::awaitable<Result<void>> StatusWriter::request(const api::Rollback& request,
                                                    const api::RollbackStatus& status,
                                                    runtime::Term term) {
  StatusPatch<api::Rollback, api::RollbackStatus> patch{
      .resource = Resource::Rollback,
      .meta = request.meta,
      .status = status,
      .known = {guard::digest_of_status(request.status)}};
  const auto patched = co_await patch_status(gateway_, term, std::move(patch));
  // It is not an error if a user has deleted the Rollback.
  if (patched.error && !patched.is_gone) co_return std::unexpected(*patched.error);
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
