#include "shell/check_runner.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>

#include "base/log.hpp"
#include "checks/baseline.hpp"
#include "checks/http.hpp"
#include "checks/rollout.hpp"
#include "guard/check_status.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;

// However a check ends, it may be asked again.
class CheckRunner::Asking {
 public:
  Asking(const Deliver& deliver, const api::Deployment& deployment, std::string check)
      : deliver_(deliver),
        key_(deployment.meta.key),
        uid_(deployment.meta.uid),
        check_(std::move(check)) {}
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
  ~Asking() { deliver_(key_, uid_, check_, {}); }

 private:
  const Deliver& deliver_;
  Key key_;
  Uid uid_;
  std::string check_;
};

// Listed by the first check that wants them, for all checks of the round.
class CheckRunner::BaselinePods {
 public:
  explicit BaselinePods(const asio::any_io_executor& executor)
      : never_(executor, asio::steady_timer::time_point::max()) {}

  asio::awaitable<Result<Pods>> list(Gatherer& gatherer, const api::Deployment& deployment,
                                     const api::Revision& revision) {
    if (!begun_) {
      begun_ = true;
      const Ending ending(*this);
      auto listed = co_await gatherer.pods(deployment, revision);
      if (listed)
        pods_ = std::make_shared<const std::vector<api::Pod>>(std::move(*listed));
      else
        pods_ = std::unexpected(listed.error());
    }
    while (!over_) {
      boost::system::error_code ignored;
      co_await never_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return pods_;
  }

 private:
  // However the listing ends, nobody waits for it for ever.
  class Ending {
   public:
    explicit Ending(BaselinePods& pods) : pods_(pods) {}
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;
    ~Ending() {
      pods_.over_ = true;
      pods_.never_.cancel();
    }

   private:
    BaselinePods& pods_;
  };

  asio::steady_timer never_;
  bool begun_ = false;
  bool over_ = false;
  Result<Pods> pods_ = fail(ErrorKind::Cancelled, "the listing was broken off");
};

// The pods of one revision, as they were before they were asked.
struct CheckRunner::ProbeTarget {
  const api::Deployment& deployment;
  const api::Revision& revision;
  const std::vector<api::Pod>& pods;
  // Of the revision that is judged. The other one's are not excused for starting up: that they fail
  // keeps from acting.
  bool may_start = false;
  std::optional<Time> rolled_out = {};
};

struct CheckRunner::Round {
  MeasurementRound asked;
  std::vector<api::Pod> pods;  // of the revision that the measurements speak of
  bool before = false;         // nothing of it has started
  BaselinePods other;
};

CheckRunner::CheckRunner(runtime::TaskGroup& tasks, Gatherer& gatherer, ports::Prober& prober,
                         ports::Clock& clock, ports::Telemetry& telemetry, Deliver deliver)
    : tasks_(tasks),
      gatherer_(gatherer),
      prober_(prober),
      clock_(clock),
      telemetry_(telemetry),
      deliver_(std::move(deliver)) {}

void CheckRunner::start(MeasurementRound round) {
  std::string name = "checks of " + round.deployment->meta.key.str();
  tasks_.spawn(std::move(name), run_round(std::move(round)));
}

asio::awaitable<void> CheckRunner::run_round(MeasurementRound taken) {
  const std::shared_ptr<const api::Deployment> deployment = taken.deployment;
  std::map<std::string, std::shared_ptr<const Asking>> asking;
  for (const std::string& check : taken.due)
    asking.emplace(check, std::make_shared<const Asking>(deliver_, *deployment, check));
  auto pods = co_await list(*deployment, taken.revision);
  if (!pods) co_return;
  const bool before = checks::nothing_started(*pods, taken.rolled_out);
  const auto executor = co_await asio::this_coro::executor;
  const auto round =
      std::make_shared<Round>(std::move(taken), std::move(*pods), before, BaselinePods(executor));
  const std::string of_deployment = " of " + deployment->meta.key.str();
  if (const auto due = asking.extract(std::string(guard::rollout_check)))
    tasks_.spawn("rollout check" + of_deployment, measure_rollout(round, due.mapped()));
  for (const api::Check& check : round->asked.spec.checks) {
    if (const auto due = asking.extract(check.name))
      tasks_.spawn("check " + check.name + of_deployment, ask_check(round, check, due.mapped()));
  }
}

asio::awaitable<void> CheckRunner::measure_rollout(
    std::shared_ptr<Round> round, [[maybe_unused]] std::shared_ptr<const Asking> asking) {
  const MeasurementRound& asked = round->asked;
  const checks::RolloutView view{.deployment = *asked.deployment,
                                 .hash = asked.revision.hash,
                                 .pods = round->pods,
                                 .rolled_out = asked.rolled_out};
  api::Measurement measurement = checks::measure_rollout(asked.spec.rollout, view, clock_.now());
  measurement.at = clock_.now();
  const auto other = co_await baseline_pods_for(*round, measurement);
  if (!other) co_return;
  if (*other) {
    const Time now = clock_.now();
    const api::Measurement compared = checks::measure_baseline_rollout(measurement, **other, now);
    measurement.baseline =
        checks::baseline_result(compared, asked.baseline_name, round->before, now);
  }
  deliver(asked, measurement, nullptr);
}

asio::awaitable<void> CheckRunner::ask_check(
    std::shared_ptr<Round> round, api::Check check,
    [[maybe_unused]] std::shared_ptr<const Asking> asking) {
  const std::string& namespace_ = round->asked.deployment->meta.key.namespace_;
  std::optional<Result<api::Service>> service;
  if (const auto wanted = checks::service_wanted(check, namespace_)) {
    service = co_await gatherer_.service({.namespace_ = namespace_, .name = *wanted});
  }
  const checks::HttpPlan plan = checks::plan_http(check, namespace_, round->pods, service);
  const ProbeTarget whom{.deployment = *round->asked.deployment,
                         .revision = round->asked.revision,
                         .pods = round->pods,
                         .may_start = true,
                         .rolled_out = round->asked.rolled_out};
  const auto answered = co_await answer(whom, check, plan);
  if (!answered) co_return;
  api::Measurement measurement = *answered;
  measurement.at = clock_.now();
  const auto other = co_await baseline_pods_for(*round, measurement);
  if (!other) co_return;
  if (*other) {
    auto compared = co_await compare(*round, check, **other, service);
    if (!compared) co_return;
    measurement.baseline = std::move(*compared);
  }
  deliver(round->asked, measurement, &check);
}

asio::awaitable<Result<api::Measurement>> CheckRunner::answer(const ProbeTarget& whom,
                                                              const api::Check& check,
                                                              const checks::HttpPlan& plan) {
  if (plan.measurement) co_return *plan.measurement;
  std::vector<checks::ProbeResult> asked = co_await probe_all(plan.probes);
  const api::Measurement measurement = checks::measure_http(check, asked, plan.pods);
  if (!checks::is_to_be_confirmed(measurement)) co_return measurement;
  const auto pods_now = co_await list(whom.deployment, whom.revision);
  if (!pods_now) co_return std::unexpected(pods_now.error());
  checks::exclude_terminating(asked, whom.pods, *pods_now);
  if (whom.may_start) checks::exclude_starting(asked, *pods_now, whom.rolled_out, clock_.now());
  co_return checks::measure_http(check, asked, plan.pods);
}

asio::awaitable<Result<std::optional<api::BaselineResult>>> CheckRunner::compare(
    const Round& round, const api::Check& check, const std::vector<api::Pod>& others,
    const std::optional<Result<api::Service>>& service) {
  const MeasurementRound& asked = round.asked;
  const api::Deployment& deployment = *asked.deployment;
  const auto plan =
      checks::plan_baseline(check, deployment.meta.key.namespace_, others, service, round.before);
  const ProbeTarget whom{.deployment = deployment, .revision = *asked.other, .pods = others};
  const auto answered = co_await answer(whom, check, plan);
  if (!answered) co_return std::unexpected(answered.error());
  const Time at = clock_.now();
  bool before = round.before;
  if (before && checks::is_to_be_confirmed(*answered)) {
    const auto pods_now = co_await list(deployment, asked.revision);
    if (!pods_now) co_return std::unexpected(pods_now.error());
    before = checks::nothing_started(*pods_now, asked.rolled_out);
  }
  if (!checks::is_about_baseline(plan, before)) co_return std::optional<api::BaselineResult>{};
  co_return checks::baseline_result(*answered, asked.baseline_name, before, at);
}

asio::awaitable<Result<std::vector<api::Pod>>> CheckRunner::list(const api::Deployment& deployment,
                                                                 const api::Revision& revision) {
  auto pods = co_await gatherer_.pods(deployment, revision);
  if (!pods)
    log::warn("pods could not be listed; nothing is judged by that",
              {{"deployment", deployment.meta.key.str()},
               {"hash", revision.hash.value},
               {"error", pods.error()}});
  co_return pods;
}

asio::awaitable<Result<CheckRunner::Pods>> CheckRunner::baseline_pods_for(
    Round& round, const api::Measurement& measurement) {
  const auto& other = round.asked.other;
  if (!other || !checks::needs_baseline(measurement, round.before)) co_return Pods{};
  auto pods = co_await round.other.list(gatherer_, *round.asked.deployment, *other);
  if (!pods)
    log::warn(
        "pods of the revision that would be put back could not be listed; nothing is judged by "
        "that",
        {{"deployment", round.asked.deployment->meta.key.str()},
         {"check", measurement.check},
         {"error", pods.error()}});
  co_return pods;
}

asio::awaitable<std::vector<checks::ProbeResult>> CheckRunner::probe_all(
    const std::vector<checks::HttpProbe>& probes) {
  using Question = decltype(asio::co_spawn(std::declval<asio::any_io_executor>(),
                                           std::declval<asio::awaitable<ports::ProbeResponse>>(),
                                           asio::deferred));
  std::vector<Question> questions;
  questions.reserve(probes.size());
  const auto executor = co_await asio::this_coro::executor;
  for (const checks::HttpProbe& ask : probes)
    questions.push_back(asio::co_spawn(executor, prober_.probe(ask.question), asio::deferred));
  auto [order, errors, answers] =
      co_await asio::experimental::make_parallel_group(std::move(questions))
          .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  std::vector<checks::ProbeResult> asked;
  asked.reserve(probes.size());
  for (std::size_t i = 0; i < answers.size(); ++i)
    asked.push_back({.ask = probes[i], .answer = answers[i]});
  co_return asked;
}

void CheckRunner::deliver(const MeasurementRound& round, const api::Measurement& measurement,
                          const api::Check* check) {
  telemetry_.measurement(check ? "http" : "rollout", api::to_string(measurement.result));
  guard::InboxMeasurement entry{.hash = round.revision.hash, .measurement = measurement};
  if (check) entry.asked = *check;
  deliver_(round.deployment->meta.key, round.deployment->meta.uid, measurement.check,
           std::move(entry));
}

}  // namespace lastgood::shell
