#include "shell/status_writer.hpp"

#include "codec/manifests.hpp"
#include "base/log.hpp"
#include "guard/decide.hpp"
#include "kube/paths.hpp"
#include "rollback/outcome.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;
using kube::Resource;
using kube::Subresource;

namespace {

// Of one Deployment; what is forgotten is found out by AlreadyExists.
constexpr std::size_t most_told = 64;

}  // namespace

asio::awaitable<Result<void>> Publisher::make_guard(const api::Deployment& deployment, guard::Memory& memory, runtime::Term term) {
  auto object = co_await gateway_.write(
      term, kube::create(Resource::DeploymentGuard, deployment.meta.key.namespace_, codec::guard_manifest(deployment)));
  if (!object && object.error().kind == ErrorKind::AlreadyExists) {
    object = co_await gateway_.read(kube::get(Resource::DeploymentGuard, deployment.meta.key));
  }
  if (!object) co_return std::unexpected(object.error());
  auto guard = codec::parse_guard(*object);
  if (!guard) co_return std::unexpected(guard.error());
  memory.guard_uid = guard->meta.uid;
  memory.guard_owner = guard->meta.owner;
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Publisher::guard(const api::Deployment& deployment, guard::Memory& memory, runtime::Term term) {
  if (!guard::worth_writing(memory.written, memory.guard) && !memory.guard_uid.empty()) co_return Result<void>{};
  const Key& key = deployment.meta.key;
  if (memory.guard_uid.empty()) {
    const auto made = co_await make_guard(deployment, memory, term);
    if (!made) co_return made;
  }
  if (memory.guard_owner != deployment.meta.uid) {
    const api::DeploymentGuard left{.meta = {.key = key, .uid = memory.guard_uid}};
    const auto adopted = co_await gateway_.write(
        term, kube::patch(Resource::DeploymentGuard, key, api::json_patch, codec::adopt_guard_patch(left, deployment)));
    if (!adopted) {
      if (rollback::is_gone(adopted.error())) memory.guard_uid = {};
      co_return std::unexpected(adopted.error());
    }
    memory.guard_owner = deployment.meta.uid;
  }
  const api::GuardStatus status = memory.guard;
  const auto written =
      co_await gateway_.write(term, kube::patch(Resource::DeploymentGuard, key, api::json_patch,
                                                codec::status_patch(memory.guard_uid, codec::to_json(status)), Subresource::Status));
  if (!written) {
    if (rollback::is_gone(written.error())) memory.guard_uid = {};
    co_return std::unexpected(written.error());
  }
  memory.written = status;
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Publisher::rollback(guard::Memory& memory, runtime::Term term) {
  if (!memory.rollback || memory.rollback->status == memory.rollback_written) co_return Result<void>{};
  const api::ObjectMeta meta = memory.rollback->meta;
  const api::RollbackStatus status = memory.rollback->status;
  const auto written =
      co_await gateway_.write(term, kube::patch(Resource::Rollback, meta.key, api::json_patch,
                                                codec::status_patch(meta.uid, codec::to_json(status)), Subresource::Status));
  if (!written && rollback::is_gone(written.error())) {
    // Deleted by a person, and perhaps made again: there is nothing to write to any more.
    const auto there = co_await gateway_.read(kube::get(Resource::Rollback, meta.key));
    if (rollback::is_there(there, meta.uid)) co_return std::unexpected(written.error());
  } else if (!written) {
    co_return std::unexpected(written.error());
  }
  memory.rollback_written = status;
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Publisher::request(const api::Rollback& request, const api::RollbackStatus& status, runtime::Term term) {
  const api::ObjectMeta& meta = request.meta;
  const auto written =
      co_await gateway_.write(term, kube::patch(Resource::Rollback, meta.key, api::json_patch,
                                                codec::status_patch(meta.uid, codec::to_json(status)), Subresource::Status));
  // Taken back by who made it.
  if (!written && !rollback::is_gone(written.error())) co_return std::unexpected(written.error());
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Publisher::policy(const api::RollbackPolicy& policy, const api::PolicyStatus& status, runtime::Term term) {
  const auto written =
      co_await gateway_.write(term, kube::patch(Resource::RollbackPolicy, policy.meta.key, api::json_patch,
                                                codec::status_patch(policy.meta.uid, codec::to_json(status)), Subresource::Status));
  if (!written) co_return std::unexpected(written.error());
  co_return Result<void>{};
}

asio::awaitable<void> Publisher::facts(const api::Deployment& deployment, const std::vector<guard::Fact>& facts, guard::Memory& memory,
                                       runtime::Term term) {
  for (const guard::Fact& fact : facts) co_await event(deployment, fact, memory, term);
}

asio::awaitable<void> Publisher::event(const api::Deployment& deployment, const guard::Fact& fact, guard::Memory& memory, runtime::Term term) {
  const Time now = clock_.now();
  const codec::EventText text{.warning = fact.warning, .reason = fact.reason, .action = fact.action, .note = fact.note};
  const codec::Json manifest = codec::event_manifest(deployment, text, identity_, now);
  const Key key{.namespace_ = deployment.meta.key.namespace_, .name = rollback::name_in(manifest)};
  log::info(fact.note, {{"deployment", deployment.meta.key.str()}, {"reason", fact.reason}, {"action", fact.action}});
  if (memory.told.size() > most_told) memory.told.clear();
  const int count = ++memory.told[key.name];
  auto written = Result<codec::Json>(codec::Json());
  if (count == 1) written = co_await gateway_.write(term, kube::create(Resource::Event, key.namespace_, manifest));
  const bool again = count > 1 || (!written && written.error().kind == ErrorKind::AlreadyExists);
  if (again) {
    const std::string series = codec::event_series(std::max(count, 2), now).dump();
    written = co_await gateway_.write(term, kube::patch(Resource::Event, key, api::merge_patch, series));
    // The server keeps Events for an hour or so.
    const bool expired = !written && written.error().kind == ErrorKind::NotFound;
    if (expired) written = co_await gateway_.write(term, kube::create(Resource::Event, key.namespace_, manifest));
  }
  if (!written) {
    log::warn("an Event could not be written",
              {{"deployment", deployment.meta.key.str()}, {"reason", fact.reason}, {"error", written.error()}});
  }
}

}  // namespace lastgood::shell
