#include "run/executor.hpp"

#include "api/manifests.hpp"
#include "base/log.hpp"
#include "decide/life.hpp"
#include "decide/record.hpp"
#include "kube/paths.hpp"
#include "rollback/keep.hpp"
#include "run/outcome.hpp"

namespace lastgood::run {

namespace asio = boost::asio;
using api::RollbackPhase;
using kube::Resource;

namespace {

// Template, ownership, and looking at the result; each may lose one race and be planned again.
constexpr int most_steps = 8;

}  // namespace

asio::awaitable<Result<void>> Executor::carry_out(decide::Act act, const api::Deployment& deployment, Memory& memory, Term term) {
  if (const auto* start = std::get_if<decide::StartRollback>(&act)) {
    memory.decided = clock_.steady();
    const auto recorded = co_await record(*start, deployment, memory, term);
    if (!recorded) co_return recorded;
    co_return co_await go_on(deployment, memory, term);
  }
  if (std::holds_alternative<decide::CarryOutRollback>(act)) co_return co_await go_on(deployment, memory, term);
  if (const auto* keeping = std::get_if<decide::KeepRevision>(&act)) {
    co_return co_await keep(keeping->revision, deployment, memory, term);
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Executor::record(const decide::StartRollback& start, const api::Deployment& deployment, Memory& memory,
                                               Term term) {
  const api::Json manifest = api::rollback_manifest(start.record, deployment);
  auto created = co_await gateway_.write(term, kube::create(Resource::Rollback, start.record.meta.key.namespace_, manifest));
  const bool is_new = created.has_value();
  if (!created && created.error().kind == ErrorKind::AlreadyExists) {
    created = co_await gateway_.read(kube::get(Resource::Rollback, start.record.meta.key));
  }
  if (!created) co_return std::unexpected(created.error());
  auto rollback = api::parse_rollback(*created);
  if (!rollback) co_return std::unexpected(rollback.error());
  memory.rollback_written = rollback->status;
  if (is_new) rollback->status = start.record.status;
  memory.rollback = std::move(*rollback);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Executor::go_on(const api::Deployment& deployment, Memory& memory, Term term) {
  for (int step = 0; step < most_steps; ++step) {
    const api::Rollback& rollback = *memory.rollback;
    const Key kept_key{.namespace_ = deployment.meta.key.namespace_, .name = rollback.spec.to.kept_as};
    const auto live = co_await gateway_.read(kube::get(Resource::Deployment, deployment.meta.key));
    const auto kept = co_await gateway_.read(kube::get(Resource::ControllerRevision, kept_key));
    const auto more = co_await take(rollback::next_step(rollback, live, kept), memory, term);
    if (!more) co_return std::unexpected(more.error());
    if (!*more) co_return Result<void>{};
  }
  co_return fail(ErrorKind::Conflict, "the Deployment changes faster than it can be put back; trying again later");
}

asio::awaitable<Result<bool>> Executor::take(rollback::NextStep step, Memory& memory, Term term) {
  api::RollbackStatus& status = memory.rollback->status;
  const auto call = call_of(step);
  if (!call) {
    record_outcome(step, status, clock_.now());
    co_return false;
  }
  auto answer = co_await gateway_.write(term, *call);
  // 409 and 422: somebody else was faster. Read again and decide again; a lost answer is found out the same way.
  if (!answer) co_return may_look_again(answer.error()) ? Result<bool>(true) : std::unexpected(answer.error());
  const bool was_touched = status.template_restored.has_value();
  record_done(step, status, clock_.now());
  if (!was_touched && status.template_restored) {
    const Duration took = memory.decided ? clock_.steady() - *memory.decided : Duration::zero();
    if (memory.decided) telemetry_.decision_to_patch(took);
    log::info("template put back", {{"rollback", memory.rollback->meta.key.str()}, {"took", took}});
  }
  co_return true;
}

asio::awaitable<Result<void>> Executor::keep(const api::Revision& revision, const api::Deployment& deployment, Memory& memory,
                                             Term term) {
  const auto live = co_await gateway_.read(kube::get(Resource::Deployment, deployment.meta.key));
  if (!live) co_return std::unexpected(live.error());
  const auto meta = api::parse_meta(*live);
  if (!meta) co_return std::unexpected(meta.error());
  if (!is_same_generation(*meta, deployment.meta)) co_return fail(ErrorKind::Conflict, "the Deployment changed before its template was kept");
  const auto manifest = rollback::keep_revision(*live, revision);
  if (!manifest) co_return std::unexpected(manifest.error());
  auto created = co_await gateway_.write(term, kube::create(Resource::ControllerRevision, deployment.meta.key.namespace_, *manifest));
  if (!created && created.error().kind != ErrorKind::AlreadyExists) co_return std::unexpected(created.error());
  decide::note_kept(memory.guard, revision.hash, name_in(*manifest));
  memory.kept_changed = true;
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Executor::tidy_kept(const api::Deployment& deployment, Memory& memory, Term term) {
  const std::string& namespace_ = deployment.meta.key.namespace_;
  const auto kept = co_await gateway_.items(
      kube::list(Resource::ControllerRevision, namespace_, rollback::kept_selector(deployment.meta.key.name)));
  if (!kept) co_return std::unexpected(kept.error());
  const api::Rollback* in_flight = memory.rollback ? &*memory.rollback : nullptr;
  for (const std::string& name : rollback::superfluous(*kept, memory.written, in_flight)) {
    const auto gone = co_await gateway_.write(
        term, kube::remove(Resource::ControllerRevision, {.namespace_ = namespace_, .name = name}, uid_of(*kept, name)));
    if (!gone && gone.error().kind != ErrorKind::NotFound) co_return std::unexpected(gone.error());
  }
  memory.kept_changed = false;
  co_return Result<void>{};
}

}  // namespace lastgood::run
