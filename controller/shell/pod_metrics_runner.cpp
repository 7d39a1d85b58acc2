#include "shell/pod_metrics_runner.hpp"

#include "checks/pod_metrics_measurement.hpp"
#include "checks/pod_metrics_run.hpp"
#include "rollback/record.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;

asio::awaitable<Result<api::Measurement>> PodMetricsRunner::measure(api::Check check,
                                                                    PodMetricsRound round) {
  const auto question = checks::question_of(std::get<api::PodMetricsCheck>(check.kind));
  if (!question) co_return checks::measure_invalid_pod_metrics(check, question.error());
  checks::PodMetricsInputs inputs{.check = check,
                                  .question = *question,
                                  .pods = round.pods,
                                  .nothing_started = round.nothing_started,
                                  .established = round.established};
  if (round.baseline) inputs.baseline_pods = round.baseline->pods;
  checks::PodMetricsRun run(inputs);
  co_await scrape(run, *question, round.deployment);
  if (run.needs_confirmation()) {
    const auto pods = co_await round.pods_now(round.revision);
    if (!pods) co_return std::unexpected(pods.error());
    Result<std::vector<api::Pod>> old_pods;
    if (round.baseline) old_pods = co_await round.pods_now(round.baseline->candidate.revision);
    if (!old_pods) co_return std::unexpected(old_pods.error());
    run.confirm(*pods, *old_pods);
  }
  api::Measurement measurement = run.measurement();
  measurement.at = clock_.now();
  if (!run.needs_baseline_result()) co_return measurement;
  bool nothing_started = round.nothing_started;
  if (nothing_started) {
    // A pod of the new revision may have started during the run.
    const auto pods = co_await round.pods_now(round.revision);
    if (!pods) co_return std::unexpected(pods.error());
    nothing_started = checks::nothing_started(*pods, round.rolled_out);
  }
  const checks::BaselineCandidate& candidate = round.baseline->candidate;
  const api::Measurement result = run.baseline_measurement();
  measurement.baseline_revision = candidate.revision.hash;
  measurement.baseline = checks::candidate_result(
      result, candidate, rollback::name_of(round.deployment, candidate.revision), nothing_started,
      clock_.now());
  co_return measurement;
}

asio::awaitable<void> PodMetricsRunner::scrape(checks::PodMetricsRun& run,
                                               const checks::PodMetricsQuestion& question,
                                               const api::Deployment& deployment) {
  const MonotonicTime first = clock_.monotonic_now();
  Duration since_first{0};
  for (;;) {
    std::vector<checks::ScrapeJob> jobs = run.jobs();
    if (jobs.empty()) co_return;
    co_await scraper_.scrape(std::move(jobs), question, deployment.meta.key.str());
    run.add_round(since_first);
    const auto next = run.next_round();
    if (!next) co_return;
    co_await clock_.sleep_until(first + *next);
    since_first = clock_.monotonic_now() - first;
  }
}

}  // namespace lastgood::shell
