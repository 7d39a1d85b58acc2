// The reasons of the results of checks. The third field of an entry is the check and its result.
#include <array>

#include "api/reason_table.hpp"

namespace lastgood::api {
namespace {

constexpr auto check = ReasonPlace::Check;
constexpr std::string_view http_fails = "HTTP: `Fail`";
constexpr std::string_view http_unknown = "HTTP: `Unknown`";
constexpr std::string_view http_fails_or_no_value = "HTTP: `Fail`; metrics: `Unknown`";
constexpr std::string_view http_or_metrics_unknown = "HTTP and metrics: `Unknown`";
constexpr std::string_view rollout_passes = "rollout: `Pass`";
constexpr std::string_view rollout_unknown = "rollout: `Unknown`";
constexpr std::string_view unknown_until_deadline =
    "rollout: `Unknown`; `Fail` when the progress deadline is exceeded";
constexpr std::string_view see_logs = "See the log of the pod that the message names.";

constexpr std::array checks{
    ReasonEntry{
        check, Reason::Pending, "any: `Unknown`",
        "There is no result yet, for example during `initialDelay`. Results from before the "
        "evaluation began or the controller started do not count.",
        ""},
    ReasonEntry{check, Reason::Complete, rollout_passes,
                "Every replica has this revision and is available.", ""},
    ReasonEntry{check, Reason::Available, rollout_passes,
                "After the rollout: at most a quarter of the pods are not ready, or "
                "`unavailableFor` is 0.",
                ""},
    ReasonEntry{
        check, Reason::RollingOut, rollout_unknown,
        "The rollout is not complete, and no failure was found. Pods may still wait for a node.",
        ""},
    ReasonEntry{check, Reason::PodsStarting, "any: `Unknown`",
                "Rollout check, after the rollout: no pod has ever been ready. HTTP check: no pod "
                "passed, and each pod that failed has never been ready. A pod without a readiness "
                "or startup probe of its application counts as starting until it responds. Each "
                "pod has `startupGrace` for its start.",
                "Nothing. If the application starts slowly, give it a startup probe."},
    ReasonEntry{check, Reason::NodeNotReady,
                "any: `Unknown`; `Pass` if the other pods pass. rollout: `Fail` when the progress "
                "deadline is exceeded",
                "Rollout check: some pods are on a node that does not report. HTTP check: some "
                "pods returned no response, and their node did not renew its Lease afterwards, or "
                "the Lease cannot be read. These pods do not count. When the progress deadline is "
                "exceeded, the state is `Held`, `ClusterFault`.",
                "See the node."},
    ReasonEntry{check, Reason::Unschedulable, unknown_until_deadline,
                "After the rollout: no pod can be evaluated, and some pods are not scheduled to a "
                "node. When the progress deadline is exceeded because of such pods, the state is "
                "`Held`, `ClusterFault`.",
                "See the scheduling events of the pods."},
    ReasonEntry{check, Reason::NoPods, rollout_unknown,
                "After the rollout: the revision has no pod.", "See the Events of the ReplicaSet."},
    ReasonEntry{check, Reason::ScaledToZero, rollout_unknown,
                "The Deployment has 0 replicas, so there is no pod to evaluate.", "Scale it up."},
    ReasonEntry{check, Reason::ProgressDeadlineExceeded, "rollout: `Fail`, breached at once",
                "Kubernetes reports that `progressDeadlineSeconds` of the Deployment is exceeded. "
                "A pod that waited more than 30 s for a node has this time from the end of its "
                "wait.",
                "See the pods that are not available."},
    ReasonEntry{check, Reason::CrashLoop,
                "rollout: `Fail`, breached at once in `CrashLoopBackOff`, otherwise after 5 s",
                "In more than a quarter of the pods that have run, a container is down and has "
                "restarted `crashLoopRestarts` times or more. Down means in `CrashLoopBackOff`, or "
                "terminated with an error and not started again.",
                "Run `kubectl logs --previous` for the pod that the message names."},
    ReasonEntry{check, Reason::OOMKilled, "rollout: the same as `CrashLoop`",
                "The same as `CrashLoop`, and the container was last killed because it used more "
                "memory than its limit.",
                "Raise the memory limit, or fix the memory use."},
    ReasonEntry{check, Reason::RegistryUnavailable, unknown_until_deadline,
                "The registry of an image refuses connections, times out, is overloaded or "
                "returns 429. Or its host name does not resolve, although the old revision pulled "
                "images from it. The release is not the cause. When the progress deadline is "
                "exceeded, the state is `Held`, `ClusterFault`.",
                "See the registry."},
    ReasonEntry{check, Reason::ImagePull, "rollout: `Fail`, breached after 20 s",
                "An image cannot be pulled: the registry does not have it or denies access, or its "
                "host name does not resolve and may be misspelt. A failed pull for which the "
                "kubelet gives no cause "
                "counts too. An invalid image name is breached at once.",
                "Correct the image or the pull secret in the next release."},
    ReasonEntry{check, Reason::RegistryAccessDenied, unknown_until_deadline,
                "The registry denies access, but the old revision pulled images from it. Probably "
                "a login has expired. When the progress deadline is exceeded, the state is `Held`, "
                "`ClusterFault`.",
                "Renew the pull secret."},
    ReasonEntry{check, Reason::PodsRejected, "rollout: `Fail`, breached after 20 s",
                "The API server rejects the pods of the new template. The message quotes it.",
                "Correct the template in the next release."},
    ReasonEntry{check, Reason::PodsNotCreated, "rollout: `Fail`, breached after 20 s",
                "The cluster creates no pods of the new revision: a quota is exhausted, or an "
                "admission webhook is unavailable. The release is not the cause. The state is "
                "`Held`, `ClusterFault`.",
                "Raise the quota, or repair the webhook."},
    ReasonEntry{check, Reason::ConfigError, "rollout: `Fail`, breached after `configErrorsFor`",
                "A ConfigMap or Secret, or a key in one, is missing.",
                "Create it, or correct the name in the next release."},
    ReasonEntry{check, Reason::NotReady, "rollout: `Fail`, breached after `unavailableFor`",
                "After the rollout: more than a quarter of the pods are not ready. [Some pods are "
                "not counted](#pods-that-are-not-counted).",
                see_logs},
    ReasonEntry{check, Reason::Passed,
                "HTTP and metrics: `Pass`; rollout, only for its baseline: `Pass`",
                "HTTP check: at most `maxFailingPods` failed. Check of metrics: the value is "
                "within its limits, or no alert fires. Baseline of the rollout check: at most a "
                "quarter of the old pods failed.",
                ""},
    ReasonEntry{check, Reason::WrongStatus, http_fails,
                "The status code of the response is not in `expectedStatus`.", see_logs},
    ReasonEntry{check, Reason::TimedOut, http_fails_or_no_value,
                "HTTP check: no status line and headers came within `timeout`. Check of metrics: "
                "no complete response came within `timeout`, or the server stopped the query.",
                "HTTP check: see the log of the pod that the message names. Check of metrics: "
                "simplify the query, or raise `timeout`."},
    ReasonEntry{check, Reason::ConnectionRefused, http_fails_or_no_value,
                "The connection was refused or reset.",
                "Check that the application or the metrics server listens on the port."},
    ReasonEntry{check, Reason::ConnectionClosed, http_fails_or_no_value,
                "The connection was closed before the end of the response. An HTTP check reads "
                "only the headers.",
                "See the log of the pod or of the metrics server."},
    ReasonEntry{check, Reason::InvalidResponse, http_fails_or_no_value,
                "The response is not HTTP, or its headers are larger than 64 KiB. HTTP check: or "
                "the TLS handshake failed. Check of metrics: or the body is not a result of the "
                "API.",
                "Check the scheme, the port and the path of the check."},
    ReasonEntry{check, Reason::DNSLookupFailed, http_or_metrics_unknown,
                "The host name does not resolve.", "Correct the URL of the check."},
    ReasonEntry{check, Reason::Unreachable, http_or_metrics_unknown,
                "There is no route to the address, or the network denies the connection. HTTP "
                "check: or the pod does not respond, and no pod on its node has responded to this "
                "leader before.",
                "Check that a NetworkPolicy lets the controller connect."},
    ReasonEntry{check, Reason::ProbeBlocked, http_unknown,
                "The pods do not respond to the controller, but the kubelet's own probe of the "
                "same port passes. The release is not the cause.",
                "Allow connections from the controller. Likely causes are a NetworkPolicy, a "
                "service mesh with mTLS, or a firewall."},
    ReasonEntry{check, Reason::ProbeLate, "HTTP and podMetrics: `Unknown`",
                "No response was seen, but the controller was delayed during the probe. The "
                "response may have arrived in time. Check podMetrics: the controller was busy with "
                "other scrapes, so more than half of the pods were not scraped in time.",
                "Nothing. If it stays, give the controller more CPU."},
    ReasonEntry{check, Reason::NoPodsToProbe, http_or_metrics_unknown,
                "HTTP check: no pod of the revision has started all its containers, or all its "
                "pods are on nodes that do not report. Check of metrics: no pod of the revision "
                "has started, or the query names pods and there are none.",
                "See the pods of the Deployment."},
    ReasonEntry{check, Reason::PodsTerminating, http_unknown,
                "Every pod that failed was scaled down, evicted or deleted during the probe, and "
                "no other pod is left.",
                ""},
    ReasonEntry{check, Reason::ServiceNotFound, http_unknown,
                "The Service does not exist in the namespace.",
                "Create it, or correct the name in the check."},
    ReasonEntry{check, Reason::ServiceUnreadable, http_unknown,
                "Lastgood could not read the Service.", "See the message."},
    ReasonEntry{check, Reason::ServicePortNotFound, http_unknown,
                "The Service does not have the port, or no container has the target port.",
                "Correct the port in the check or in the Service."},
    ReasonEntry{
        check, Reason::InvalidCheck, http_or_metrics_unknown,
        "HTTP check: the URL, path, port or scheme is not valid. Check of metrics: the address, "
        "the query or the expression is not valid, or neither the check nor the chart has an "
        "address.",
        "Correct the check."},
};

}  // namespace

std::span<const ReasonEntry> check_reasons() { return checks; }

}  // namespace lastgood::api
