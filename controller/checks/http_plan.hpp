// The plan of an HTTP check: which pods, Service or URL it probes, and with which request.
// http_measurement.hpp turns the results into a measurement.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"

namespace lastgood::checks {

using api::Measurement;

// If more pods than this can be probed, only this many are probed, selected evenly.
inline constexpr std::size_t max_probes = 100;

struct HttpProbe {
  std::string pod;   // empty: the probe goes to a URL or Service, and any pod may respond
  std::string node;  // of the pod
  api::ProbeRequest request;
  bool operator==(const HttpProbe&) const = default;
};

// Either probes or a measurement, never both.
struct HttpPlan {
  std::vector<HttpProbe> probes = {};
  std::size_t pods = 0;  // number of pods that can be probed, may exceed max_probes; 0 for a URL
  std::optional<Measurement> measurement = {};  // its reason says why there are no probes
  // Pods that are not probed because their node does not report, and these nodes.
  std::size_t lost_pods = 0;
  std::set<std::string> lost_nodes = {};

  // The request goes to a URL or Service as a whole, not to each pod.
  [[nodiscard]] bool probes_url() const { return !measurement && pods == 0; }
};

// The name of the Service that must be read before plan_http, in the namespace of the Deployment.
// The name comes from the check, or from the host of its URL. No value if neither names a Service.
//
//   host of the URL             Service, for a Deployment in namespace shop
//   web                         web
//   web.shop                    web
//   web.shop.svc                web
//   web.shop.svc.cluster.local  web
//   web.other, example.com      none
[[nodiscard]] std::optional<std::string> service_wanted(const api::Check& check,
                                                        std::string_view namespace_);

// `service` is the result of reading the Service that service_wanted names. It is absent if
// service_wanted names none.
//
// If the target is Pods, or if the Service selects pods of the revision, each of these pods is
// probed at its own address. Otherwise the URL or Service is probed as a whole. A pod can be probed
// if:
//   - it is running and not terminating,
//   - it has an IP address, and its node reports, and
//   - all its containers have started.
// If no pod of the revision meets these conditions, nothing is probed, not even a URL: the response
// could not come from the revision.
//
// The measurement of the plan is always Unknown. Reasons: InvalidCheck, NoPodsToProbe,
// ServiceNotFound, ServiceUnreadable, ServicePortNotFound.
[[nodiscard]] HttpPlan plan_http(const api::Check& check, std::string_view namespace_,
                                 std::span<const api::Pod> pods_of_revision,
                                 const std::optional<Result<api::Service>>& service);

}  // namespace lastgood::checks
