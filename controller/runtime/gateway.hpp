// Reads and writes JSON objects on the API server. A write is sent only in the term in which its
// caller started. Watches do not use the gateway: they are streams.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "api/call.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "codec/json.hpp"
#include "ports/kube_api.hpp"
#include "runtime/leadership.hpp"

namespace lastgood::runtime {

struct DryRun {
  codec::Json object;
  std::vector<std::string> warnings;  // of the API server
};

// All functions take a Result, as the functions in kube/paths.hpp return it. A failed Result is
// returned as it is, and nothing is sent. Other errors are those of ports::KubeApi::call, and
// Protocol if the response is not JSON.
class Gateway {
 public:
  // `lane`: of all calls.
  Gateway(ports::KubeApi& kube, const Leadership& leadership, api::Lane lane)
      : kube_(kube), leadership_(leadership), lane_(lane) {}

  // The timeout is 10 s.
  boost::asio::awaitable<Result<codec::Json>> read(Result<api::ApiCall> call);

  // The items of a list. Returns Protocol if the response is not a list. The list is not paged: use
  // this function only for short lists.
  boost::asio::awaitable<Result<std::vector<codec::Json>>> items(Result<api::ApiCall> call);

  // Sends nothing and returns Cancelled if `term` is not the current term. The timeout is 4 s, and
  // the API server gives up after 3.5 s.
  boost::asio::awaitable<Result<codec::Json>> write(Term term, Result<api::ApiCall> call);

  // The same as write(), for a call that the server only checks. Also returns the warnings.
  boost::asio::awaitable<Result<DryRun>> dry_run(Term term, Result<api::ApiCall> call);

 private:
  boost::asio::awaitable<Result<codec::Json>> send(Result<api::ApiCall> call, Duration timeout);

  [[nodiscard]] bool is_current(Term term) const;

  ports::KubeApi& kube_;
  const Leadership& leadership_;
  api::Lane lane_;
};

}  // namespace lastgood::runtime
