// Asks the checks of one Deployment that are due, beside everything else: one that hangs delays no other.
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
#include "run/memory.hpp"
#include "run/observer.hpp"
#include "run/task_group.hpp"

namespace lastgood::run {

struct SampleRound {
  std::shared_ptr<const api::Deployment> deployment;
  api::Revision revision;  // which the samples speak of
  api::PolicySpec spec;
  std::optional<Time> rolled_out;
  std::vector<std::string> due;  // names of checks
};

class Sampler {
 public:
  // Called with each sample, and once more without one when the asking of that check is over.
  using Deliver =
      std::function<void(const Key& key, const Uid& uid, const std::string& check, std::optional<InboxSample> sample)>;

  Sampler(TaskGroup& tasks, Observer& observer, ports::Prober& prober, ports::Clock& clock, ports::Telemetry& telemetry,
          Deliver deliver);

  void start(SampleRound round);

 private:
  class Asking;
  using Pods = std::shared_ptr<const std::vector<api::Pod>>;

  boost::asio::awaitable<void> run_round(SampleRound round);
  boost::asio::awaitable<void> ask_check(std::shared_ptr<const SampleRound> round, api::Check check, Pods pods,
                                         std::shared_ptr<const Asking> asking);
  boost::asio::awaitable<std::vector<checks::HttpAsked>> ask_all(const std::vector<checks::HttpAsk>& asks);
  // `check` is null for the rollout check.
  void deliver(const SampleRound& round, const api::Sample& sample, const api::Check* check);

  TaskGroup& tasks_;
  Observer& observer_;
  ports::Prober& prober_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
  Deliver deliver_;
};

}  // namespace lastgood::run
