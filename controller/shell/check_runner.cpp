#include "shell/check_runner.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <iterator>
#include <map>

#include "base/overloaded.hpp"
#include "checks/baseline.hpp"
#include "checks/http_plan.hpp"
#include "checks/metrics_baseline.hpp"
#include "checks/registry_access.hpp"
#include "checks/rollout.hpp"
#include "rollback/record.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;

struct CheckRunner::Round {
  MeasurementRound request;
  std::vector<api::Pod> pods;    // of the measured revision
  bool nothing_started = false;  // see checks::nothing_started()
  BaselineSearch baseline_search;
};

CheckRunner::CheckRunner(runtime::TaskGroup& tasks, Gatherer& gatherer, ReferenceReader& references,
                         MetricsRunner& metrics, PodMetricsRunner& pod_metrics,
                         ports::Prober& prober, ports::Clock& clock, ports::Telemetry& telemetry,
                         Post post)
    : tasks_(tasks),
      gatherer_(gatherer),
      references_(references),
      metrics_(metrics),
      pod_metrics_(pod_metrics),
      http_(tasks, gatherer, prober, clock),
      clock_(clock),
      telemetry_(telemetry),
      post_(std::move(post)) {}

void CheckRunner::start(MeasurementRound round) {
  std::string name = "checks of " + round.deployment->meta.key.str();
  tasks_.spawn(std::move(name), run_round(std::move(round)));
}

asio::awaitable<void> CheckRunner::run_round(MeasurementRound request) {
  const std::shared_ptr<const api::Deployment> deployment = request.deployment;
  std::map<std::string, std::shared_ptr<const RunningCheck>> due;
  for (const std::string& check : request.due)
    due.emplace(check, std::make_shared<const RunningCheck>(post_, *deployment, check));
  auto pods = co_await gatherer_.pods(*deployment, request.revision);
  if (!pods) {
    log_missing_pods(*deployment, request.revision, pods.error());
    co_return;
  }
  const bool nothing_started = checks::nothing_started(*pods, request.rolled_out);
  const auto executor = co_await asio::this_coro::executor;
  const auto round = std::make_shared<Round>(std::move(request), std::move(*pods), nothing_started,
                                             BaselineSearch(executor));
  const std::string of_deployment = " of " + deployment->meta.key.str();
  if (const auto running = due.extract(std::string(api::rollout_check)))
    tasks_.spawn("rollout check" + of_deployment, run_rollout_check(round, running.mapped()));
  for (const api::Check& check : round->request.spec.checks) {
    if (const auto running = due.extract(check.name)) start_check(round, check, running.mapped());
  }
}

void CheckRunner::start_check(const std::shared_ptr<Round>& round, const api::Check& check,
                              std::shared_ptr<const RunningCheck> running) {
  const std::string name =
      "check " + check.name + " of " + round->request.deployment->meta.key.str();
  std::visit(
      Overloaded{[&](const api::HttpCheck&) {
                   tasks_.spawn(name, run_http_check(round, check, std::move(running)));
                 },
                 [&](const api::PodMetricsCheck&) {
                   tasks_.spawn(name, run_pod_metrics_check(round, check, std::move(running)));
                 },
                 [&](const api::ExternalMetricCheck&) {
                   tasks_.spawn(name, run_external_metric_check(round, check, std::move(running)));
                 },
                 [&](const auto&) {
                   tasks_.spawn(name, run_metrics_check(round, check, std::move(running)));
                 }},
      check.kind);
}

