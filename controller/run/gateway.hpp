// Reads and fenced writes, as JSON. The only way of run/ to the API server's objects; streams go past it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "api/json.hpp"
#include "ports/kube_api.hpp"
#include "run/leadership.hpp"

namespace lastgood::run {

class Gateway {
 public:
  Gateway(ports::KubeApi& kube, const Leadership& leadership) : kube_(kube), leadership_(leadership) {}

  // A call that could not be built is its own error.
  boost::asio::awaitable<Result<api::Json>> read(Result<api::ApiCall> call);

  // The items of a list, whole: what is asked this way is small (one Deployment's ReplicaSets, Pods, kept templates).
  boost::asio::awaitable<Result<std::vector<api::Json>>> items(Result<api::ApiCall> call);

  // Cancelled, and nothing is sent, when `term` is over.
  boost::asio::awaitable<Result<api::Json>> write(Term term, Result<api::ApiCall> call);

 private:
  boost::asio::awaitable<Result<api::Json>> send(Result<api::ApiCall> call, Duration timeout);

  ports::KubeApi& kube_;
  const Leadership& leadership_;
};

}  // namespace lastgood::run
