// What this project relies on in an API server, each as a sentence and as the calls that show it. Asked of the real server and
// of the one in memory, so that the latter can be trusted. Must not know which of them it is asking.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "ports/kube_api.hpp"

namespace lastgood::conformance {

struct Finding {
  std::string claim;
  std::string wrong;  // empty: it holds
};

// `namespace_` is there and nobody else's. Objects are named after `run`, which was never used there, and deleted at the end.
boost::asio::awaitable<std::vector<Finding>> examine(ports::KubeApi& kube, std::string namespace_, std::string run);

}  // namespace lastgood::conformance
