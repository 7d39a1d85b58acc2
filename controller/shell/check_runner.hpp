// Asks the checks of one Deployment that are due, beside everything else: one that hangs delays no other. What fails is asked of
// the revision that would be put back too, before it is told.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/policy.hpp"
#include "api/workload.hpp"
#include "checks/http.hpp"
#include "ports/clock.hpp"
#include "ports/prober.hpp"
#include "ports/telemetry.hpp"
#include "guard/guard_state.hpp"
#include "shell/gatherer.hpp"
#include "runtime/task_group.hpp"

namespace lastgood::shell {

struct SampleRound {
  std::shared_ptr<const api::Deployment> deployment;
  api::Revision revision;  // which the samples speak of
  api::PolicySpec spec;
  std::optional<Time> rolled_out;
  std::vector<std::string> due;  // names of checks
  // The one that would be put back, and how people are told of it: "revision 4 (web-6d4b75cb6d)". Never `revision` itself;
  // absent: failures are told without a comparison.
  std::optional<api::Revision> other = {};
  std::string other_name = {};
};

class Sampler {
 public:
  // Called with each sample, and once more without one when the asking of that check is over.
  using Deliver =
      std::function<void(const Key& key, const Uid& uid, const std::string& check, std::optional<guard::InboxSample> sample)>;

  Sampler(runtime::TaskGroup& tasks, Observer& observer, ports::Prober& prober, ports::Clock& clock, ports::Telemetry& telemetry,
          Deliver deliver);

  void start(SampleRound round);

 private:
  class Asking;
  class OtherPods;
  struct Round;
  struct Whom;
  using Pods = std::shared_ptr<const std::vector<api::Pod>>;

  boost::asio::awaitable<void> run_round(SampleRound taken);
  boost::asio::awaitable<void> judge_rollout(std::shared_ptr<Round> round, std::shared_ptr<const Asking> asking);
  boost::asio::awaitable<void> ask_check(std::shared_ptr<Round> round, api::Check check, std::shared_ptr<const Asking> asking);
  // Errors, here and below: the pods could not be listed, so nothing must be told.
  boost::asio::awaitable<Result<api::Sample>> answer(const Whom& whom, const api::Check& check, const checks::HttpPlan& plan);
  boost::asio::awaitable<Result<std::optional<api::Comparison>>> compare(const Round& round, const api::Check& check,
                                                                         const std::vector<api::Pod>& others,
                                                                         const std::optional<Result<api::Service>>& service);
  boost::asio::awaitable<std::vector<checks::HttpAsked>> ask_all(const std::vector<checks::HttpAsk>& asks);
  boost::asio::awaitable<Result<std::vector<api::Pod>>> list(const api::Deployment& deployment, const api::Revision& revision);
  // The pods to compare the sample with; null where there is nothing to compare.
  boost::asio::awaitable<Result<Pods>> pods_to_compare(Round& round, const api::Sample& sample);
  // `check` is null for the rollout check.
  void deliver(const SampleRound& round, const api::Sample& sample, const api::Check* check);

  runtime::TaskGroup& tasks_;
  Observer& observer_;
  ports::Prober& prober_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
  Deliver deliver_;
};

}  // namespace lastgood::shell
