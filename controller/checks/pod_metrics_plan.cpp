#include "checks/pod_metrics_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/constants.hpp"
#include "base/text.hpp"
#include "checks/container.hpp"
#include "checks/no_response.hpp"
#include "codec/http_header.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {

namespace {

using api::ProbeOutcome;
using api::Reason;

constexpr std::array usual_port_names{"metrics",      "http-metrics", "https-metrics",
                                      "metrics-http", "prometheus",   "prom",
                                      "http-prom",    "monitoring",   "http-envoy-prom"};
constexpr std::size_t max_problem_size = 400;  // bytes

ScrapeProblem problem(Reason reason, std::string_view message) {
  return {.reason = reason, .message = clip(on_one_line(message, ' '), max_problem_size)};
}

// Nothing: the pod has no such annotation.
std::optional<std::string_view> annotation_of(const api::Pod& pod, std::string_view name) {
  const auto found = pod.meta.annotations.find(std::string(name));
  return found == pod.meta.annotations.end() ? std::nullopt
                                             : std::optional<std::string_view>(found->second);
}

std::expected<std::uint16_t, ScrapeProblem> annotated_port(std::string_view text) {
  const auto port = codec::parse_whole(text, 1, 65535);
  if (port) return static_cast<std::uint16_t>(*port);
  return std::unexpected(
      problem(Reason::EndpointFailed, "annotation prometheus.io/port: " + port.error().message));
}

std::expected<std::uint16_t, ScrapeProblem> port_of(const api::PodMetricsCheck& check,
                                                    const api::Pod& pod) {
  if (check.port != 0) return check.port;
  if (annotation_of(pod, api::annotation::scrape) == "false") {
    return std::unexpected(problem(
        Reason::EndpointFailed,
        "annotation prometheus.io/scrape is \"false\"; set podMetrics.port to scrape the pod"));
  }
  if (const auto text = annotation_of(pod, api::annotation::scrape_port))
    return annotated_port(*text);
  for (const char* const name : usual_port_names) {
    const auto found = pod.port_names.find(name);
    const auto port = found == pod.port_names.end()
                          ? std::nullopt
                          : std::optional(codec::parse_whole(found->second, 1, 65535));
    if (port && *port) return static_cast<std::uint16_t>(**port);
  }
  return std::unexpected(
      problem(Reason::EndpointFailed,
              "the port of its metrics is not known; set podMetrics.port, the annotation "
              "prometheus.io/port of the pod, or name the container port \"metrics\""));
}

// Whether the annotations of the pod describe the endpoint at this port.
bool is_annotated(const api::PodMetricsCheck& check, const api::Pod& pod, std::uint16_t port) {
  const auto text = annotation_of(pod, api::annotation::scrape_port);
  return check.port == 0 || (text && annotated_port(*text) == port);
}

std::expected<api::HttpCall, ScrapeProblem> call_of(const api::PodMetricsCheck& check,
                                                    const api::Pod& pod) {
  const auto port = port_of(check, pod);
  if (!port) return std::unexpected(port.error());
  const bool uses_annotations = is_annotated(check, pod, *port);
  const auto choose = [&](const std::string& of_check, std::string_view name,
                          std::string_view fallback) {
    if (!of_check.empty()) return of_check;
    const auto text = uses_annotations ? annotation_of(pod, name) : std::nullopt;
    return std::string(text.value_or(fallback));
  };
  const std::string path = choose(check.path, api::annotation::scrape_path, "/metrics");
  if (!codec::is_request_path(path)) {
    return std::unexpected(problem(
        Reason::EndpointFailed,
        fmt::format("annotation prometheus.io/path: {} must begin with \"/\" and have no spaces",
                    in_quotes(path))));
  }
  const std::string scheme = choose(check.scheme, api::annotation::scrape_scheme, "http");
  if (scheme != "http" && scheme != "https") {
    return std::unexpected(
        problem(Reason::EndpointFailed,
                fmt::format("annotation prometheus.io/scheme: {} is not http or https",
                            in_quotes(scheme))));
  }
  api::HttpCall call{.host = pod.ip,
                     .port = *port,
                     .target = path,
                     .headers = {{.name = "Accept", .value = std::string(exposition_accept)}},
                     .max_body_bytes = max_exposition_size,
                     .timeout = check.timeout};
  if (scheme == "https") call.tls = api::TlsSettings{.verify = api::TlsSettings::Verify::Nothing};
  return call;
}

bool can_be_scraped(const api::Pod& pod) {
  return !pod.meta.deleting && !pod.ip.empty() && pod.phase == "Running" && pod.ready &&
         !is_node_unreachable(pod);
}

// The advice for a pod that sent no response. Empty: the outcome says enough.
std::string_view advice_for(ProbeOutcome outcome) {
  switch (outcome) {
    case ProbeOutcome::ConnectionRefused: return "; check port of podMetrics";
    case ProbeOutcome::InvalidResponse: return "; check port and scheme of podMetrics";
    case ProbeOutcome::Unreachable:
      return "; check that a NetworkPolicy lets the controller connect";
    case ProbeOutcome::TimedOut:
    case ProbeOutcome::ConnectionClosed:
    case ProbeOutcome::DNSLookupFailed:
    case ProbeOutcome::Answered: break;
  }
  return "";
}

// "http://10.0.0.1:8080/metrics", without the query: it may have a secret.
std::string url_text(const api::HttpCall& call) {
  constexpr std::size_t max_path_size = 100;  // bytes
  const std::string_view path = std::string_view(call.target).substr(0, call.target.find('?'));
  return fmt::format("{}://{}{}", call.tls ? "https" : "http",
                     codec::authority(call.host, call.port), clip(path, max_path_size));
}

ScrapeProblem problem_of(const std::string& url, const ExpositionError& error) {
  const bool is_invalid = error.kind == ExpositionError::Kind::Invalid;
  return problem(is_invalid ? Reason::InvalidMetrics : Reason::TooManySeries,
                 fmt::format("{}: {}", url, error.message));
}

// The same values as long as no container of the pod started or ended.
std::vector<std::pair<std::optional<Time>, std::int64_t>> starts_of(const api::Pod& pod) {
  std::vector<std::pair<std::optional<Time>, std::int64_t>> out;
  for (const api::ContainerState& container : pod.containers)
    out.emplace_back(container.started_at, container.restarts);
  return out;
}

}  // namespace

