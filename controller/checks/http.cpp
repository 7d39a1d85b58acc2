#include "checks/http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "checks/container.hpp"
#include "checks/message.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {

using api::Reason;
namespace {

Measurement unknown(const api::Check& check, Reason reason, const std::string& message) {
  return {.check = check.name,
          .result = api::MeasurementResult::Unknown,
          .reason = reason,
          .message = clip(message, message_limit)};
}

HttpPlan nothing_to_ask(const api::Check& check, Reason reason, const std::string& message) {
  return {.measurement = unknown(check, reason, message)};
}

constexpr std::size_t max_path = 2048;

// What is to be asked, before it is known of whom.
struct Aim {
  bool tls = false;
  std::string host;  // of a URL; empty for Pods and Service
  bool is_address = false;
  std::uint16_t port = 0;
  std::string target;
  std::string host_header;  // of a URL
};

std::string in_brackets(const std::string& address) {
  return address.contains(':') ? fmt::format("[{}]", address) : address;
}

bool is_address(std::string_view host) {
  return host.find_first_not_of("0123456789.") == std::string_view::npos || host.contains(':');
}

Result<Aim> aim_of_url(const std::string& text) {
  auto url = codec::parse_http_url(text);
  if (!url) return std::unexpected(url.error());
  const int usual = url->tls ? 443 : 80;
  auto header = url->port == usual ? in_brackets(url->host)
                                   : fmt::format("{}:{}", in_brackets(url->host), url->port);
  // A trailing dot only tells resolvers not to search.
  if (url->host.ends_with('.')) url->host.pop_back();
  return Aim{.tls = url->tls,
             .host = url->host,
             .is_address = is_address(url->host),
             .port = url->port,
             .target = url->target,
             .host_header = std::move(header)};
}

Result<Aim> aim_of(const api::HttpCheck& http) {
  if (http.target == api::HttpTarget::Url) return aim_of_url(http.url);
  const bool printable =
      std::ranges::all_of(http.path, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!http.path.starts_with('/') || http.path.size() > max_path || !printable)
    return fail(
        ErrorKind::BadInput,
        fmt::format(
            "path \"{}\" does not begin with \"/\" or contains a space or a control character",
            http.path.substr(0, 100)));
  if (http.port == 0) return fail(ErrorKind::BadInput, "port 0 cannot be asked");
  if (http.scheme != "http" && http.scheme != "https")
    return fail(ErrorKind::BadInput,
                fmt::format("scheme \"{}\" is neither http nor https", http.scheme.substr(0, 40)));
  return Aim{.tls = http.scheme == "https", .port = http.port, .target = http.path};
}

enum class HostForm : std::uint8_t { Other, SingleLabel, WithNamespace, Svc };

struct NamedService {
  std::string name;
  HostForm form = HostForm::Other;
};

NamedService service_in(const Aim& aim, std::string_view namespace_) {
  if (aim.is_address) return {};
  const auto dot = aim.host.find('.');
  auto name = aim.host.substr(0, dot);
  if (dot == std::string::npos) return {std::move(name), HostForm::SingleLabel};
  const auto rest = std::string_view(aim.host).substr(dot + 1);
  if (rest == namespace_) return {std::move(name), HostForm::WithNamespace};
  const auto svc = fmt::format("{}.svc", namespace_);
  if (rest == svc || rest == svc + ".cluster.local") return {std::move(name), HostForm::Svc};
  return {};
}

bool can_be_asked(const api::Pod& pod) {
  const auto started = [](const api::ContainerState& container) { return container.started; };
  return !pod.meta.deleting && !pod.ip.empty() && pod.phase == "Running" &&
         !pod.containers.empty() && !is_node_unreachable(pod) &&
         std::ranges::all_of(pod.containers, started);
}

std::vector<const api::Pod*> askable(std::span<const api::Pod> pods) {
  std::vector<const api::Pod*> out;
  for (const auto& pod : pods)
    if (can_be_asked(pod)) out.push_back(&pod);
  std::ranges::sort(out, {}, [](const api::Pod* pod) { return pod->meta.key.name; });
  return out;
}

// An empty selector is a Service whose endpoints somebody writes by hand: it selects nothing.
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

// The number behind a Service port on one pod: targetPort is a number, a container port's name, or
// absent.
std::optional<std::uint16_t> pod_port(const api::ServicePort& port, const api::Pod& pod) {
  if (port.target_port.empty()) return port_number(std::to_string(port.port));
  if (const auto number = port_number(port.target_port)) return number;
  const auto named = pod.port_names.find(port.target_port);
  return named == pod.port_names.end() ? std::nullopt : port_number(named->second);
}

HttpProbe ask_pod(const api::Check& check, const Aim& aim, const api::Pod& pod,
                  std::uint16_t port) {
  return {.pod = pod.meta.key.name,
          .question = {.tls = aim.tls,
                       .host = pod.ip,
                       .port = port,
                       .target = aim.target,
                       .host_header = aim.host_header.empty()
                                          ? fmt::format("{}:{}", in_brackets(pod.ip), port)
                                          : aim.host_header,
                       .timeout = check.http.timeout}};
}

HttpPlan ask_as_it_stands(const api::Check& check, const Aim& aim, const std::string& host) {
  auto header =
      aim.host_header.empty() ? fmt::format("{}:{}", in_brackets(host), aim.port) : aim.host_header;
  return {.probes = {{.pod = "",
                      .question = {.tls = aim.tls,
                                   .host = host,
                                   .port = aim.port,
                                   .target = aim.target,
                                   .host_header = std::move(header),
                                   .timeout = check.http.timeout}}},
          .pods = 0};
}

// Of many pods an even spread, the same ones as long as the pods are the same.
HttpPlan spread(std::vector<HttpProbe> all) {
  HttpPlan plan{.pods = all.size()};
  const auto count = std::min(all.size(), max_pods_asked);
  for (std::size_t i = 0; i < count; ++i)
    plan.probes.push_back(std::move(all[i * all.size() / count]));
  return plan;
}

HttpPlan ask_pods(const api::Check& check, const Aim& aim,
                  const std::vector<const api::Pod*>& pods) {
  std::vector<HttpProbe> probes;
  probes.reserve(pods.size());
  for (const auto* pod : pods) probes.push_back(ask_pod(check, aim, *pod, aim.port));
  return spread(std::move(probes));
}

HttpPlan ask_behind(const api::Check& check, const Aim& aim, const api::Service& service,
                    const std::vector<const api::Pod*>& pods) {
  const auto port = std::ranges::find(service.ports, static_cast<std::int64_t>(aim.port),
                                      &api::ServicePort::port);
  if (port == service.ports.end())
    return nothing_to_ask(
        check, Reason::ServicePortNotFound,
        fmt::format("Service {} has no port {}", service.meta.key.name, aim.port));
  std::vector<HttpProbe> probes;
  for (const auto* pod : pods)
    if (const auto number = pod_port(*port, *pod))
      probes.push_back(ask_pod(check, aim, *pod, *number));
  if (probes.empty())
    return nothing_to_ask(
        check, Reason::ServicePortNotFound,
        fmt::format(
            "Service {} sends port {} to container port \"{}\", which no container of the pods has",
            service.meta.key.name, aim.port, port->target_port));
  return spread(std::move(probes));
}

HttpPlan no_pod(const api::Check& check, std::span<const api::Pod> pods) {
  const char* why = std::ranges::all_of(pods, is_node_unreachable)
                        ? "is on a node that reports"
                        : "has started all its containers";
  return nothing_to_ask(
      check, Reason::NoPodsToProbe,
      pods.empty() ? "the new revision has no pod yet"
                   : fmt::format("none of the {} pods of the new revision {}", pods.size(), why));
}

// Why a check that needs a Service cannot be asked without it. Nothing where it can: two labels may
// as well be a name of the wide world, such as example.com written for a Deployment in a namespace
// com.
std::optional<HttpPlan> service_missing(const api::Check& check, std::string_view namespace_,
                                        const NamedService& named,
                                        const std::optional<Result<api::Service>>& service) {
  if (!service)
    return nothing_to_ask(check, Reason::ServiceUnreadable,
                          fmt::format("Service {} was not read", named.name));
  const auto& error = service->error();
  if (error.kind != ErrorKind::NotFound)
    return nothing_to_ask(check, Reason::ServiceUnreadable,
                          fmt::format("Service {} cannot be read: {}", named.name, error.message));
  if (named.form == HostForm::WithNamespace) return std::nullopt;
  return nothing_to_ask(
      check, Reason::ServiceNotFound,
      fmt::format("there is no Service {} in namespace {}", named.name, namespace_));
}

}  // namespace

