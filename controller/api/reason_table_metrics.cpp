// The reasons of the results of checks that measure metrics or alerts. The third field of an entry
// is the check and its result.
#include <array>

#include "api/reason_table.hpp"

namespace lastgood::api {
namespace {

constexpr auto check = ReasonPlace::Check;
constexpr std::string_view metrics_fail = "metrics: `Fail`";
constexpr std::string_view metrics_unknown = "metrics: `Unknown`";
constexpr std::string_view rule_unknown = "prometheusRule: `Unknown`";
constexpr std::string_view pods_unknown = "podMetrics: `Unknown`";

constexpr std::array checks{
    ReasonEntry{check, Reason::LimitExceeded, metrics_fail,
                "The value meets `failIf`, and with `compareWith` it is also that much above the "
                "value of the baseline.",
                "See the dashboards and the logs of the application."},
    ReasonEntry{
        check, Reason::LowTraffic, metrics_unknown,
        "The result of the traffic query is below `minimumTraffic.atLeast`, or the pods had "
        "fewer requests than `minimumRequests`, so the value of the check says little.",
        "Nothing. If the application always has little traffic, lower the minimum."},
    ReasonEntry{check, Reason::NoData, metrics_unknown,
                "The query returned no series: the metric does not exist, no series has the "
                "labels, or a comparison in the query removed all series. Check podMetrics: the "
                "histogram has no bucket `+Inf`. Check externalMetric: the adapter has no such "
                "value.",
                "Run the query of the message in the web page of the server. Compare the value in "
                "`failIf`, not in the query."},
    ReasonEntry{check, Reason::NotANumber, metrics_unknown,
                "The query returned NaN. Usually it divides by the traffic, and there is none.",
                "Nothing, if the application has no traffic. Otherwise correct the query."},
    ReasonEntry{check, Reason::InfiniteValue, metrics_unknown,
                "The query returned an infinite value. Usually it divides by 0.",
                "Correct the query."},
    ReasonEntry{
        check, Reason::MultipleSeries, metrics_unknown,
        "The query returned more than one series, or a pod has more than one series of the "
        "gauge.",
        "Aggregate them, for example with `sum()` or `max()`. Add labels to the selector of "
        "the gauge."},
    ReasonEntry{check, Reason::WrongResultType, metrics_unknown,
                "The query returned a range, a string or a native histogram, not a number.",
                "Correct the query. Remove a range such as `[5m]` that no function uses."},
    ReasonEntry{check, Reason::QueryWarning, metrics_unknown,
                "The server sent a warning with the result, or a partial result. The value may be "
                "wrong. The infos of PromQL are not warnings.",
                "The message quotes the server. Correct the query, or repair the server."},
    ReasonEntry{check, Reason::StaleValue, metrics_unknown,
                "The value is more than 5 minutes older than the query. Check externalMetric: it "
                "is older than 2 minutes, or than the release.",
                "Check the clock of the metrics server and the caches before it, or the adapter."},
    ReasonEntry{check, Reason::ClockSkew, metrics_unknown,
                "The time of the value is more than 1 minute in the future.",
                "Correct the clocks of the metrics server and of the nodes."},
    ReasonEntry{check, Reason::InvalidQuery, metrics_unknown,
                "The server cannot parse the query (400). The message quotes the server.",
                "Correct the query."},
    ReasonEntry{check, Reason::QueryFailed, metrics_unknown,
                "The server cannot evaluate the query (422). The message quotes the server.",
                "Correct the query, or see the log of the server if it is overloaded."},
    ReasonEntry{check, Reason::AccessDenied, metrics_unknown,
                "The server denies access (401 or 403).",
                "Check the credentials of the check, and their rights. Check externalMetric: set "
                "`externalMetrics.enabled` of the chart."},
    ReasonEntry{check, Reason::RequestRejected, metrics_unknown,
                "The server rejects the request with another status from 400 to 499.",
                "Check the address and its path. After 429, use fewer checks or a longer "
                "`interval`."},
    ReasonEntry{check, Reason::Redirected, metrics_unknown,
                "The server redirects the request. Lastgood follows no redirect.",
                "Use the final address of the server, with its path."},
    ReasonEntry{check, Reason::ServerUnavailable, metrics_unknown,
                "The server returned 503: it is starting or stopping, or a proxy has no backend.",
                "Wait, or see the log of the server."},
    ReasonEntry{check, Reason::ServerError, metrics_unknown,
                "The server returned a status of 500 or more, other than 503.",
                "See the log of the server."},
    ReasonEntry{check, Reason::ResponseTooLarge, metrics_unknown,
                "The response is larger than 1 MiB, or has more than 10,000 series (check "
                "prometheusRule). Check alert: it is larger than 4 MiB, or the rule has more than "
                "10,000 alerts.",
                "Aggregate the series, for example with `sum()`. Check externalMetric: add "
                "`matchLabels`."},
    ReasonEntry{check, Reason::MetricNotFound, metrics_unknown,
                "The server, the pod or the adapter has no metric with this name.",
                "Correct the name, or check that the application exports the metric and that it "
                "is scraped."},
    ReasonEntry{check, Reason::NoSeries, metrics_unknown,
                "The metric exists, but no series has the labels of the pods.",
                "Check the labels in the query or selector, and that the new pods are scraped. New "
                "pods have no series before their first scrape."},
    ReasonEntry{check, Reason::NoTraffic, metrics_unknown,
                "The pods have series, but they received no requests.",
                "Send requests. Without any result until the bake ends, the revision is "
                "`Inconclusive`. If this is normal, set `onNoData: Ignore`."},
    ReasonEntry{
        check, Reason::NoBaselineValue, metrics_unknown,
        "`compareWith`: the baseline has no value to compare with. Check externalMetric: the "
        "metric was not measured before a pod of the release started, so the failure may be older. "
        "It counts after the next pass.",
        "Add `failIf`, or set `onNoData: Ignore`: after a rollout, no old pod is left."},
    ReasonEntry{check, Reason::CredentialsNotFound, metrics_unknown,
                "The Secret of `credentialsSecret` does not exist.",
                "Create it in the namespace of the policy, or in that of the controller if the "
                "chart names it."},
    ReasonEntry{check, Reason::CredentialsNotAllowed, metrics_unknown,
                "The Secret does not have the label that allows its use.",
                "Add the label `lastgood.dev/metrics-credentials: \"true\"` to the Secret."},
    ReasonEntry{check, Reason::CredentialsInvalid, metrics_unknown,
                "A key of the Secret is missing, unknown or not valid.",
                "The message names the key. Correct the Secret."},
    ReasonEntry{check, Reason::CredentialsUnreadable, metrics_unknown,
                "Lastgood could not read the Secret.", "See the message."},
    ReasonEntry{check, Reason::TLSFailed, metrics_unknown,
                "The TLS handshake failed, usually because the certificate is not trusted.",
                "Add the CA of the server to the credentials as `ca.crt`, or correct the address."},
    ReasonEntry{check, Reason::AlertFiring, "alert and prometheusRule: `Fail`",
                "The alert fires for this Deployment.",
                "See the alert, the dashboards and the logs of the application."},
    ReasonEntry{
        check, Reason::AlertNotConfirmed, "alert: `Unknown`",
        "The server says that the alert is pending: its expression is true, but not yet "
        "for the `for` of the rule. Or no server says whether the rule is healthy, and "
        "Alertmanager sent no alert that is known to fire for the release now. The message "
        "says why: there is none, it ended, it names no pod or an older one, or it was sent "
        "too long ago.",
        "If it is pending, wait until it fires or ends. Otherwise set `address` in the "
        "check or in the chart."},
    ReasonEntry{check, Reason::RuleNotFound, rule_unknown, "The PrometheusRule does not exist.",
                "Correct its name or namespace in the check."},
    ReasonEntry{check, Reason::AlertNotFound, rule_unknown,
                "The PrometheusRule has no alert with this name.",
                "Correct the name. The message has the nearest one."},
    ReasonEntry{check, Reason::RecordingRule, rule_unknown,
                "The rule with this name is a recording rule, not an alert.",
                "Name an alert, or use a check `prometheus` with the recorded metric."},
    ReasonEntry{check, Reason::RuleUnreadable, rule_unknown,
                "Lastgood could not read the PrometheusRule.", "See the message."},
    ReasonEntry{check, Reason::RuleKindMissing, rule_unknown,
                "The cluster has no kind PrometheusRule.",
                "Install the CRDs of the Prometheus Operator, or use a check `prometheus`."},
    ReasonEntry{check, Reason::RuleNotLoaded, "alert: `Unknown`",
                "The server has no rule with the name of the alert.",
                "Check the name, and that the server has loaded the rule."},
    ReasonEntry{check, Reason::RuleUnhealthy, "alert: `Unknown`",
                "The server cannot evaluate the rule. The message quotes the server.",
                "Correct the rule."},
    ReasonEntry{check, Reason::RuleStale, "alert: `Unknown`",
                "The server has not evaluated the rule recently.", "See the log of the server."},
    ReasonEntry{check, Reason::LabelsRemoved, "alert and prometheusRule: `Unknown`",
                "The expression removes a label that places its series, for example with `sum()`, "
                "so it is not known whether they are of this Deployment.",
                "Keep the label in the expression, for example with `sum by (namespace, pod)`, or "
                "set `matchLabels`."},
    ReasonEntry{check, Reason::EndpointFailed, pods_unknown,
                "The metrics of more than half of the pods could not be read. The message has the "
                "URL and the cause for one pod.",
                "Check port, path and scheme in the check or in the annotations `prometheus.io/*`, "
                "and that a NetworkPolicy lets the controller connect."},
    ReasonEntry{check, Reason::InvalidMetrics, pods_unknown,
                "The response of a pod is not in the text format of Prometheus or in OpenMetrics, "
                "or it was cut.",
                "Check port and path. The message has the URL and the line."},
    ReasonEntry{check, Reason::TooManySeries, pods_unknown,
                "A pod exports more than 100,000 series or 5 MiB, or the check selects more than "
                "2,000 of its series.",
                "Add label matchers to the selector, export fewer series, or use a check "
                "`prometheus`."},
    ReasonEntry{check, Reason::FirstScrape, pods_unknown,
                "The increase of a counter needs two scrapes of a pod, and only one succeeded.",
                "Nothing."},
    ReasonEntry{check, Reason::CounterReset, pods_unknown,
                "The counters of more than half of the pods were reset between two scrapes, for "
                "example by a restart, or the pods report more errors than requests.",
                "Nothing, if the pods restarted. Otherwise check that `errors` selects a part of "
                "the requests of `total`."},
    ReasonEntry{check, Reason::MetricsApiMissing, "externalMetric: `Unknown`",
                "The cluster does not serve `external.metrics.k8s.io`.",
                "Install the adapter of your metrics system."},
};

}  // namespace

std::span<const ReasonEntry> metrics_reasons() { return checks; }

}  // namespace lastgood::api