asio::awaitable<void> CheckRunner::run_rollout_check(
    std::shared_ptr<Round> round, [[maybe_unused]] std::shared_ptr<const RunningCheck> running) {
  const MeasurementRound& request = round->request;
  checks::RolloutView view{
      .deployment = *request.deployment,
      .hash = request.revision.hash,
      .pods = round->pods,
      .rolled_out = request.rolled_out,
      .startup_grace = checks::startup_grace(request.spec, *request.deployment)};
  if (checks::awaits_references(view))
    view.missing_references = co_await references_.missing(*request.deployment);
  std::vector<api::Pod> confirmed;
  api::Measurement measurement = checks::measure_rollout(request.spec.rollout, view, clock_.now());
  if (measurement.result == api::MeasurementResult::Fail &&
      request.confirmation == Confirmation::LiveList) {
    // The watch may lag: measure again with a live list.
    auto live = co_await pods_now(*request.deployment, request.revision, request.confirmation);
    if (!live) co_return;
    confirmed = std::move(*live);
    view.pods = confirmed;
    measurement = checks::measure_rollout(request.spec.rollout, view, clock_.now());
  }
  measurement.images = checks::images_of(view.pods);
  measurement.at = clock_.now();
  const auto baseline = co_await baseline_for(*round, measurement);
  if (!baseline) co_return;
  if (*baseline) {
    const auto& [candidate, pods] = **baseline;
    const Time now = clock_.now();
    measurement = checks::excuse_registry(std::move(measurement), view.pods, pods);
    measurement.baseline_images = checks::images_of(pods);
    const api::Measurement result = checks::measure_baseline_rollout(measurement, pods, now);
    measurement.baseline = checks::candidate_result(
        result, candidate, rollback::name_of(*request.deployment, candidate.revision),
        round->nothing_started, now);
    measurement.baseline_revision = candidate.revision.hash;
  }
  deliver(request, measurement, nullptr);
}

asio::awaitable<void> CheckRunner::run_http_check(
    std::shared_ptr<Round> round, api::Check check,
    [[maybe_unused]] std::shared_ptr<const RunningCheck> running) {
  const MeasurementRound& request = round->request;
  const std::string& namespace_ = request.deployment->meta.key.namespace_;
  std::optional<Result<api::Service>> service;
  if (const auto wanted = checks::service_wanted(check, namespace_)) {
    service = co_await gatherer_.service({.namespace_ = namespace_, .name = *wanted});
  }
  const checks::HttpPlan plan = checks::plan_http(check, namespace_, round->pods, service);
  const HttpRound http{
      .pods = round->pods,
      .pods_now =
          [&] { return pods_now(*request.deployment, request.revision, request.confirmation); },
      .excludes_starting_pods = true,
      .rolled_out = request.rolled_out,
      .startup_grace = checks::startup_grace(request.spec, *request.deployment),
      .responders = responders_to(request, check),
      .recorded_pass = recorded_pass_of(request, check)};
  auto measured = co_await http_.measure(check, plan, http);
  if (!measured) co_return;
  measured->measurement.at = clock_.now();
  const auto added = co_await add_baseline(*round, check, service, *measured);
  if (!added) co_return;
  deliver(request, measured->measurement, &check, std::move(measured->responders));
}

asio::awaitable<void> CheckRunner::run_metrics_check(
    std::shared_ptr<Round> round, api::Check check,
    [[maybe_unused]] std::shared_ptr<const RunningCheck> running) {
  const MeasurementRound& request = round->request;
  api::Measurement measurement = checks::not_started(check);
  std::optional<Time> queried_at;
  if (!round->nothing_started) {
    auto variables = checks::variables_of(*request.deployment, request.revision, round->pods);
    if (checks::uses_baseline_pods(check)) {
      const auto found =
          co_await round->baseline_search.find(gatherer_, *request.deployment, request.baselines);
      if (!found) co_return;
      if (*found) variables.baseline_pods = checks::active_pod_names((*found)->pods);
    }
    queried_at = clock_.now();
    const MetricsRequest present{
        .check = check,
        .variables = variables,
        .at = checks::evaluation_time(check, *queried_at),
        .alerts = request.alerts,
        .release = checks::release_start(request.compared_with, request.released, round->pods)};
    measurement = co_await metrics_.measure(present);
  }
  measurement.at = clock_.now();
  if (!measurement.baseline) {
    auto baseline = co_await metrics_baseline(*round, check, measurement, queried_at);
    if (!baseline) co_return;
    measurement.baseline = std::move(*baseline);
  }
  deliver(request, measurement, &check);
}

asio::awaitable<void> CheckRunner::run_pod_metrics_check(
    std::shared_ptr<Round> round, api::Check check,
    [[maybe_unused]] std::shared_ptr<const RunningCheck> running) {
  const MeasurementRound& request = round->request;
  auto baseline = co_await find_baseline(*round, check.name);
  if (!baseline) co_return;
  PodMetricsRound pod_metrics{
      .deployment = *request.deployment,
      .revision = request.revision,
      .pods = round->pods,
      .rolled_out = request.rolled_out,
      .nothing_started = round->nothing_started,
      .established = checks::established_of(check.name, request.not_established),
      .baseline = std::move(*baseline),
      .pods_now = [&](const api::Revision& revision) {
        return pods_now(*request.deployment, revision, request.confirmation);
      }};
  const auto measurement = co_await pod_metrics_.measure(check, std::move(pod_metrics));
  if (measurement) deliver(request, *measurement, &check);
}

