#include "shell/executor.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "codec/manifests.hpp"
#include "guard/decide.hpp"
#include "guard/drill.hpp"
#include "guard/state.hpp"
#include "kube/paths.hpp"
#include "rollback/outcome.hpp"
#include "rollback/snapshot.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;
using kube::Resource;

namespace {

// Template, ownership, and looking at the result; each may lose one race and be planned again.
constexpr int max_steps = 8;

Result<void> changed_since() {
  return fail(ErrorKind::Conflict,
              "the Deployment or its policy has changed since the plan; it is made again");
}

Result<api::ApiCall> snapshot_call(const api::Deployment& deployment, const api::Revision& target) {
  return kube::get(Resource::ControllerRevision,
                   {.namespace_ = deployment.meta.key.namespace_, .name = target.snapshot});
}

}  // namespace

asio::awaitable<Result<void>> Executor::carry_out(guard::Action action,
                                                  const policy::EffectivePolicy& policy,
                                                  const api::Deployment& deployment,
                                                  guard::GuardState& state, runtime::Term term) {
  guard::note_when_decided(action, state, clock_.monotonic_now());
  if (const auto* starting = std::get_if<guard::StartRollback>(&action)) {
    co_return co_await start(*starting, deployment, state, term);
  }
  if (std::holds_alternative<guard::ResumeRollback>(action)) {
    const auto kept = co_await gateway_.read(snapshot_call(deployment, state.rollback->spec.to));
    co_return co_await go_on(deployment, kept, state, term);
  }
  if (const auto* keeping = std::get_if<guard::CreateSnapshot>(&action))
    co_return co_await keep(keeping->revision, deployment, state, term);
  if (const auto* binding = std::get_if<guard::BindRequest>(&action))
    co_return co_await bind(binding->record, state, term);
  if (const auto* observed = std::get_if<guard::RecordObserved>(&action))
    co_return co_await create_record(observed->record, deployment, term);
  if (const auto* drilling = std::get_if<guard::RunDrill>(&action))
    co_return co_await drill(drilling->record, policy, deployment, state, term);
  co_return Result<void>{};
}

// The record and what is read do not wait for each other: users of a bad release wait for both.
asio::awaitable<Result<void>> Executor::start(const guard::StartRollback& start,
                                              const api::Deployment& deployment,
                                              guard::GuardState& state, runtime::Term term) {
  const api::Revision& target = start.record.spec.to;
  if (!start.carry_out) co_return co_await record(start, deployment, state, term);
  const auto executor = co_await asio::this_coro::executor;
  const std::optional<Key> policy = rollback::policy_of(state.guard, deployment);
  auto recording = asio::co_spawn(executor, record(start, deployment, state, term), asio::deferred);
  auto reading =
      asio::co_spawn(executor, read_beforehand(deployment, start.record, policy), asio::deferred);
  auto [order, record_failed, recorded, reading_failed, readings] =
      co_await asio::experimental::make_parallel_group(std::move(recording), std::move(reading))
          .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  for (const std::exception_ptr& failed : {record_failed, reading_failed}) {
    if (failed) std::rethrow_exception(failed);
  }
  if (!recorded) co_return recorded;
  // A record that was there already may be of another target: that one is looked at anew.
  if (state.rollback->spec.to.snapshot != target.snapshot) co_return changed_since();
  const Result<codec::Json> kept = readings.kept;
  co_return co_await go_on(deployment, kept, state, term, std::move(readings));
}

asio::awaitable<Executor::Readings> Executor::read_beforehand(const api::Deployment& deployment,
                                                              const api::Rollback& rollback,
                                                              const std::optional<Key>& policy) {
  Readings readings{
      .kept = co_await gateway_.read(snapshot_call(deployment, rollback.spec.to)),
      .live = co_await gateway_.read(kube::get(Resource::Deployment, deployment.meta.key)),
      .allowed = {}};
  readings.allowed = co_await policy_still_allows(policy, rollback, deployment);
  co_return readings;
}