std::optional<std::string> service_wanted(const api::Check& check, std::string_view namespace_) {
  if (check.http.target == api::HttpTarget::Service) return check.http.service;
  if (check.http.target == api::HttpTarget::Pods) return std::nullopt;
  const auto aim = aim_of(check.http);
  if (!aim) return std::nullopt;
  auto named = service_in(*aim, namespace_);
  if (named.form == HostForm::Other) return std::nullopt;
  return std::move(named.name);
}

HttpPlan plan_http(const api::Check& check, std::string_view namespace_,
                   std::span<const api::Pod> pods_of_new_revision,
                   const std::optional<Result<api::Service>>& service) {
  const auto aim = aim_of(check.http);
  if (!aim) return nothing_to_ask(check, Reason::InvalidCheck, aim.error().message);
  const auto pods = askable(pods_of_new_revision);

  if (check.http.target == api::HttpTarget::Pods)
    return pods.empty() ? no_pod(check, pods_of_new_revision) : ask_pods(check, *aim, pods);
  const auto named = check.http.target == api::HttpTarget::Service
                         ? NamedService{check.http.service, HostForm::Svc}
                         : service_in(*aim, namespace_);
  const bool has_service = named.form != HostForm::Other && service && service->has_value();
  if (named.form != HostForm::Other && !has_service)
    if (auto missing = service_missing(check, namespace_, named, service))
      return *std::move(missing);
  if (pods.empty()) return no_pod(check, pods_of_new_revision);
  if (!has_service) return ask_as_it_stands(check, *aim, aim->host);

  std::vector<const api::Pod*> selected;
  std::ranges::copy_if(pods, std::back_inserter(selected),
                       [&](const api::Pod* pod) { return selects(**service, *pod); });
  if (!selected.empty()) return ask_behind(check, *aim, **service, selected);
  // In full, because a bare name would resolve in our own namespace.
  return ask_as_it_stands(check, *aim, fmt::format("{}.{}.svc", named.name, namespace_));
}

}  // namespace lastgood::checks