asio::awaitable<void> CheckRunner::run_external_metric_check(
    std::shared_ptr<Round> round, api::Check check,
    [[maybe_unused]] std::shared_ptr<const RunningCheck> running) {
  const MeasurementRound& request = round->request;
  const auto delay = checks::initial_delay_of(check.name, request.only_for_baseline);
  if (delay == checks::InitialDelay::Running && !round->nothing_started) co_return;
  auto measurement = co_await metrics_.measure_external_release(
      check, *request.deployment,
      {.nothing_started = round->nothing_started,
       .delay = delay,
       .began = request.released,
       .known_before = checks::known_before_of(check.name, request.known_before),
       .replaced = replaced_by_release(request)});
  const auto baseline =
      round->nothing_started ? co_await baseline_for(*round, measurement) : BaselinePtr();
  if (!baseline) co_return;
  if (*baseline) {
    const auto& candidate = (*baseline)->candidate;
    measurement.baseline_revision = candidate.revision.hash;
    measurement.baseline =
        co_await metrics_.external_baseline(check, *request.deployment, candidate);
  }
  deliver(request, measurement, &check);
}

asio::awaitable<Result<std::optional<api::BaselineResult>>> CheckRunner::metrics_baseline(
    Round& round, const api::Check& check, api::Measurement& measurement,
    std::optional<Time> queried_at) {
  const MeasurementRound& request = round.request;
  const auto baseline = checks::awaits_baseline_value(check, measurement)
                            ? co_await find_baseline(round, check.name)
                            : co_await baseline_for(round, measurement);
  if (!baseline) co_return std::unexpected(baseline.error());
  const checks::MetricsBaseline plan = checks::plan_metrics_baseline(
      {.check = check,
       .measurement = measurement,
       .established = checks::established_of(check.name, request.not_established),
       .nothing_started = round.nothing_started,
       .candidates = request.baselines,
       .alive = *baseline ? &(*baseline)->candidate : nullptr,
       .released = request.released,
       .queried_at = queried_at},
      clock_.now());
  if (plan.times.empty()) {
    measurement = checks::compare_with_baseline(check, std::move(measurement),
                                                {.compared_with = request.compared_with});
    co_return std::nullopt;
  }
  measurement.baseline_revision = plan.candidate.revision.hash;
  const std::vector<api::Pod> pods = *baseline ? (*baseline)->pods : std::vector<api::Pod>();
  const auto variables = checks::baseline_variables(*request.deployment, plan, pods);
  std::vector<api::Measurement> results;
  for (const Time time : plan.times) {
    const MetricsRequest earlier{.check = check,
                                 .variables = variables,
                                 .at = time,
                                 .alerts = request.alerts,
                                 .pod_label = plan.pod_label};
    results.push_back(checks::with_baseline_value(check, co_await metrics_.measure(earlier)));
  }
  if (!checks::has_question_of(results, measurement)) co_return std::nullopt;
  measurement.question = results.back().question;
  auto result = checks::metrics_baseline_result(
      plan, results, rollback::name_of(*request.deployment, plan.candidate.revision));
  measurement = checks::compare_with_baseline(check, std::move(measurement),
                                              {.compared_with = request.compared_with,
                                               .baseline = result,
                                               .trust = plan.candidate.trust,
                                               .why_no_value = results.back().message});
  measurement = checks::name_both_values(check, std::move(measurement), result);
  co_return result;
}

