#include "shell/executor.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "codec/manifests.hpp"
#include "guard/guard.hpp"
#include "guard/state.hpp"
#include "kube/paths.hpp"
#include "rollback/outcome.hpp"
#include "rollback/snapshot.hpp"
#include "shell/status_patch.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;
using kube::Resource;

namespace {

// A step reads the live Deployment, and makes the call that follows from it. Enough steps for two
// repeated reads before the patch of the template, this patch, the patch of the field ownership,
// one retry of each patch after a conflict, and the last read.
constexpr int max_steps = 8;

Error outdated_plan() {
  return {.kind = ErrorKind::Conflict,
          .message =
              "the Deployment or its policy changed after the decision; the next reconcile "
              "decides again"};
}

Error stopping() {
  return {.kind = ErrorKind::Cancelled,
          .message = "the controller stops; the next leader continues the rollback"};
}

Result<api::ApiCall> snapshot_call(const api::Deployment& deployment, const api::Revision& target) {
  return kube::get(Resource::ControllerRevision,
                   {.namespace_ = deployment.meta.key.namespace_, .name = target.snapshot});
}

guard::ActionOutcome failed(const Error& error) { return guard::ActionFailed{.error = error}; }

guard::RollbackExecuted stopped(guard::RollbackExecuted progress, Error error) {
  progress.error = std::move(error);
  return progress;
}

// Records in the status of the Rollback why the step was not done.
guard::RollbackExecuted failed_at(const rollback::NextStep& step, const Error& error,
                                  guard::RollbackExecuted progress, Time now) {
  if (error.kind != ErrorKind::Cancelled)
    rollback::record_error(step, error, progress.record.status, now);
  // The last dry run was admitted and this write was not, so the dry run is outdated. The next
  // attempt waits for a new dry run.
  if (rollback::is_admission_denied(error) || rollback::is_permanent(error))
    progress.is_preflight_outdated = true;
  return stopped(std::move(progress), error);
}

}  // namespace

asio::awaitable<guard::ActionOutcome> Executor::execute(guard::Action action,
                                                        const Context& context) {
  co_return co_await std::visit(
      Overloaded{
          [](std::monostate) -> asio::awaitable<guard::ActionOutcome> {
            co_return guard::NothingExecuted{};
          },
          [&](const guard::StartRollback& chosen) { return start(chosen, context); },
          [&](const guard::ResumeRollback&) { return resume(context); },
          [&](const guard::CreateSnapshot& chosen) {
            return create_snapshot(chosen.revision, context);
          },
          [&](const guard::BindRequest& chosen) { return bind(chosen.record, context); },
          [&](const guard::RecordObserved& chosen) {
            return record_observation(chosen.record, context);
          },
          [&](const guard::RunDrill& chosen) { return drill(chosen.record, context); },
      },
      action);
}

// Writes the record and makes the reads of the first step at the same time, to restore the template
// sooner.
asio::awaitable<guard::ActionOutcome> Executor::start(const guard::StartRollback& start,
                                                      const Context& context) {
  if (!start.execute) {
    const auto recorded = co_await create_or_read_record(start.record, context);
    co_return recorded ? guard::ActionOutcome(*recorded) : failed(recorded.error());
  }
  const auto executor = co_await asio::this_coro::executor;
  const std::string decided_by = context.state.guard->policy;
  auto recording =
      asio::co_spawn(executor, create_or_read_record(start.record, context), asio::deferred);
  auto reading = asio::co_spawn(executor, prefetch(context.deployment, start.record, decided_by),
                                asio::deferred);
  auto [order, record_exception, recorded, read_exception, prefetched] =
      co_await asio::experimental::make_parallel_group(std::move(recording), std::move(reading))
          .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  for (const std::exception_ptr& exception : {record_exception, read_exception}) {
    if (exception) std::rethrow_exception(exception);
  }
  if (!recorded) co_return failed(recorded.error());
  // A record that existed already may have another target, with another snapshot.
  if (recorded->record.spec.to.snapshot != start.record.spec.to.snapshot)
    co_return stopped(*std::move(recorded), outdated_plan());
  const Result<codec::Json> snapshot = prefetched.snapshot;
  co_return co_await execute_steps(*std::move(recorded), context, snapshot, std::move(prefetched));
}

