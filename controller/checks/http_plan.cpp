#include "checks/http_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.hpp"
#include "checks/container.hpp"
#include "checks/message.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {
namespace {

using api::Reason;

Measurement unknown(const api::Check& check, Reason reason, const std::string& message) {
  return {.check = check.name,
          .result = api::MeasurementResult::Unknown,
          .reason = reason,
          .message = clip(message, max_message_size)};
}

HttpPlan unknown_plan(const api::Check& check, Reason reason, const std::string& message) {
  return {.measurement = unknown(check, reason, message)};
}

constexpr std::size_t max_path_size = 2048;

// The parts of the probed URL that are the same for each pod.
struct Endpoint {
  bool tls = false;
  std::string host;  // empty for the targets Pods and Service
  bool is_address = false;
  std::uint16_t port = 0;
  std::string path;         // with the query
  std::string host_header;  // empty for the targets Pods and Service
};

std::string in_brackets(const std::string& address) {
  return address.contains(':') ? fmt::format("[{}]", address) : address;
}

bool is_address(std::string_view host) {
  return host.find_first_not_of("0123456789.") == std::string_view::npos || host.contains(':');
}

Result<Endpoint> endpoint_of_url(const std::string& text) {
  auto url = codec::parse_http_url(text);
  if (!url) return std::unexpected(url.error());
  const int default_port = url->tls ? 443 : 80;
  auto header = url->port == default_port ? in_brackets(url->host)
                                          : fmt::format("{}:{}", in_brackets(url->host), url->port);
  // A trailing dot makes the name absolute for the resolver. It is not a part of the name.
  if (url->host.ends_with('.')) url->host.pop_back();
  return Endpoint{.tls = url->tls,
                  .host = url->host,
                  .is_address = is_address(url->host),
                  .port = url->port,
                  .path = url->target,
                  .host_header = std::move(header)};
}

Result<Endpoint> endpoint_of(const api::HttpCheck& http) {
  if (http.target == api::HttpTarget::Url) return endpoint_of_url(http.url);
  const bool printable =
      std::ranges::all_of(http.path, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!http.path.starts_with('/') || http.path.size() > max_path_size || !printable)
    return fail(ErrorKind::BadInput,
                fmt::format("path \"{}\" is not valid: begin with \"/\", and use at most {} "
                            "printable ASCII characters without spaces",
                            http.path.substr(0, 100), max_path_size));
  if (http.port == 0)
    return fail(ErrorKind::BadInput, "port 0 is not valid: use a port from 1 to 65535");
  if (http.scheme != "http" && http.scheme != "https")
    return fail(ErrorKind::BadInput, fmt::format("scheme \"{}\" is not valid: use http or https",
                                                 http.scheme.substr(0, 40)));
  return Endpoint{.tls = http.scheme == "https", .port = http.port, .path = http.path};
}

// How the host of a URL names a Service of the namespace.
enum class HostForm : std::uint8_t {
  Other,          // example.com: no Service of the namespace
  SingleLabel,    // web
  WithNamespace,  // web.shop
  Svc,            // web.shop.svc or web.shop.svc.cluster.local
};

struct NamedService {
  std::string name;
  HostForm form = HostForm::Other;
};

NamedService service_of(const Endpoint& endpoint, std::string_view namespace_) {
  if (endpoint.is_address) return {};
  const auto dot = endpoint.host.find('.');
  auto name = endpoint.host.substr(0, dot);
  if (dot == std::string::npos) return {std::move(name), HostForm::SingleLabel};
  const auto rest = std::string_view(endpoint.host).substr(dot + 1);
  if (rest == namespace_) return {std::move(name), HostForm::WithNamespace};
  const auto svc = fmt::format("{}.svc", namespace_);
  if (rest == svc || rest == svc + ".cluster.local") return {std::move(name), HostForm::Svc};
  return {};
}

bool can_be_probed(const api::Pod& pod) {
  const auto started = [](const api::ContainerState& container) { return container.started; };
  return !pod.meta.deleting && !pod.ip.empty() && pod.phase == "Running" &&
         !pod.containers.empty() && !is_node_unreachable(pod) &&
         std::ranges::all_of(pod.containers, started);
}

// Sorted by name, so that `select_evenly` returns the same pods each time.
std::vector<const api::Pod*> pods_to_probe(std::span<const api::Pod> pods) {
  std::vector<const api::Pod*> out;
  for (const auto& pod : pods)
    if (can_be_probed(pod)) out.push_back(&pod);
  std::ranges::sort(out, {}, [](const api::Pod* pod) { return pod->meta.key.name; });
  return out;
}

// A Service without a selector selects no pod: its endpoints are managed manually.
bool selects(const api::Service& service, const api::Pod& pod) {
  return !service.selector.empty() &&
         std::ranges::all_of(service.selector, [&](const auto& wanted) {
           const auto found = pod.meta.labels.find(wanted.first);
           return found != pod.meta.labels.end() && found->second == wanted.second;
         });
}

std::optional<std::uint16_t> port_number(std::string_view text) {
  unsigned value = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (text.empty() || error != std::errc{} || stop != end || value == 0 || value > 65535)
    return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

// The port of the pod to which a Service port leads. targetPort is a number, the name of a
// container port, or absent. Nothing if no container of the pod has a port of this name.
std::optional<std::uint16_t> pod_port(const api::ServicePort& port, const api::Pod& pod) {
  if (port.target_port.empty()) return port_number(std::to_string(port.port));
  if (const auto number = port_number(port.target_port)) return number;
  const auto named = pod.port_names.find(port.target_port);
  return named == pod.port_names.end() ? std::nullopt : port_number(named->second);
}

api::ProbeRequest request_to(const api::Check& check, const Endpoint& endpoint,
                             const std::string& host, std::uint16_t port) {
  return {.tls = endpoint.tls,
          .host = host,
          .port = port,
          .target = endpoint.path,
          .host_header = endpoint.host_header.empty()
                             ? fmt::format("{}:{}", in_brackets(host), port)
                             : endpoint.host_header,
          .timeout = api::http_of(check).timeout};
}

HttpProbe pod_probe(const api::Check& check, const Endpoint& endpoint, const api::Pod& pod,
                    std::uint16_t port) {
  return {.pod = pod.meta.key.name,
          .node = pod.node,
          .request = request_to(check, endpoint, pod.ip, port)};
}

HttpPlan url_plan(const api::Check& check, const Endpoint& endpoint, const std::string& host) {
  return {.probes = {{.pod = "",
                      .node = "",
                      .request = request_to(check, endpoint, host, endpoint.port)}},
          .pods = 0};
}

HttpPlan select_evenly(std::vector<HttpProbe> all) {
  HttpPlan plan{.pods = all.size()};
  const auto count = std::min(all.size(), max_probes);
  for (std::size_t i = 0; i < count; ++i)
    plan.probes.push_back(std::move(all[i * all.size() / count]));
  return plan;
}

HttpPlan pods_plan(const api::Check& check, const Endpoint& endpoint,
                   const std::vector<const api::Pod*>& pods) {
  std::vector<HttpProbe> probes;
  probes.reserve(pods.size());
  for (const auto* pod : pods) probes.push_back(pod_probe(check, endpoint, *pod, endpoint.port));
  return select_evenly(std::move(probes));
}

HttpPlan service_plan(const api::Check& check, const Endpoint& endpoint,
                      const api::Service& service, const std::vector<const api::Pod*>& pods) {
  const auto port = std::ranges::find(service.ports, static_cast<std::int64_t>(endpoint.port),
                                      &api::ServicePort::port);
  if (port == service.ports.end())
    return unknown_plan(check, Reason::ServicePortNotFound,
                        fmt::format("Service {} has no port {}; correct the port in the check or "
                                    "in the Service",
                                    service.meta.key.name, endpoint.port));
  std::vector<HttpProbe> probes;
  for (const auto* pod : pods)
    if (const auto number = pod_port(*port, *pod))
      probes.push_back(pod_probe(check, endpoint, *pod, *number));
  if (probes.empty())
    return unknown_plan(check, Reason::ServicePortNotFound,
                        fmt::format("port {} of Service {} has targetPort \"{}\", but no container "
                                    "of the pods has a port of this name",
                                    endpoint.port, service.meta.key.name, port->target_port));
  return select_evenly(std::move(probes));
}

// "node-1, node-2"
std::string nodes_of(std::span<const api::Pod> pods) {
  std::set<std::string_view> nodes;
  for (const api::Pod& pod : pods) nodes.insert(pod.node);
  return fmt::format("{}", fmt::join(nodes, ", "));
}

HttpPlan no_pods_plan(const api::Check& check, std::span<const api::Pod> pods) {
  std::string message = "the revision has no pods yet";
  if (!pods.empty())
    message =
        std::ranges::all_of(pods, is_node_unreachable)
            ? fmt::format("all {} pods of the revision are on nodes that do not report: {}",
                          pods.size(), nodes_of(pods))
            : fmt::format("none of the {} pods of the revision has started all its containers",
                          pods.size());
  return unknown_plan(check, Reason::NoPodsToProbe, message);
}

// The plan of a check whose Service was not read or does not exist. Nothing if the URL is probed
// without a Service: the host example.com may be a public name, also in a namespace "com".
std::optional<HttpPlan> missing_service_plan(const api::Check& check, std::string_view namespace_,
                                             const NamedService& named,
                                             const std::optional<Result<api::Service>>& service) {
  if (!service)
    return unknown_plan(check, Reason::ServiceUnreadable,
                        fmt::format("Service {} was not read", named.name));
  const auto& error = service->error();
  if (error.kind != ErrorKind::NotFound)
    return unknown_plan(check, Reason::ServiceUnreadable,
                        fmt::format("cannot read Service {}: {}", named.name, error.message));
  if (named.form == HostForm::WithNamespace) return std::nullopt;
  return unknown_plan(
      check, Reason::ServiceNotFound,
      fmt::format("Service {} does not exist in namespace {}; create it, or correct "
                  "the name in the check",
                  named.name, namespace_));
}

void add_lost_pods(HttpPlan& plan, std::span<const api::Pod> pods) {
  for (const api::Pod& pod : pods) {
    if (!is_node_unreachable(pod)) continue;
    ++plan.lost_pods;
    plan.lost_nodes.insert(pod.node);
  }
}

}  // namespace

std::optional<std::string> service_wanted(const api::Check& check, std::string_view namespace_) {
  if (api::http_of(check).target == api::HttpTarget::Service) return api::http_of(check).service;
  if (api::http_of(check).target == api::HttpTarget::Pods) return std::nullopt;
  const auto endpoint = endpoint_of(api::http_of(check));
  if (!endpoint) return std::nullopt;
  auto named = service_of(*endpoint, namespace_);
  if (named.form == HostForm::Other) return std::nullopt;
  return std::move(named.name);
}

namespace {

HttpPlan plan_probes(const api::Check& check, std::string_view namespace_,
                     std::span<const api::Pod> pods_of_revision,
                     const std::optional<Result<api::Service>>& service) {
  const auto endpoint = endpoint_of(api::http_of(check));
  if (!endpoint) return unknown_plan(check, Reason::InvalidCheck, endpoint.error().message);
  const auto pods = pods_to_probe(pods_of_revision);

  if (api::http_of(check).target == api::HttpTarget::Pods)
    return pods.empty() ? no_pods_plan(check, pods_of_revision) : pods_plan(check, *endpoint, pods);
  const auto named = api::http_of(check).target == api::HttpTarget::Service
                         ? NamedService{api::http_of(check).service, HostForm::Svc}
                         : service_of(*endpoint, namespace_);
  const bool has_service = named.form != HostForm::Other && service && service->has_value();
  if (named.form != HostForm::Other && !has_service)
    if (auto missing = missing_service_plan(check, namespace_, named, service))
      return *std::move(missing);
  if (pods.empty()) return no_pods_plan(check, pods_of_revision);
  if (!has_service) return url_plan(check, *endpoint, endpoint->host);

  std::vector<const api::Pod*> selected;
  std::ranges::copy_if(pods, std::back_inserter(selected),
                       [&](const api::Pod* pod) { return selects(**service, *pod); });
  if (!selected.empty()) return service_plan(check, *endpoint, **service, selected);
  // The full name, because a bare name resolves in the namespace of the controller.
  return url_plan(check, *endpoint, fmt::format("{}.{}.svc", named.name, namespace_));
}

}  // namespace

HttpPlan plan_http(const api::Check& check, std::string_view namespace_,
                   std::span<const api::Pod> pods_of_revision,
                   const std::optional<Result<api::Service>>& service) {
  HttpPlan plan = plan_probes(check, namespace_, pods_of_revision, service);
  if (!plan.measurement && !plan.probes_url()) add_lost_pods(plan, pods_of_revision);
  return plan;
}

}  // namespace lastgood::checks
