#include "run/sampler.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>

#include "base/log.hpp"
#include "checks/http.hpp"
#include "checks/rollout.hpp"
#include "decide/samples.hpp"

namespace lastgood::run {

namespace asio = boost::asio;

// However a check ends, it may be asked again.
class Sampler::Asking {
 public:
  Asking(const Deliver& deliver, const api::Deployment& deployment, std::string check)
      : deliver_(deliver), key_(deployment.meta.key), uid_(deployment.meta.uid), check_(std::move(check)) {}
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
  ~Asking() { deliver_(key_, uid_, check_, {}); }

 private:
  const Deliver& deliver_;
  Key key_;
  Uid uid_;
  std::string check_;
};

Sampler::Sampler(TaskGroup& tasks, Observer& observer, ports::Prober& prober, ports::Clock& clock, ports::Telemetry& telemetry,
                 Deliver deliver)
    : tasks_(tasks), observer_(observer), prober_(prober), clock_(clock), telemetry_(telemetry), deliver_(std::move(deliver)) {}

void Sampler::start(SampleRound round) {
  std::string name = "checks of " + round.deployment->meta.key.str();
  tasks_.spawn(std::move(name), run_round(std::move(round)));
}

asio::awaitable<void> Sampler::run_round(SampleRound taken) {
  const auto round = std::make_shared<const SampleRound>(std::move(taken));
  const api::Deployment& deployment = *round->deployment;
  std::map<std::string, std::shared_ptr<const Asking>> asking;
  for (const std::string& check : round->due) asking.emplace(check, std::make_shared<const Asking>(deliver_, deployment, check));
  auto listed = co_await observer_.pods(deployment, round->revision);
  if (!listed) {
    log::warn("pods could not be listed; nothing is judged by that",
              {{"deployment", deployment.meta.key.str()}, {"error", listed.error()}});
    co_return;
  }
  const auto pods = std::make_shared<const std::vector<api::Pod>>(std::move(*listed));
  if (asking.contains(std::string(decide::rollout_check))) {
    const checks::RolloutView view{
        .deployment = deployment, .hash = round->revision.hash, .pods = *pods, .rolled_out = round->rolled_out};
    deliver(*round, checks::judge_rollout(round->spec.rollout, view, clock_.now()), nullptr);
  }
  for (const api::Check& check : round->spec.checks) {
    const auto due = asking.extract(check.name);
    if (!due) continue;
    tasks_.spawn("check " + check.name + " of " + deployment.meta.key.str(), ask_check(round, check, pods, due.mapped()));
  }
}

asio::awaitable<void> Sampler::ask_check(std::shared_ptr<const SampleRound> round, api::Check check, Pods pods,
                                         [[maybe_unused]] std::shared_ptr<const Asking> asking) {
  const std::string& namespace_ = round->deployment->meta.key.namespace_;
  std::optional<Result<api::Service>> service;
  if (const auto wanted = checks::service_wanted(check, namespace_)) {
    service = co_await observer_.service({.namespace_ = namespace_, .name = *wanted});
  }
  const checks::HttpPlan plan = checks::plan_http(check, namespace_, *pods, service);
  if (plan.sample) {
    deliver(*round, *plan.sample, &check);
    co_return;
  }
  const std::vector<checks::HttpAsked> asked = co_await ask_all(plan.asks);
  deliver(*round, checks::judge_http(check, asked, plan.pods), &check);
}

asio::awaitable<std::vector<checks::HttpAsked>> Sampler::ask_all(const std::vector<checks::HttpAsk>& asks) {
  using Question = decltype(asio::co_spawn(std::declval<asio::any_io_executor>(),
                                           std::declval<asio::awaitable<ports::HttpAnswer>>(), asio::deferred));
  std::vector<Question> questions;
  const auto executor = co_await asio::this_coro::executor;
  for (const checks::HttpAsk& ask : asks)
    questions.push_back(asio::co_spawn(executor, prober_.ask(ask.question), asio::deferred));
  auto [order, errors, answers] = co_await asio::experimental::make_parallel_group(std::move(questions))
                                      .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  std::vector<checks::HttpAsked> asked;
  for (std::size_t i = 0; i < answers.size(); ++i) asked.push_back({.ask = asks[i], .answer = answers[i]});
  co_return asked;
}

void Sampler::deliver(const SampleRound& round, const api::Sample& sample, const api::Check* check) {
  telemetry_.sample(check ? "http" : "rollout", api::to_string(sample.result));
  InboxSample entry{.hash = round.revision.hash, .sample = sample};
  if (check) entry.asked = *check;
  deliver_(round.deployment->meta.key, round.deployment->meta.uid, sample.check, std::move(entry));
}

}  // namespace lastgood::run
