#include "shell/baseline_search.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace lastgood::shell {

namespace asio = boost::asio;

// Resumes the waiting checks when the search ends, also if it is cancelled.
class BaselineSearch::EndOfSearch {
 public:
  explicit EndOfSearch(BaselineSearch& search) : search_(search) {}
  EndOfSearch(const EndOfSearch&) = delete;
  EndOfSearch& operator=(const EndOfSearch&) = delete;
  ~EndOfSearch() {
    search_.has_ended_ = true;
    search_.search_ended_.cancel();
  }

 private:
  BaselineSearch& search_;
};

BaselineSearch::BaselineSearch(const asio::any_io_executor& executor)
    : search_ended_(executor, asio::steady_timer::time_point::max()) {}

asio::awaitable<Result<BaselinePtr>> BaselineSearch::find(
    Gatherer& gatherer, const api::Deployment& deployment,
    const std::vector<checks::BaselineCandidate>& candidates) {
  if (!is_started_) {
    is_started_ = true;
    const EndOfSearch end_of_search(*this);
    std::vector<api::Revision> revisions;
    for (const checks::BaselineCandidate& one : candidates) revisions.push_back(one.revision);
    auto pods = co_await gatherer.pods_of_each(deployment, revisions);
    if (!pods) {
      found_ = std::unexpected(pods.error());
    } else if (const auto chosen = checks::choose_baseline(*pods)) {
      found_ = std::make_shared<const Baseline>(
          Baseline{.candidate = candidates[*chosen], .pods = std::move((*pods)[*chosen])});
    } else {
      found_ = BaselinePtr{};
    }
  }
  while (!has_ended_) {
    boost::system::error_code ignored;
    co_await search_ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return found_;
}

}  // namespace lastgood::shell
