#include "simulation/fake/nodes.hpp"

namespace lastgood::simulation {

using codec::Json;

namespace {

constexpr Duration lease_period = std::chrono::seconds(10);
constexpr const char* lease_namespace = "kube-node-lease";

}  // namespace

Nodes::Nodes(ApiServer& server, VirtualClock& clock) : server_(server), clock_(clock) {
  clock_.call_at(clock_.monotonic_now(), [this] { renew_leases(); });
}

const std::string& Nodes::next() {
  const std::string* node = &names[placed_++ % names.size()];
  for (std::size_t tried = 1; dead.contains(*node) && tried < names.size(); ++tried)
    node = &names[placed_++ % names.size()];
  return *node;
}

void Nodes::renew_leases() {
  for (const std::string& node : names) {
    if (dead.contains(node)) continue;
    const Key key{.namespace_ = lease_namespace, .name = node};
    const Json spec{{"renewTime", format_rfc3339(clock_.now())}, {"leaseDurationSeconds", 40}};
    if (server_.find("leases", key))
      server_.change("leases", key, [&](Json& lease) { lease["spec"] = spec; });
    else
      server_.create("leases", {{"metadata", {{"name", node}, {"namespace", lease_namespace}}},
                                {"spec", spec}});
  }
  clock_.call_at(clock_.monotonic_now() + lease_period, [this] { renew_leases(); });
}

}  // namespace lastgood::simulation
