// The reasons of the condition Governed of a DeploymentGuard and of the condition Ready of a
// RollbackPolicy. The third field of an entry is the condition and its status.
#include <array>

#include "api/reason_table.hpp"

namespace lastgood::api {
namespace {

constexpr auto policy = ReasonPlace::Policy;
constexpr std::string_view governed = "`Governed` is `True`";
constexpr std::string_view not_governed = "`Governed` is `False`";

constexpr std::array policies{
    ReasonEntry{policy, Reason::PolicyApplies, governed, "A policy applies to the Deployment.", ""},
    ReasonEntry{policy, Reason::Suspended,
                "`Governed` is `True`; `Ready` of the RollbackPolicy is `True`",
                "The policy can be used but is suspended. Its Deployments are neither evaluated "
                "nor rolled back.",
                "Set `spec.suspend` to false to continue."},
    ReasonEntry{policy, Reason::NotOptedIn, not_governed, "No policy applies to the Deployment.",
                "Opt in if it is to be guarded."},
    ReasonEntry{policy, Reason::InvalidAnnotation, not_governed,
                "The key or the value of an annotation is not valid.",
                "Correct it. The message says what is wrong."},
    ReasonEntry{
        policy, Reason::PolicyNotFound, not_governed,
        "The RollbackPolicy that the annotation names does not exist in the namespace.",
        "Correct the name, or create the policy. If the namespace has policies, the message names "
        "the one with the most similar name."},
    ReasonEntry{policy, Reason::PolicyConflict,
                "`Governed` is `False`; `Ready` of the RollbackPolicy is `False`",
                "The selectors of two or more RollbackPolicies match the Deployment, so none of "
                "them applies to it. Each of them names such a Deployment. It still applies to its "
                "other Deployments.",
                "Name one of them in `lastgood.dev/policy`, or narrow a selector."},
    ReasonEntry{
        policy, Reason::PolicyInvalid, not_governed,
        "A field of the policy is not valid, and the API server does not check it: for example, a "
        "variable at a wrong place in a query.",
        "Correct the field that the message names."},
    ReasonEntry{policy, Reason::ConfigMapNotFound, not_governed,
                "The ConfigMap that the annotation names does not exist in the namespace.",
                "Create it, or correct the name."},
    ReasonEntry{policy, Reason::ConfigMapInvalid, not_governed,
                "A key of the ConfigMap is missing or misspelt, or its value is not valid.",
                "Correct the key that the message names."},
    ReasonEntry{policy, Reason::ConfigMapUnreadable, not_governed,
                "Lastgood could not read the ConfigMap. The usual cause is a missing permission.",
                "See the message."},
    ReasonEntry{policy, Reason::Accepted,
                "`Ready` or `ChecksValid` of the RollbackPolicy is `True`",
                "The policy can be used. `ChecksValid`: the metrics server evaluates its queries. "
                "If that condition is not `True`, its reason is that of a "
                "[check](#reasons-for-a-check-result).",
                ""},
    ReasonEntry{
        policy, Reason::Invalid, "`Ready` of the RollbackPolicy is `False`",
        "A field of the policy is not valid, and the API server does not check it: for example, a "
        "variable at a wrong place in a query.",
        "Correct the field that the message names."},
};

}  // namespace

std::span<const ReasonEntry> policy_reasons() { return policies; }

}  // namespace lastgood::api
