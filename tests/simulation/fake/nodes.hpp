// The nodes of the cluster, and the Leases that their kubelets renew.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "simulation/fake/api_server.hpp"

namespace lastgood::simulation {

class Nodes {
 public:
  Nodes(ApiServer& server, VirtualClock& clock);

  // New pods are placed in turn on the nodes that are not dead.
  std::vector<std::string> names{"node-1"};
  // A node in this set does not respond and does not renew its Lease.
  std::set<std::string> dead;

  [[nodiscard]] const std::string& next();

 private:
  void renew_leases();

  ApiServer& server_;
  VirtualClock& clock_;
  std::size_t placed_ = 0;
};

}  // namespace lastgood::simulation