asio::awaitable<Executor::PrefetchedReads> Executor::prefetch(const api::Deployment& deployment,
                                                              const api::Rollback& rollback,
                                                              const std::string& decided_by) {
  PrefetchedReads reads{
      .began = clock_.monotonic_now(),
      .snapshot = co_await gateway_.read(snapshot_call(deployment, rollback.spec.to)),
      .live = co_await gateway_.read(kube::get(Resource::Deployment, deployment.meta.key)),
      .allowed = {}};
  reads.allowed = co_await confirm_policy(reads.live, rollback, decided_by);
  co_return reads;
}

asio::awaitable<guard::ActionOutcome> Executor::bind(const api::Rollback& bound,
                                                     const Context& context) {
  const auto written = co_await gateway_.write(
      context.term, kube::patch(Resource::Rollback, bound.meta.key, api::json_patch,
                                codec::rollback_binding_patch(bound)));
  const auto object = rollback::binding_may_be_stored(written)
                          ? co_await gateway_.read(kube::get(Resource::Rollback, bound.meta.key))
                          : written;
  if (!object) co_return failed(object.error());
  auto rollback = codec::parse_rollback(*object);
  if (!rollback) co_return failed(rollback.error());
  if (!rollback::has_binding_of(*rollback, bound)) co_return failed(written.error());
  guard::RequestBound outcome{.record = *std::move(rollback), .stored = {}};
  outcome.stored = std::exchange(outcome.record.status, bound.status);
  co_return outcome;
}

asio::awaitable<guard::ActionOutcome> Executor::record_observation(const api::Rollback& record,
                                                                   const Context& context) {
  const auto recorded = co_await create_finished(record, context);
  if (!recorded) co_return failed(recorded.error());
  co_return guard::ObservationRecorded{.rollback = record.meta.key.name};
}

asio::awaitable<guard::ActionOutcome> Executor::drill(const api::Rollback& drill,
                                                      const Context& context) {
  const MonotonicTime began = clock_.monotonic_now();
  guard::DrillEnded ended{.record = drill, .preflight = {}};
  ended.preflight =
      co_await preflight_runner_.check(context.deployment, drill.spec.to, context.term);
  ended.record.status = guard::drill_outcome(drill, ended.preflight, clock_.monotonic_now() - began,
                                             context.policy.spec, clock_.now());
  const auto recorded = drill.meta.uid.empty()
                            ? co_await create_finished(ended.record, context)
                            : co_await write_status(drill, ended.record.status, context.term);
  if (!recorded) co_return failed(recorded.error());
  co_return ended;
}

asio::awaitable<Result<void>> Executor::create_finished(const api::Rollback& record,
                                                        const Context& context) {
  const auto created = co_await gateway_.write(
      context.term, kube::create(Resource::Rollback, record.meta.key.namespace_,
                                 codec::rollback_manifest(record, context.deployment)));
  const bool may_exist = !created && rollback::may_be_created(created.error());
  const auto object =
      may_exist ? co_await gateway_.read(kube::get(Resource::Rollback, record.meta.key)) : created;
  if (!object) co_return std::unexpected(created.error());
  const auto stored = codec::parse_rollback(*object);
  if (!stored) co_return std::unexpected(stored.error());
  if (api::finished(stored->status.phase)) co_return Result<void>{};
  co_return co_await write_status(*stored, record.status, context.term);
}

asio::awaitable<Result<void>> Executor::write_status(const api::Rollback& stored,
                                                     const api::RollbackStatus& status,
                                                     runtime::Term term) {
  StatusPatch<api::Rollback, api::RollbackStatus> patch{
      .resource = Resource::Rollback,
      .meta = stored.meta,
      .status = status,
      .known = {guard::digest_of_status(stored.status)}};
  const auto patched = co_await patch_status(gateway_, term, std::move(patch));
  if (patched.error) co_return std::unexpected(*patched.error);
  co_return Result<void>{};
}

asio::awaitable<Result<guard::RollbackExecuted>> Executor::create_or_read_record(
    const api::Rollback& record, const Context& context) {
  auto created = co_await gateway_.write(
      context.term, kube::create(Resource::Rollback, context.deployment.meta.key.namespace_,
                                 codec::rollback_manifest(record, context.deployment)));
  const bool is_new = created.has_value();
  if (!created && rollback::may_be_created(created.error()))
    created = co_await gateway_.read(kube::get(Resource::Rollback, record.meta.key));
  if (!created) co_return std::unexpected(created.error());
  auto rollback = codec::parse_rollback(*created);
  if (!rollback) co_return std::unexpected(rollback.error());
  guard::RollbackExecuted executed{.record = *rollback, .stored = rollback->status};
  if (is_new) executed.record.status = record.status;
  co_return executed;
}