asio::awaitable<Result<void>> CheckRunner::add_baseline(
    Round& round, const api::Check& check, const std::optional<Result<api::Service>>& service,
    HttpMeasured& measured) {
  api::Measurement& measurement = measured.measurement;
  const auto found = co_await baseline_for(round, measurement);
  if (!found) co_return std::unexpected(found.error());
  if (!*found) co_return Result<void>{};
  const auto& [candidate, pods] = **found;
  const api::Deployment& deployment = *round.request.deployment;
  const std::string name = rollback::name_of(deployment, candidate.revision);
  const auto plan = checks::plan_baseline(check, deployment.meta.key.namespace_, pods, service,
                                          round.nothing_started);
  const HttpRound of_baseline{.pods = pods, .pods_now = [&] {
                                return pods_now(deployment, (*found)->candidate.revision,
                                                round.request.confirmation);
                              }};
  measurement.baseline_revision = candidate.revision.hash;
  const bool keeps_result = checks::has_baseline_result(
      measurement, round.nothing_started,
      checks::established_of(check.name, round.request.not_established));
  bool nothing_started = round.nothing_started;
  for (int failures = 1;; ++failures) {
    const auto once = co_await http_.measure(check, plan, of_baseline);
    if (!once) co_return std::unexpected(once.error());
    std::ranges::copy(once->responders, std::back_inserter(measured.responders));
    const Time at = clock_.now();
    // A pod of the new revision may have started, and failed, during the probes.
    if (nothing_started && checks::needs_confirmation(once->measurement)) {
      const auto pods_now =
          co_await this->pods_now(deployment, round.request.revision, round.request.confirmation);
      if (!pods_now) co_return std::unexpected(pods_now.error());
      nothing_started = checks::nothing_started(*pods_now, round.request.rolled_out);
    }
    if (!checks::is_about_baseline(plan, nothing_started)) break;
    auto result = checks::candidate_result(once->measurement, candidate, name, nothing_started, at);
    if (!result) break;
    if (keeps_result) measurement.baseline = checks::with_failures(std::move(*result), failures);
    if (plan.measurement ||
        !checks::repeats_baseline(once->measurement, round.nothing_started, failures))
      break;
    co_await clock_.sleep_until(clock_.monotonic_now() + checks::repeat_delay);
  }
  co_return Result<void>{};
}

asio::awaitable<Result<std::vector<api::Pod>>> CheckRunner::pods_now(
    const api::Deployment& deployment, const api::Revision& revision, Confirmation confirmation) {
  auto pods = confirmation == Confirmation::LiveList
                  ? co_await gatherer_.live_pods(deployment, revision)
                  : co_await gatherer_.pods(deployment, revision);
  if (!pods) log_missing_pods(deployment, revision, pods.error());
  co_return pods;
}

void CheckRunner::log_missing_pods(const api::Deployment& deployment, const api::Revision& revision,
                                   const Error& error) const {
  log::write(
      level_for(deployment), "the pods are not known; the checks have no measurement",
      {{"deployment", deployment.meta.key.str()}, {"hash", revision.hash.value}, {"error", error}});
}

log::Level CheckRunner::level_for(const api::Deployment& deployment) const {
  return gatherer_.are_pods_late(deployment.meta.key) ? log::Level::Warn : log::Level::Debug;
}

asio::awaitable<Result<BaselinePtr>> CheckRunner::baseline_for(
    Round& round, const api::Measurement& measurement) {
  const MeasurementRound& request = round.request;
  const bool needs_images = measurement.check == api::rollout_check && !request.rolled_out &&
                            checks::lacks_images(request.baselines);
  const auto established = checks::established_of(measurement.check, request.not_established);
  if (!needs_images && !checks::needs_baseline(measurement, round.nothing_started, established))
    co_return BaselinePtr{};
  co_return co_await find_baseline(round, measurement.check);
}

asio::awaitable<Result<BaselinePtr>> CheckRunner::find_baseline(Round& round,
                                                                const std::string& check) {
  const MeasurementRound& request = round.request;
  if (request.baselines.empty()) co_return BaselinePtr{};
  auto found =
      co_await round.baseline_search.find(gatherer_, *request.deployment, request.baselines);
  if (!found)
    log::write(level_for(*request.deployment),
               "the pods of the baseline are not known; the check has no measurement",
               {{"deployment", request.deployment->meta.key.str()},
                {"check", check},
                {"error", found.error()}});
  co_return found;
}

void CheckRunner::deliver(const MeasurementRound& round, const api::Measurement& measurement,
                          const api::Check* check, std::vector<checks::Responder> responders) {
  telemetry_.measurement(check ? api::kind_name_of(check->kind) : "rollout",
                         api::to_string(measurement.result));
  guard::MeasurementArrived entry{.deployment = round.deployment->meta.uid,
                                  .hash = round.revision.hash,
                                  .measurement = measurement,
                                  .responders = std::move(responders)};
  if (check) entry.check = *check;
  post_(round.deployment->meta.key, std::move(entry));
}

}  // namespace lastgood::shell
