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

// Listed by the first check that wants them, for all checks of the round.
class Sampler::OtherPods {
 public:
  explicit OtherPods(const asio::any_io_executor& executor) : never_(executor, asio::steady_timer::time_point::max()) {}

  asio::awaitable<Result<Pods>> list(Observer& observer, const api::Deployment& deployment, const api::Revision& revision) {
    if (!begun_) {
      begun_ = true;
      const Ending ending(*this);
      auto listed = co_await observer.pods(deployment, revision);
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
    explicit Ending(OtherPods& pods) : pods_(pods) {}
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;
    ~Ending() {
      pods_.over_ = true;
      pods_.never_.cancel();
    }

   private:
    OtherPods& pods_;
  };

  asio::steady_timer never_;
  bool begun_ = false;
  bool over_ = false;
  Result<Pods> pods_ = fail(ErrorKind::Cancelled, "the listing was broken off");
};

// The pods of one revision, as they were before they were asked.
struct Sampler::Whom {
  const api::Deployment& deployment;
  const api::Revision& revision;
  const std::vector<api::Pod>& pods;
  // Of the revision that is judged. The other one's are not excused for starting up: that they fail keeps from acting.
  bool may_start = false;
  std::optional<Time> rolled_out = {};
};

struct Sampler::Round {
  SampleRound asked;
  std::vector<api::Pod> pods;  // of the revision that the samples speak of
  bool before = false;         // nothing of it has started
  OtherPods other;
};

Sampler::Sampler(runtime::TaskGroup& tasks, Observer& observer, ports::Prober& prober, ports::Clock& clock, ports::Telemetry& telemetry,
                 Deliver deliver)
    : tasks_(tasks), observer_(observer), prober_(prober), clock_(clock), telemetry_(telemetry), deliver_(std::move(deliver)) {}

void Sampler::start(SampleRound round) {
  std::string name = "checks of " + round.deployment->meta.key.str();
  tasks_.spawn(std::move(name), run_round(std::move(round)));
}

asio::awaitable<void> Sampler::run_round(SampleRound taken) {
  const std::shared_ptr<const api::Deployment> deployment = taken.deployment;
  std::map<std::string, std::shared_ptr<const Asking>> asking;
  for (const std::string& check : taken.due) asking.emplace(check, std::make_shared<const Asking>(deliver_, *deployment, check));
  auto pods = co_await list(*deployment, taken.revision);
  if (!pods) co_return;
  const bool before = checks::nothing_started(*pods, taken.rolled_out);
  const auto executor = co_await asio::this_coro::executor;
  const auto round = std::make_shared<Round>(std::move(taken), std::move(*pods), before, OtherPods(executor));
  const std::string of_deployment = " of " + deployment->meta.key.str();
  if (const auto due = asking.extract(std::string(guard::rollout_check)))
    tasks_.spawn("rollout check" + of_deployment, judge_rollout(round, due.mapped()));
  for (const api::Check& check : round->asked.spec.checks) {
    if (const auto due = asking.extract(check.name))
      tasks_.spawn("check " + check.name + of_deployment, ask_check(round, check, due.mapped()));
  }
}

asio::awaitable<void> Sampler::judge_rollout(std::shared_ptr<Round> round,
                                             [[maybe_unused]] std::shared_ptr<const Asking> asking) {
  const SampleRound& asked = round->asked;
  const checks::RolloutView view{
      .deployment = *asked.deployment, .hash = asked.revision.hash, .pods = round->pods, .rolled_out = asked.rolled_out};
  api::Sample sample = checks::judge_rollout(asked.spec.rollout, view, clock_.now());
  sample.at = clock_.now();
  const auto other = co_await pods_to_compare(*round, sample);
  if (!other) co_return;
  if (*other) {
    const Time now = clock_.now();
    const api::Sample compared = checks::compare_rollout(sample, **other, now);
    sample.comparison = checks::comparison_of(compared, asked.other_name, round->before, now);
  }
  deliver(asked, sample, nullptr);
}

asio::awaitable<void> Sampler::ask_check(std::shared_ptr<Round> round, api::Check check,
                                         [[maybe_unused]] std::shared_ptr<const Asking> asking) {
  const std::string& namespace_ = round->asked.deployment->meta.key.namespace_;
  std::optional<Result<api::Service>> service;
  if (const auto wanted = checks::service_wanted(check, namespace_)) {
    service = co_await observer_.service({.namespace_ = namespace_, .name = *wanted});
  }
  const checks::HttpPlan plan = checks::plan_http(check, namespace_, round->pods, service);
  const Whom whom{.deployment = *round->asked.deployment,
                  .revision = round->asked.revision,
                  .pods = round->pods,
                  .may_start = true,
                  .rolled_out = round->asked.rolled_out};
  const auto answered = co_await answer(whom, check, plan);
  if (!answered) co_return;
  api::Sample sample = *answered;
  sample.at = clock_.now();
  const auto other = co_await pods_to_compare(*round, sample);
  if (!other) co_return;
  if (*other) {
    auto compared = co_await compare(*round, check, **other, service);
    if (!compared) co_return;
    sample.comparison = std::move(*compared);
  }
  deliver(round->asked, sample, &check);
}

asio::awaitable<Result<api::Sample>> Sampler::answer(const Whom& whom, const api::Check& check, const checks::HttpPlan& plan) {
  if (plan.sample) co_return *plan.sample;
  std::vector<checks::HttpAsked> asked = co_await ask_all(plan.asks);
  const api::Sample sample = checks::judge_http(check, asked, plan.pods);
  if (!checks::is_to_be_confirmed(sample)) co_return sample;
  const auto pods_now = co_await list(whom.deployment, whom.revision);
  if (!pods_now) co_return std::unexpected(pods_now.error());
  checks::excuse_stopped(asked, whom.pods, *pods_now);
  if (whom.may_start) checks::excuse_starting(asked, *pods_now, whom.rolled_out, clock_.now());
  co_return checks::judge_http(check, asked, plan.pods);
}

asio::awaitable<Result<std::optional<api::Comparison>>> Sampler::compare(const Round& round, const api::Check& check,
                                                                         const std::vector<api::Pod>& others,
                                                                         const std::optional<Result<api::Service>>& service) {
  const SampleRound& asked = round.asked;
  const api::Deployment& deployment = *asked.deployment;
  const auto plan = checks::plan_comparison(check, deployment.meta.key.namespace_, others, service, round.before);
  const Whom whom{.deployment = deployment, .revision = *asked.other, .pods = others};
  const auto answered = co_await answer(whom, check, plan);
  if (!answered) co_return std::unexpected(answered.error());
  const Time at = clock_.now();
  bool before = round.before;
  if (before && checks::is_to_be_confirmed(*answered)) {
    const auto pods_now = co_await list(deployment, asked.revision);
    if (!pods_now) co_return std::unexpected(pods_now.error());
    before = checks::nothing_started(*pods_now, asked.rolled_out);
  }
  if (!checks::speaks_of_other(plan, before)) co_return std::optional<api::Comparison>{};
  co_return checks::comparison_of(*answered, asked.other_name, before, at);
}

asio::awaitable<Result<std::vector<api::Pod>>> Sampler::list(const api::Deployment& deployment, const api::Revision& revision) {
  auto pods = co_await observer_.pods(deployment, revision);
  if (!pods)
    log::warn("pods could not be listed; nothing is judged by that",
              {{"deployment", deployment.meta.key.str()}, {"hash", revision.hash.value}, {"error", pods.error()}});
  co_return pods;
}

asio::awaitable<Result<Sampler::Pods>> Sampler::pods_to_compare(Round& round, const api::Sample& sample) {
  const auto& other = round.asked.other;
  if (!other || !checks::is_to_be_compared(sample, round.before)) co_return Pods{};
  auto pods = co_await round.other.list(observer_, *round.asked.deployment, *other);
  if (!pods)
    log::warn("pods of the revision that would be put back could not be listed; nothing is judged by that",
              {{"deployment", round.asked.deployment->meta.key.str()}, {"check", sample.check}, {"error", pods.error()}});
  co_return pods;
}

asio::awaitable<std::vector<checks::HttpAsked>> Sampler::ask_all(const std::vector<checks::HttpAsk>& asks) {
  using Question = decltype(asio::co_spawn(std::declval<asio::any_io_executor>(),
                                           std::declval<asio::awaitable<ports::HttpAnswer>>(), asio::deferred));
  std::vector<Question> questions;
  questions.reserve(asks.size());
  const auto executor = co_await asio::this_coro::executor;
  for (const checks::HttpAsk& ask : asks)
    questions.push_back(asio::co_spawn(executor, prober_.ask(ask.question), asio::deferred));
  auto [order, errors, answers] = co_await asio::experimental::make_parallel_group(std::move(questions))
                                      .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  std::vector<checks::HttpAsked> asked;
  asked.reserve(asks.size());
  for (std::size_t i = 0; i < answers.size(); ++i) asked.push_back({.ask = asks[i], .answer = answers[i]});
  co_return asked;
}

void Sampler::deliver(const SampleRound& round, const api::Sample& sample, const api::Check* check) {
  telemetry_.sample(check ? "http" : "rollout", api::to_string(sample.result));
  guard::InboxSample entry{.hash = round.revision.hash, .sample = sample};
  if (check) entry.asked = *check;
  deliver_(round.deployment->meta.key, round.deployment->meta.uid, sample.check, std::move(entry));
}

}  // namespace lastgood::shell
