#include "shell/executor.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "codec/manifests.hpp"
#include "guard/guard.hpp"
#include "guard/state.hpp"
#include "kube/paths.hpp"
#include "rollback/outcome.hpp"
#include "rollback/snapshot.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;
using kube::Resource;

namespace {

// Enough for the patch of the template, the patch of the ownership and the reads of their results,
// each with one retry after a conflict.
constexpr int max_steps = 8;

Result<void> outdated_plan() {
  return fail(
      ErrorKind::Conflict,
      "the Deployment or its policy changed after the decision; the next reconcile decides again");
}

Result<api::ApiCall> snapshot_call(const api::Deployment& deployment, const api::Revision& target) {
  return kube::get(Resource::ControllerRevision,
                   {.namespace_ = deployment.meta.key.namespace_, .name = target.snapshot});
}

}  // namespace

asio::awaitable<Result<void>> Executor::execute(guard::Action action,
                                                const policy::EffectivePolicy& policy,
                                                const api::Deployment& deployment,
                                                guard::GuardState& state, runtime::Term term) {
  guard::record_unblocked_since(action, state, clock_.monotonic_now());
  co_return co_await std::visit(
      Overloaded{
          [](std::monostate) -> asio::awaitable<Result<void>> { co_return Result<void>{}; },
          [&](const guard::StartRollback& chosen) {
            return start(chosen, deployment, state, term);
          },
          [&](const guard::ResumeRollback&) { return resume(deployment, state, term); },
          [&](const guard::CreateSnapshot& chosen) -> asio::awaitable<Result<void>> {
            const auto stored = co_await create_snapshot(chosen.revision, deployment, state, term);
            guard::record_snapshot_result(state, stored);
            co_return stored;
          },
          [&](const guard::BindRequest& chosen) { return bind(chosen.record, state, term); },
          [&](const guard::RecordObserved& chosen) {
            return create_record(chosen.record, deployment, term);
          },
          [&](const guard::RunDrill& chosen) {
            return drill(chosen.record, policy, deployment, state, term);
          },
      },
      action);
}

// Writes the record and makes the reads of the first step at the same time, to restore the template
// sooner.
asio::awaitable<Result<void>> Executor::start(const guard::StartRollback& start,
                                              const api::Deployment& deployment,
                                              guard::GuardState& state, runtime::Term term) {
  const api::Revision& target = start.record.spec.to;
  if (!start.execute) co_return co_await create_or_read_record(start, deployment, state, term);
  const auto executor = co_await asio::this_coro::executor;
  const std::string decided_by = state.guard.policy;
  auto recording = asio::co_spawn(executor, create_or_read_record(start, deployment, state, term),
                                  asio::deferred);
  auto reading =
      asio::co_spawn(executor, prefetch(deployment, start.record, decided_by), asio::deferred);
  auto [order, record_exception, recorded, read_exception, prefetched] =
      co_await asio::experimental::make_parallel_group(std::move(recording), std::move(reading))
          .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  for (const std::exception_ptr& exception : {record_exception, read_exception}) {
    if (exception) std::rethrow_exception(exception);
  }
  if (!recorded) co_return recorded;
  // A record that existed already may have another target, with another snapshot.
  if (state.rollback->spec.to.snapshot != target.snapshot) co_return outdated_plan();
  const Result<codec::Json> snapshot = prefetched.snapshot;
  co_return co_await execute_steps(deployment, snapshot, state, term, std::move(prefetched));
}

asio::awaitable<Executor::PrefetchedReads> Executor::prefetch(const api::Deployment& deployment,
                                                              const api::Rollback& rollback,
                                                              const std::string& decided_by) {
  PrefetchedReads reads{
      .snapshot = co_await gateway_.read(snapshot_call(deployment, rollback.spec.to)),
      .live = co_await gateway_.read(kube::get(Resource::Deployment, deployment.meta.key)),
      .allowed = {}};
  reads.allowed = co_await confirm_policy(reads.live, rollback, decided_by);
  co_return reads;
}

