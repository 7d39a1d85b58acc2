// Reads and fenced writes, as JSON. The only way of run/ to the API server's objects; streams go past it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "codec/objects.hpp"
#include "ports/kube_api.hpp"
#include "runtime/leadership.hpp"

namespace lastgood::runtime {

class Gateway {
 public:
  Gateway(ports::KubeApi& kube, const Leadership& leadership) : kube_(kube), leadership_(leadership) {}

  // A call that could not be built is its own error.
  boost::asio::awaitable<Result<codec::Json>> read(Result<api::ApiCall> call);

  // The items of a list, whole: what is asked this way is small (one Deployment's ReplicaSets, Pods, kept templates).
  boost::asio::awaitable<Result<std::vector<codec::Json>>> items(Result<api::ApiCall> call);

  // Cancelled, and nothing is sent, when `term` is over.
  boost::asio::awaitable<Result<codec::Json>> write(Term term, Result<api::ApiCall> call);

 private:
  boost::asio::awaitable<Result<codec::Json>> send(Result<api::ApiCall> call, Duration timeout);

  ports::KubeApi& kube_;
  const Leadership& leadership_;
};

}  // namespace lastgood::runtime
