// Which series and alerts are about the measured pods: these are placed. The expression of an alert
// is about all applications at once, so most of its series belong to others. An example for the
// Deployment web in the namespace shop, with the measured pods web-7f9c-a and web-7f9c-b:
//
//   labels of the series                        placed
//   namespace="shop", pod="web-7f9c-a"          yes
//   namespace="shop", pod="web-5d4b-c"          no: a pod of another revision
//   namespace="cart", pod="web-7f9c-a"          no: another namespace
//   namespace="shop"                            no: there is no label `pod`
//
// If the check has matchLabels, the series that have all these labels are placed, except:
// - A series whose label `pod` names a pod of another revision.
// - A series of another namespace, unless matchLabels has a label `namespace`: an application often
//   has the same labels in namespaces such as staging and production.
//
// A label that the rule sets on all its alerts, such as severity="critical", says nothing about the
// application. In matchLabels, it selects the rule. If matchLabels has no other label, the series
// are placed by namespace and pod.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/meta.hpp"
#include "codec/promql.hpp"

namespace lastgood::checks {

// The label `pod` of a series that has the matchLabels.
enum class PodLabel : std::uint8_t {
  Optional,
  Required,  // it must name a measured pod
};

struct Placement {
  std::string namespace_ = {};
  std::string deployment = {};  // its name; empty: pods of other revisions are not excluded
  std::vector<std::string> pods = {};
  // If this is set, all pods of this ReplicaSet are measured pods, also those that are gone.
  std::string replica_set = {};
  // If these are set, a series needs no label `pod`, except with PodLabel::Required.
  api::StringMap match_labels = {};
  PodLabel pod_label = PodLabel::Optional;
  bool operator==(const Placement&) const = default;
};

// `variables`: of the measured revision, see variables_of() and baseline_variables().
[[nodiscard]] Placement placement_of(const codec::QueryVariables& variables,
                                     const api::StringMap& match_labels,
                                     PodLabel needed = PodLabel::Optional);

// The placement distinguishes the revisions of the Deployment.
[[nodiscard]] bool distinguishes_revisions(const Placement& placement);

// No pod can be placed, because the revision has none.
[[nodiscard]] bool has_no_pods(const Placement& placement);

[[nodiscard]] bool is_placed(const api::StringMap& labels, const Placement& placement);

// The labels have all those of `wanted`, with the same values.
[[nodiscard]] bool has_labels(const api::StringMap& labels, const api::StringMap& wanted);

// The labels `namespace` and `pod` are those of a measured pod. matchLabels does not matter.
[[nodiscard]] bool matches_namespace_and_pod(const api::StringMap& labels,
                                             const Placement& placement);

// The name of the pod is that of the Deployment, the hash of a ReplicaSet and a suffix:
// "web-7f9c-a" is one of "web", and "web-api-7f9c-a" is not. The pods of other kinds may have such
// names too.
[[nodiscard]] bool may_be_pod_of(const std::string& deployment, std::string_view pod);

// The label `pod` names a measured pod. False if it is in matchLabels, which fix its value. The
// label `namespace` does not matter.
[[nodiscard]] bool pod_label_names_measured_pod(const api::StringMap& labels,
                                                const Placement& placement);

// The labels that a series must have to be placed.
[[nodiscard]] std::vector<std::string> needed_labels(const Placement& placement);

// A needed label that none of the series has: the expression has removed it, for example by sum().
// Nothing if there are no series.
[[nodiscard]] std::optional<std::string> removed_label(
    std::span<const api::StringMap* const> series, const Placement& placement);

// The placement of the alerts of a rule with these labels, which replace labels of the series.
// Nothing if a label of the rule contradicts matchLabels: then no alert of the rule is placed.
[[nodiscard]] std::optional<Placement> placement_for_rule(Placement placement,
                                                          const api::StringMap& rule_labels);

// A label of matchLabels whose value in the rule is a template, such as "{{ $labels.app }}".
// Nothing if there is none.
[[nodiscard]] std::optional<std::string> templated_label(const api::StringMap& rule_labels,
                                                         const Placement& placement);

// `{namespace="shop", pod="web-7f9c-a"}`, at most 200 bytes, on one line. The needed labels come
// first.
[[nodiscard]] std::string text_of(const api::StringMap& labels, const Placement& placement);

// The words of a message for the placement: "the 3 pods of the revision", `{app="web"}`.
[[nodiscard]] std::string text_of(const Placement& placement);

}  // namespace lastgood::checks