asio::awaitable<guard::ActionOutcome> Executor::resume(const Context& context) {
  guard::RollbackExecuted progress{.record = *context.state.rollback,
                                   .stored = *context.state.rollback_written};
  const auto snapshot =
      co_await gateway_.read(snapshot_call(context.deployment, progress.record.spec.to));
  co_return co_await execute_steps(std::move(progress), context, snapshot);
}

asio::awaitable<guard::RollbackExecuted> Executor::execute_steps(
    guard::RollbackExecuted progress, const Context& context, const Result<codec::Json>& snapshot,
    std::optional<PrefetchedReads> prefetched) {
  api::Rollback& record = progress.record;
  int repetitions = 0;  // of the reads before the template patch
  // The Deployment as the response to the last write has it: no read can be newer.
  std::optional<Result<codec::Json>> written;
  for (int step = 0; step < max_steps; ++step) {
    const bool is_prefetched = step == 0 && prefetched;
    const MonotonicTime began = is_prefetched ? prefetched->began : clock_.monotonic_now();
    if (is_prefetched) written = std::move(prefetched->live);
    const Result<codec::Json> live =
        written
            ? *std::exchange(written, std::nullopt)
            : co_await gateway_.read(kube::get(Resource::Deployment, context.deployment.meta.key));
    const rollback::NextStep next = rollback::next_step(record, live, snapshot);
    if (rollback::is_outdated(next, live, context.deployment))
      co_return stopped(std::move(progress), outdated_plan());
    Result<void> allowed;
    if (rollback::changes_template(next)) {
      allowed = is_prefetched ? prefetched->allowed
                              : co_await confirm(live, record, context.state.guard->policy);
      if (context.is_deleted(record.meta.uid))
        co_return stopped(std::move(progress), rollback::rollback_deleted());
      if (context.is_stopping()) co_return stopped(std::move(progress), stopping());
      const Duration age = clock_.monotonic_now() - began;
      if (allowed && rollback::repeats_reads(age, repetitions)) {
        ++repetitions;
        continue;
      }
    }
    if (!allowed) co_return failed_at(next, allowed.error(), std::move(progress), clock_.now());
    rollback::record_changes(next, live, snapshot, record.status);
    const auto call = rollback::api_call_of(next);
    if (!call) {
      rollback::record_step(next, record.status, clock_.now());
      // The live Deployment is newer than the Deployment of the decision. Before another rollback,
      // a new preflight must check the newer Deployment.
      if (std::holds_alternative<rollback::MarkSuperseded>(next))
        progress.is_preflight_outdated = true;
      co_return progress;
    }
    written = co_await execute_write(*call, next, progress, context);
    if (*written) continue;
    const Error error = std::exchange(written, std::nullopt)->error();
    const bool is_last_attempt = step + 1 == max_steps;
    if (is_last_attempt || !rollback::is_retryable(error))
      co_return failed_at(next, error, std::move(progress), clock_.now());
  }
  co_return stopped(std::move(progress), outdated_plan());
}

asio::awaitable<Result<void>> Executor::confirm(const Result<codec::Json>& live,
                                                api::Rollback& record,
                                                const std::string& decided_by) {
  const auto approved = rollback::approval_in(
      co_await gateway_.read(kube::get(Resource::Rollback, record.meta.key)), record.meta.uid);
  if (!approved) co_return std::unexpected(approved.error());
  record.spec.approved = *approved;
  co_return co_await confirm_policy(live, record, decided_by);
}

asio::awaitable<Result<void>> Executor::confirm_policy(const Result<codec::Json>& live,
                                                       const api::Rollback& rollback,
                                                       const std::string& decided_by) {
  std::optional<Result<codec::Json>> policy;
  if (auto call = guard::policy_read(live)) policy = co_await gateway_.read(std::move(*call));
  co_return guard::confirm_policy(live, policy, decided_by, rollback, clock_.now());
}