std::vector<ScrapeTarget> plan_scrapes(const api::PodMetricsCheck& check,
                                       std::span<const api::Pod> pods) {
  std::vector<const api::Pod*> found;
  for (const api::Pod& pod : pods)
    if (can_be_scraped(pod)) found.push_back(&pod);
  std::ranges::sort(found, {}, [](const api::Pod* pod) { return pod->meta.key.name; });
  const std::size_t count = std::min(found.size(), max_scraped_pods);
  std::vector<ScrapeTarget> targets;
  for (std::size_t i = 0; i < count; ++i) {
    const api::Pod& pod = *found[i * found.size() / count];
    auto call = call_of(check, pod);
    targets.push_back({.pod = pod.meta.key.name});
    if (call) {
      targets.back().call = *std::move(call);
    } else {
      targets.back().problem = std::move(call.error());
    }
  }
  return targets;
}

ScrapeProblem no_targets(std::span<const api::Pod> pods) {
  if (std::ranges::none_of(pods, is_pod_active))
    return problem(Reason::NoPodsToProbe, "the revision has no pods");
  return problem(Reason::PodsStarting,
                 fmt::format("none of the {} pods of the revision is ready", pods.size()));
}

Scrape parse_scrape(const api::HttpCall& call, const api::HttpResponse& response,
                    const PodMetricsQuestion& question) {
  const std::string url = url_text(call);
  if (response.is_too_large) {
    return std::unexpected(problem(
        Reason::TooManySeries, fmt::format("{} returned more than {} MiB; use a check prometheus",
                                           url, max_exposition_size / 1024 / 1024)));
  }
  if (response.outcome != ProbeOutcome::Answered) {
    const std::string detail = response.detail.empty() ? "" : fmt::format(" ({})", response.detail);
    return std::unexpected(
        problem(Reason::EndpointFailed, fmt::format("{} {}{}{}", url, no_response_text(response),
                                                    advice_for(response.outcome), detail)));
  }
  if (response.status != 200) {
    return std::unexpected(problem(
        Reason::EndpointFailed,
        fmt::format("{} returned {}, expected 200; check port, path and scheme of podMetrics", url,
                    response.status)));
  }
  auto page =
      parse_exposition(response.body, exposition_format(response.content_type), question.selectors);
  if (!page) return std::unexpected(problem_of(url, page.error()));
  return *std::move(page);
}

Scrape late_scrape(const api::HttpCall& call) {
  return std::unexpected(
      problem(Reason::ProbeLate,
              fmt::format("the controller was busy with other scrapes and did not begin this one "
                          "within {}; see which pods send no metrics until their timeout",
                          format_duration(call.timeout))));
}

Duration scrape_distance(const api::Check& check) {
  return std::min(check.interval, max_scrape_distance);
}

void confirm_pods(std::vector<PodOfRevision>& revision, std::span<const api::Pod> before,
                  std::span<const api::Pod> now) {
  const auto find = [](std::span<const api::Pod> pods, const std::string& name) {
    const auto found =
        std::ranges::find(pods, name, [](const api::Pod& pod) { return pod.meta.key.name; });
    return found == pods.end() ? nullptr : &*found;
  };
  std::erase_if(revision, [&](const PodOfRevision& pod) {
    const api::Pod* const found = find(now, pod.name);
    return !found || !is_pod_active(*found);
  });
  for (PodOfRevision& pod : revision) {
    const api::Pod* const old = find(before, pod.name);
    if (old && starts_of(*old) == starts_of(*find(now, pod.name))) continue;
    pod.window.exclude(problem(Reason::CounterReset, "one of its containers restarted"));
  }
}

}  // namespace lastgood::checks
