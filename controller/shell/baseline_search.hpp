// The search for the baseline of one round of measurements. Private to shell/.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <vector>

#include "api/workload.hpp"
#include "base/result.hpp"
#include "checks/baseline_choice.hpp"
#include "shell/gatherer.hpp"

namespace lastgood::shell {

// The chosen baseline and its pods.
struct Baseline {
  checks::BaselineCandidate candidate;
  std::vector<api::Pod> pods;
};
using BaselinePtr = std::shared_ptr<const Baseline>;

// The first check of the round that needs the baseline reads the pods of all candidates. The other
// checks wait for the result.
class BaselineSearch {
 public:
  explicit BaselineSearch(const boost::asio::any_io_executor& executor);

  // Null if no candidate has pods. Fails if the pods cannot be read.
  boost::asio::awaitable<Result<BaselinePtr>> find(
      Gatherer& gatherer, const api::Deployment& deployment,
      const std::vector<checks::BaselineCandidate>& candidates);

 private:
  class EndOfSearch;

  boost::asio::steady_timer search_ended_;  // cancelled when the search ends
  bool is_started_ = false;
  bool has_ended_ = false;
  Result<BaselinePtr> found_ = fail(ErrorKind::Cancelled, "the search of a baseline was cancelled");
};

}  // namespace lastgood::shell