asio::awaitable<Result<codec::Json>> Executor::execute_write(const api::ApiCall& call,
                                                             const rollback::NextStep& step,
                                                             guard::RollbackExecuted& progress,
                                                             const Context& context) {
  api::RollbackStatus& status = progress.record.status;
  auto written = co_await gateway_.write(context.term, call);
  if (!written) co_return written;
  const bool was_restored = status.template_restored.has_value();
  rollback::record_success(step, *written, status, clock_.now());
  if (was_restored || !status.template_restored) co_return written;
  const auto& since = context.state.unblocked_since;
  const Duration took = since ? clock_.monotonic_now() - *since : Duration::zero();
  if (since) telemetry_.decision_to_patch(took);
  log::info("restored the template",
            {{"rollback", progress.record.meta.key.str()}, {"took", took}});
  co_return written;
}

asio::awaitable<guard::ActionOutcome> Executor::create_snapshot(const api::Revision& revision,
                                                                const Context& context) {
  const api::ObjectMeta& decided = context.deployment.meta;
  const auto live = co_await gateway_.read(kube::get(Resource::Deployment, decided.key));
  if (!live) co_return failed(live.error());
  const auto meta = codec::parse_meta(*live);
  if (!meta) co_return failed(meta.error());
  if (!rollback::is_same_generation(*meta, decided))
    co_return failed({.kind = ErrorKind::Conflict,
                      .message = "the Deployment changed before the snapshot of its template"});
  const auto manifest = rollback::build_snapshot(*live, revision);
  if (!manifest) co_return failed(manifest.error());
  const auto created = co_await gateway_.write(
      context.term, kube::create(Resource::ControllerRevision, decided.key.namespace_, *manifest));
  if (!created && created.error().kind != ErrorKind::AlreadyExists)
    co_return failed(created.error());
  co_return guard::SnapshotCreated{.revision = revision.hash, .name = rollback::name_in(*manifest)};
}

asio::awaitable<guard::RecordsCollected> Executor::garbage_collect_records(
    const std::vector<api::Rollback>& of_deployment, const guard::GuardState& state,
    runtime::Term term) {
  for (const api::ObjectMeta& meta :
       rollback::metas_of_rollbacks_to_delete(of_deployment, state.guard->rollback)) {
    const auto deleted =
        co_await gateway_.write(term, kube::remove(Resource::Rollback, meta.key, meta.uid));
    if (deleted || rollback::is_gone(deleted.error()) ||
        deleted.error().kind == ErrorKind::Conflict)
      continue;
    if (rollback::is_deletion_denied(deleted.error())) {
      log::warn("cannot delete an old Rollback; it is kept",
                {{"rollback", meta.key.str()}, {"error", deleted.error()}});
      continue;
    }
    co_return guard::RecordsCollected{.error = deleted.error()};
  }
  co_return guard::RecordsCollected{};
}

asio::awaitable<guard::SnapshotsCollected> Executor::garbage_collect_snapshots(
    const api::Deployment& deployment, const guard::GuardState& state, runtime::Term term) {
  guard::SnapshotsCollected collected;
  const std::string& namespace_ = deployment.meta.key.namespace_;
  const auto snapshots =
      co_await gateway_.items(kube::list(Resource::ControllerRevision, namespace_,
                                         rollback::snapshot_selector(deployment.meta.key.name)));
  if (!snapshots) {
    collected.error = snapshots.error();
    co_return collected;
  }
  const api::Rollback* in_flight = state.rollback ? &*state.rollback : nullptr;
  for (const std::string& name :
       rollback::snapshots_to_delete(*snapshots, state.written, in_flight)) {
    const Key key{.namespace_ = namespace_, .name = name};
    const auto deleted = co_await gateway_.write(
        term, kube::remove(Resource::ControllerRevision, key, rollback::uid_of(*snapshots, name)));
    if (!deleted && rollback::is_deletion_denied(deleted.error())) {
      log::warn("cannot delete an old snapshot; it is kept",
                {{"snapshot", key.str()}, {"error", deleted.error()}});
      continue;
    }
    if (!deleted && deleted.error().kind != ErrorKind::NotFound) {
      collected.error = deleted.error();
      co_return collected;
    }
    collected.deleted.push_back(name);
  }
  co_return collected;
}

}  // namespace lastgood::shell
