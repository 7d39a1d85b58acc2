// Which pods of a revision are scraped, at which address, and what a response says.
//
// The endpoint of a pod. In each line, the first source that has a value decides:
//
//   port      the check; annotation prometheus.io/port; a container port with a usual name, such as
//             metrics or http-metrics
//   path      the check; annotation prometheus.io/path; /metrics
//   scheme    the check; annotation prometheus.io/scheme; http
//
// The annotations describe one endpoint. If the check has a port other than prometheus.io/port, the
// annotations for path and scheme are not used. With prometheus.io/scrape: "false" the pod is
// scraped only if the check has a port. As in a probe of the kubelet, a certificate is not
// verified: the pod has no name that it could prove.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "base/time.hpp"
#include "checks/pod_metrics_rates.hpp"
#include "checks/pod_metrics_value.hpp"

namespace lastgood::checks {

// If a revision has more ready pods, only this many are scraped, selected evenly.
inline constexpr std::size_t max_scraped_pods = 50;

struct ScrapeTarget {
  std::string pod;
  api::HttpCall call;
  std::optional<ScrapeProblem> problem = {};  // the pod has no endpoint, and there is no call
};

// Sorted by the names of the pods. A pod is scraped if it runs, is ready and not terminating, and
// its node reports. Kubernetes sends no traffic to any other pod.
[[nodiscard]] std::vector<ScrapeTarget> plan_scrapes(const api::PodMetricsCheck& check,
                                                     std::span<const api::Pod> pods);

// Why no pod of a revision is scraped: NoPodsToProbe or PodsStarting.
[[nodiscard]] ScrapeProblem no_targets(std::span<const api::Pod> pods);

// Reasons of the problem: EndpointFailed, InvalidMetrics, TooManySeries. Its message has the URL of
// `call`, without its query, which may have a secret.
[[nodiscard]] Scrape parse_scrape(const api::HttpCall& call, const api::HttpResponse& response,
                                  const PodMetricsQuestion& question);

// The result of a scrape that got no place within the timeout of its call: see scrape_places.hpp.
[[nodiscard]] Scrape late_scrape(const api::HttpCall& call);

// The time between two scrapes of a run: the interval of the check, but at most this.
inline constexpr Duration max_scrape_distance = std::chrono::seconds(30);
[[nodiscard]] Duration scrape_distance(const api::Check& check);

// A run without a value, for example because of too little traffic, goes on for at most this time.
// A release that begins meanwhile waits for the end of the run, so the time is not longer.
inline constexpr Duration max_scrape_window = std::chrono::minutes(1);

// Removes the pods that are terminating or gone: what they did at the end says nothing about the
// revision. Excludes the pods of which a container ended or started between the lists `before` and
// `now`.
void confirm_pods(std::vector<PodOfRevision>& revision, std::span<const api::Pod> before,
                  std::span<const api::Pod> now);

}  // namespace lastgood::checks
