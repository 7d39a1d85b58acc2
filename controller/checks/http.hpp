// The HTTP health check: which pods are asked what, and what their answers mean together.
// Must not know how a question travels, nor what a failure leads to.
#pragma once

#include <optional>
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

inline constexpr std::size_t max_pods_asked = 100;

struct HttpProbe {
  std::string pod;  // empty: the URL or the Service itself is asked, as it stands
  api::ProbeRequest question;
  bool operator==(const HttpProbe&) const = default;
};

struct HttpPlan {
  std::vector<HttpProbe> probes = {};
  std::size_t pods =
      0;  // that could be asked; more than probes.size() where only a part of many is
  std::optional<Measurement> measurement =
      {};  // instead of probes: why nothing can be asked (of plan_http always Unknown)
};

// Why a failure would be no word of the revision.
enum class ExclusionReason : std::uint8_t {
  None,
  Stopped,   // somebody took the pod away meanwhile
  Starting,  // it is not ready yet: that it refuses, gives no answer or closes says nothing
};

struct ProbeResult {
  HttpProbe ask;
  api::ProbeResponse answer;
  ExclusionReason exclusion = ExclusionReason::None;
};

// The Service of the Deployment's namespace that has to be read before plan_http: the check's own,
// or the one that its URL names as NAME, NAME.NS, NAME.NS.svc or NAME.NS.svc.cluster.local. Nothing
// for any other check.
[[nodiscard]] std::optional<std::string> service_wanted(const api::Check& check,
                                                        std::string_view namespace_);

// `service` is the answer to service_wanted; absent where nothing was wanted.
// Asked are pods of the new revision that are not being deleted, have an IP, and whose containers
// have all started; none whose node does not report. Before there is one, not even a URL that
// stands for something else is asked: its answer could not be the revision's.
[[nodiscard]] HttpPlan plan_http(const api::Check& check, std::string_view namespace_,
                                 std::span<const api::Pod> pods_of_new_revision,
                                 const std::optional<Result<api::Service>>& service);

// Those that cannot be asked (Unresolved, Unreachable) are not counted, nor are failures that are
// excused. `pods` is the plan's: how many could have been asked.
[[nodiscard]] Measurement measure_http(const api::Check& check, std::span<const ProbeResult> asked,
                                       std::size_t pods = 0);

// A failure is told once the pods have been listed again: one that is scaled down, moved or
// replaced by the next revision refuses, or answers that it is going, like one that is ill.
[[nodiscard]] bool is_to_be_confirmed(const Measurement& measurement);

// ProbeTarget somebody stopped between the two listings of the revision's pods, `then` before the
// asking and `now` after it. Who was asked as it stands is excused with any of them: it may have
// been the one that answered.
void exclude_terminating(std::span<ProbeResult> asked, std::span<const api::Pod> then,
                         std::span<const api::Pod> now);

// Who may still be starting up. A container counts as started as soon as it runs unless it has a
// startup probe, and most have only a readiness probe. Who was there when the rollout was complete
// has been ready. Who was asked as it stands is excused while no pod is ready.
void exclude_starting(std::span<ProbeResult> asked, std::span<const api::Pod> pods,
                      const std::optional<Time>& rolled_out, Time now);

}  // namespace lastgood::checks
