// The behaviors of an API server that this project relies on. The suite checks them on a real API
// server and on the fake server of the simulation. This proves that the fake server behaves like a
// real one. The suite must be the same for both servers.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "ports/kube_api.hpp"

namespace lastgood::conformance {

struct BehaviorResult {
  std::string description;
  std::string failure;  // empty: the server behaves as described
};

// Checks all behaviors, one after the other. `namespace_` must exist, and nothing else may write
// into it. The names of all objects begin with `name_prefix`, which must be unused in the
// namespace. The objects are deleted at the end.
boost::asio::awaitable<std::vector<BehaviorResult>> check_behaviors(ports::KubeApi& kube,
                                                                    std::string namespace_,
                                                                    std::string name_prefix);

}  // namespace lastgood::conformance