asio::awaitable<Result<void>> Executor::bind(const api::Rollback& bound, guard::GuardState& state,
                                             runtime::Term term) {
  const auto written =
      co_await gateway_.write(term, kube::patch(Resource::Rollback, bound.meta.key, api::json_patch,
                                                codec::rollback_binding_patch(bound)));
  const auto object = rollback::may_be_bound(written)
                          ? co_await gateway_.read(kube::get(Resource::Rollback, bound.meta.key))
                          : written;
  if (!object) co_return std::unexpected(object.error());
  auto rollback = codec::parse_rollback(*object);
  if (!rollback) co_return std::unexpected(rollback.error());
  if (!rollback::is_bound_as(*rollback, bound)) co_return std::unexpected(written.error());
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
  const api::Preflight found = co_await preflight_runner_.check(deployment, drill.spec.to, term);
  api::Rollback done = drill;
  done.status =
      guard::drill_outcome(drill, found, clock_.monotonic_now() - began, policy.spec, clock_.now());
  const auto recorded = drill.meta.uid.empty()
                            ? co_await create_record(done, deployment, term)
                            : co_await write_status(done.meta, done.status, term);
  if (!recorded) co_return recorded;
  state.preflight = found;
  guard::note_drill(state.guard, done);
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

asio::awaitable<Result<void>> Executor::record(const guard::StartRollback& start,
                                               const api::Deployment& deployment,
                                               guard::GuardState& state, runtime::Term term) {
  const std::string& namespace_ = deployment.meta.key.namespace_;
  auto created = co_await gateway_.write(
      term, kube::create(Resource::Rollback, namespace_,
                         codec::rollback_manifest(start.record, deployment)));
  const bool is_new = created.has_value();
  if (!created && rollback::may_be_done(created.error()))
    created = co_await gateway_.read(kube::get(Resource::Rollback, start.record.meta.key));
  if (!created) co_return std::unexpected(created.error());
  auto rollback = codec::parse_rollback(*created);
  if (!rollback) co_return std::unexpected(rollback.error());
  state.rollback_written = rollback->status;
  if (is_new) rollback->status = start.record.status;
  state.rollback = std::move(*rollback);
  co_return Result<void>{};
}

// `kept` was read for this plan; what is kept under a name never changes, so once is enough.
asio::awaitable<Result<void>> Executor::go_on(const api::Deployment& deployment,
                                              const Result<codec::Json>& kept,
                                              guard::GuardState& state, runtime::Term term,
                                              std::optional<Readings> beforehand) {
  std::optional<Error> last;
  for (int step = 0; step < max_steps; ++step) {
    const bool is_read = step == 0 && beforehand;
    const auto live =
        is_read ? std::move(beforehand->live)
                : co_await gateway_.read(kube::get(Resource::Deployment, deployment.meta.key));
    const rollback::NextStep next = rollback::next_step(*state.rollback, live, kept);
    if (rollback::is_undecided(next, live, deployment)) co_return changed_since();
    const auto allowed =
        is_read
            ? beforehand->allowed
            : co_await policy_still_allows(
                  rollback::policy_to_confirm(next, state.rollback->spec, state.guard, deployment),
                  *state.rollback, deployment);
    if (!allowed) co_return refused(next, allowed.error(), state);
    rollback::note_changes(next, live, kept, state.rollback->status);
    const Taken taken = co_await take(next, state, term);
    if (taken.done) co_return Result<void>{};
    if (taken.error && !rollback::may_look_again(*taken.error))
      co_return refused(next, *taken.error, state);
    last = taken.error;
    if (step + 1 == max_steps && last) co_return refused(next, *last, state);
  }
  co_return changed_since();
}

// The emergency brake works even where the watch of the policies has silently died.
asio::awaitable<Result<void>> Executor::policy_still_allows(const std::optional<Key>& policy,
                                                            const api::Rollback& rollback,
                                                            const api::Deployment& deployment) {
  if (!policy) co_return Result<void>{};
  const auto object = co_await gateway_.read(kube::get(Resource::RollbackPolicy, *policy));
  co_return rollback::allows(object, rollback, deployment);
}

Result<void> Executor::refused(const rollback::NextStep& next, const Error& error,
                               guard::GuardState& state) {
  if (error.kind != ErrorKind::Cancelled)
    rollback::record_refusal(next, error, state.rollback->status, clock_.now());
  // What the dry run found is not true any more: it is asked anew, and what it says then is waited
  // for.
  if (rollback::is_not_admitted(error)) state.preflight.reset();
  return std::unexpected(error);
}

asio::awaitable<Executor::Taken> Executor::take(const rollback::NextStep& step,
                                                guard::GuardState& state, runtime::Term term) {
  api::RollbackStatus& status = state.rollback->status;
  const auto call = rollback::call_of(step);
  if (!call) {
    rollback::record_outcome(step, status, clock_.now());
    // The inputs is not the one that was decided upon: nothing is begun again before it is seen.
    if (std::holds_alternative<rollback::Supersede>(step)) state.preflight.reset();
    co_return Taken{.done = true};
  }
  auto answer = co_await gateway_.write(term, *call);
  // 409 and 422: somebody else was faster. Read again and plan again; a lost answer is found out
  // the same way.
  if (!answer) co_return Taken{.error = answer.error()};
  const bool was_touched = status.template_restored.has_value();
  rollback::record_done(step, status, clock_.now());
  if (!was_touched && status.template_restored) {
    const Duration took =
        state.decided ? clock_.monotonic_now() - *state.decided : Duration::zero();
    if (state.decided) telemetry_.decision_to_patch(took);
    state.decided.reset();
    log::info("template put back", {{"rollback", state.rollback->meta.key.str()}, {"took", took}});
  }
  co_return Taken{};
}

asio::awaitable<Result<void>> Executor::keep(const api::Revision& revision,
                                             const api::Deployment& deployment,
                                             guard::GuardState& state, runtime::Term term) {
  const auto live = co_await gateway_.read(kube::get(Resource::Deployment, deployment.meta.key));
  if (!live) co_return std::unexpected(live.error());
  const auto meta = codec::parse_meta(*live);
  if (!meta) co_return std::unexpected(meta.error());
  if (!rollback::is_same_generation(*meta, deployment.meta))
    co_return fail(ErrorKind::Conflict, "the Deployment changed before its template was kept");
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
  // At once: what is seen while one is deleted was not among them.
  state.records_changed = false;
  for (const api::ObjectMeta& meta :
       rollback::superfluous_records(of_deployment, state.guard.rollback)) {
    const auto gone =
        co_await gateway_.write(term, kube::remove(Resource::Rollback, meta.key, meta.uid));
    if (gone || rollback::is_gone(gone.error()) || gone.error().kind == ErrorKind::Conflict)
      continue;
    // ProbeTarget the server does not allow it would be refused again; one record too many stops
    // nothing else.
    if (rollback::is_final(gone.error()) || rollback::is_not_admitted(gone.error())) {
      log::warn("a record too many stays", {{"rollback", meta.key.str()}, {"error", gone.error()}});
      continue;
    }
    state.records_changed = true;
    co_return std::unexpected(gone.error());
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Executor::garbage_collect_snapshots(const api::Deployment& deployment,
                                                                  guard::GuardState& state,
                                                                  runtime::Term term) {
  const std::string& namespace_ = deployment.meta.key.namespace_;
  const auto kept =
      co_await gateway_.items(kube::list(Resource::ControllerRevision, namespace_,
                                         rollback::snapshot_selector(deployment.meta.key.name)));
  if (!kept) co_return std::unexpected(kept.error());
  const api::Rollback* in_flight = state.rollback ? &*state.rollback : nullptr;
  for (const std::string& name : rollback::superfluous(*kept, state.written, in_flight)) {
    const auto gone = co_await gateway_.write(
        term, kube::remove(Resource::ControllerRevision, {.namespace_ = namespace_, .name = name},
                           rollback::uid_of(*kept, name)));
    if (!gone && gone.error().kind != ErrorKind::NotFound) co_return std::unexpected(gone.error());
    guard::clear_snapshot(state.guard, name);
  }
  state.snapshots_changed = false;
  co_return Result<void>{};
}

}  // namespace lastgood::shell