asio::awaitable<Result<void>> Executor::bind(const api::Rollback& bound, guard::GuardState& state,
                                             runtime::Term term) {
  const auto written =
      co_await gateway_.write(term, kube::patch(Resource::Rollback, bound.meta.key, api::json_patch,
                                                codec::rollback_binding_patch(bound)));
  const auto object = rollback::binding_may_be_stored(written)
                          ? co_await gateway_.read(kube::get(Resource::Rollback, bound.meta.key))
                          : written;
  if (!object) co_return std::unexpected(object.error());
  auto rollback = codec::parse_rollback(*object);
  if (!rollback) co_return std::unexpected(rollback.error());
  if (!rollback::has_binding_of(*rollback, bound)) co_return std::unexpected(written.error());
  state.rollback_written = rollback->status;
  rollback->status = bound.status;
  state.rollback = std::move(*rollback);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Executor::drill(const api::Rollback& drill,
                                              const policy::EffectivePolicy& policy,
                                              const api::Deployment& deployment,
                                              guard::GuardState& state, runtime::Term term) {
  const MonotonicTime began = clock_.monotonic_now();
  const api::Preflight preflight =
      co_await preflight_runner_.check(deployment, drill.spec.to, term);
  api::Rollback finished = drill;
  finished.status = guard::drill_outcome(drill, preflight, clock_.monotonic_now() - began,
                                         policy.spec, clock_.now());
  const auto recorded = drill.meta.uid.empty()
                            ? co_await create_record(finished, deployment, term)
                            : co_await write_status(finished.meta, finished.status, term);
  if (!recorded) co_return recorded;
  state.preflight = preflight;
  guard::record_drill(state.guard, finished);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Executor::create_record(const api::Rollback& record,
                                                      const api::Deployment& deployment,
                                                      runtime::Term term) {
  const auto created =
      co_await gateway_.write(term, kube::create(Resource::Rollback, deployment.meta.key.namespace_,
                                                 codec::rollback_manifest(record, deployment)));
  if (!created && created.error().kind == ErrorKind::AlreadyExists) co_return Result<void>{};
  if (!created) co_return std::unexpected(created.error());
  const auto meta = codec::parse_meta(*created);
  if (!meta) co_return std::unexpected(meta.error());
  co_return co_await write_status(*meta, record.status, term);
}

asio::awaitable<Result<void>> Executor::write_status(const api::ObjectMeta& meta,
                                                     const api::RollbackStatus& status,
                                                     runtime::Term term) {
  const auto written = co_await gateway_.write(
      term, kube::patch(Resource::Rollback, meta.key, api::json_patch,
                        codec::status_patch(meta.uid, codec::to_json(status)),
                        kube::Subresource::Status));
  if (!written) co_return std::unexpected(written.error());
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Executor::create_or_read_record(const guard::StartRollback& start,
                                                              const api::Deployment& deployment,
                                                              guard::GuardState& state,
                                                              runtime::Term term) {
  const std::string& namespace_ = deployment.meta.key.namespace_;
  auto created = co_await gateway_.write(
      term, kube::create(Resource::Rollback, namespace_,
                         codec::rollback_manifest(start.record, deployment)));
  const bool is_new = created.has_value();
  if (!created && rollback::may_be_created(created.error()))
    created = co_await gateway_.read(kube::get(Resource::Rollback, start.record.meta.key));
  if (!created) co_return std::unexpected(created.error());
  auto rollback = codec::parse_rollback(*created);
  if (!rollback) co_return std::unexpected(rollback.error());
  state.rollback_written = rollback->status;
  if (is_new) rollback->status = start.record.status;
  state.rollback = std::move(*rollback);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Executor::resume(const api::Deployment& deployment,
                                               guard::GuardState& state, runtime::Term term) {
  const auto snapshot = co_await gateway_.read(snapshot_call(deployment, state.rollback->spec.to));
  co_return co_await execute_steps(deployment, snapshot, state, term);
}

asio::awaitable<Result<void>> Executor::execute_steps(const api::Deployment& deployment,
                                                      const Result<codec::Json>& snapshot,
                                                      guard::GuardState& state, runtime::Term term,
                                                      std::optional<PrefetchedReads> prefetched) {
  for (int step = 0; step < max_steps; ++step) {
    const bool is_prefetched = step == 0 && prefetched;
    const auto live =
        is_prefetched
            ? std::move(prefetched->live)
            : co_await gateway_.read(kube::get(Resource::Deployment, deployment.meta.key));
    const rollback::NextStep next = rollback::next_step(*state.rollback, live, snapshot);
    if (rollback::is_outdated(next, live, deployment)) co_return outdated_plan();
    Result<void> allowed;
    if (rollback::changes_template(next)) {
      allowed = is_prefetched ? prefetched->allowed
                              : co_await confirm_policy(live, *state.rollback, state.guard.policy);
    }
    if (!allowed) co_return record_failure(next, allowed.error(), state);
    rollback::record_changes(next, live, snapshot, state.rollback->status);
    const StepResult result = co_await execute_step(next, state, term);
    if (result.is_last) co_return Result<void>{};
    const bool is_last_attempt = step + 1 == max_steps;
    if (result.error && (is_last_attempt || !rollback::is_retryable(*result.error)))
      co_return record_failure(next, *result.error, state);
  }
  co_return outdated_plan();
}

asio::awaitable<Result<void>> Executor::confirm_policy(const Result<codec::Json>& live,
                                                       const api::Rollback& rollback,
                                                       const std::string& decided_by) {
  std::optional<Result<codec::Json>> policy;
  if (auto call = guard::policy_read(live)) policy = co_await gateway_.read(std::move(*call));
  co_return guard::confirm_policy(live, policy, decided_by, rollback, clock_.now());
}

Result<void> Executor::record_failure(const rollback::NextStep& step, const Error& error,
                                      guard::GuardState& state) {
  if (error.kind != ErrorKind::Cancelled)
    rollback::record_error(step, error, state.rollback->status, clock_.now());
  // The last dry run was admitted, so it is outdated. The next attempt waits for a new dry run.
  if (rollback::is_admission_denied(error)) state.preflight.reset();
  return std::unexpected(error);
}

asio::awaitable<Executor::StepResult> Executor::execute_step(const rollback::NextStep& step,
                                                             guard::GuardState& state,
                                                             runtime::Term term) {
  api::RollbackStatus& status = state.rollback->status;
  const auto call = rollback::api_call_of(step);
  if (!call) {
    rollback::record_step(step, status, clock_.now());
    // The live Deployment is newer than the Deployment of the decision. Before another rollback, a
    // new preflight must check the newer Deployment.
    if (std::holds_alternative<rollback::MarkSuperseded>(step)) state.preflight.reset();
    co_return StepResult{.is_last = true};
  }
  const auto written = co_await gateway_.write(term, *call);
  if (!written) co_return StepResult{.error = written.error()};
  const bool was_restored = status.template_restored.has_value();
  rollback::record_success(step, status, clock_.now());
  if (!was_restored && status.template_restored) {
    const Duration took =
        state.unblocked_since ? clock_.monotonic_now() - *state.unblocked_since : Duration::zero();
    if (state.unblocked_since) telemetry_.decision_to_patch(took);
    state.unblocked_since.reset();
    log::info("restored the template",
              {{"rollback", state.rollback->meta.key.str()}, {"took", took}});
  }
  co_return StepResult{};
}

asio::awaitable<Result<void>> Executor::create_snapshot(const api::Revision& revision,
                                                        const api::Deployment& deployment,
                                                        guard::GuardState& state,
                                                        runtime::Term term) {
  const auto live = co_await gateway_.read(kube::get(Resource::Deployment, deployment.meta.key));
  if (!live) co_return std::unexpected(live.error());
  const auto meta = codec::parse_meta(*live);
  if (!meta) co_return std::unexpected(meta.error());
  if (!rollback::is_same_generation(*meta, deployment.meta))
    co_return fail(ErrorKind::Conflict,
                   "the Deployment changed before the snapshot of its template");
  const auto manifest = rollback::build_snapshot(*live, revision);
  if (!manifest) co_return std::unexpected(manifest.error());
  auto created = co_await gateway_.write(
      term, kube::create(Resource::ControllerRevision, deployment.meta.key.namespace_, *manifest));
  if (!created && created.error().kind != ErrorKind::AlreadyExists)
    co_return std::unexpected(created.error());
  guard::set_snapshot(state.guard, revision.hash, rollback::name_in(*manifest));
  state.snapshots_changed = true;
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Executor::garbage_collect_records(
    const std::vector<api::Rollback>& of_deployment, guard::GuardState& state, runtime::Term term) {
  // Reset the flag before the deletions: a Rollback that finishes during them sets the flag again.
  state.records_changed = false;
  for (const api::ObjectMeta& meta :
       rollback::metas_of_rollbacks_to_delete(of_deployment, state.guard.rollback)) {
    const auto deleted =
        co_await gateway_.write(term, kube::remove(Resource::Rollback, meta.key, meta.uid));
    if (deleted || rollback::is_gone(deleted.error()) ||
        deleted.error().kind == ErrorKind::Conflict)
      continue;
    // A retry would fail again, and an old record does no harm.
    if (rollback::is_permanent(deleted.error()) || rollback::is_admission_denied(deleted.error())) {
      log::warn("cannot delete an old Rollback; it is kept",
                {{"rollback", meta.key.str()}, {"error", deleted.error()}});
      continue;
    }
    state.records_changed = true;
    co_return std::unexpected(deleted.error());
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Executor::garbage_collect_snapshots(const api::Deployment& deployment,
                                                                  guard::GuardState& state,
                                                                  runtime::Term term) {
  const std::string& namespace_ = deployment.meta.key.namespace_;
  const auto snapshots =
      co_await gateway_.items(kube::list(Resource::ControllerRevision, namespace_,
                                         rollback::snapshot_selector(deployment.meta.key.name)));
  if (!snapshots) co_return std::unexpected(snapshots.error());
  const api::Rollback* in_flight = state.rollback ? &*state.rollback : nullptr;
  for (const std::string& name :
       rollback::snapshots_to_delete(*snapshots, state.written, in_flight)) {
    const auto deleted = co_await gateway_.write(
        term, kube::remove(Resource::ControllerRevision, {.namespace_ = namespace_, .name = name},
                           rollback::uid_of(*snapshots, name)));
    if (!deleted && deleted.error().kind != ErrorKind::NotFound)
      co_return std::unexpected(deleted.error());
    guard::clear_snapshot(state.guard, name);
  }
  state.snapshots_changed = false;
  co_return Result<void>{};
}

}  // namespace lastgood::shell
