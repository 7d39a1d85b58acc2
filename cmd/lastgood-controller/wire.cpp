#include "wire.hpp"

#include <unistd.h>

#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <random>

#include "base/log.hpp"
#include "net/files.hpp"
#include "net/http_client.hpp"
#include "net/kube_client.hpp"
#include "net/kubeconfig.hpp"
#include "net/metrics.hpp"
#include "net/prober.hpp"
#include "net/process.hpp"
#include "net/server.hpp"
#include "net/system_clock.hpp"
#include "shell/manager.hpp"

namespace lastgood {

namespace asio = boost::asio;

namespace {

std::string host_and_pid() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "lastgood-" + std::to_string(getpid());
  return std::string(name.data()) + "-" + std::to_string(getpid());
}

shell::Settings to_settings(const Options& options, const net::Credentials& credentials) {
  shell::Settings settings;
  settings.namespaces = options.namespaces;
  settings.identity = options.identity.empty() ? host_and_pid() : options.identity;
  settings.lease.identity = settings.identity;
  const std::string own_namespace =
      credentials.namespace_.empty() ? "default" : credentials.namespace_;
  settings.lease.lease = {
      .namespace_ = options.lease_namespace.empty() ? own_namespace : options.lease_namespace,
      .name = options.lease_name};
  settings.fleet.breaker = {.rollbacks = options.breaker_rollbacks,
                            .percent = options.breaker_percent,
                            .within = options.breaker_within};
  settings.fleet.shared_cause = {.deployments = options.shared_cause_deployments,
                                 .percent = options.shared_cause_percent};
  settings.read_secrets = options.read_secrets;
  settings.metrics = {.prometheus_address = options.prometheus_address,
                      .prometheus_credentials = options.prometheus_credentials};
  settings.random_source = [engine = std::mt19937_64(std::random_device{}())]() mutable {
    return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
  };
  return settings;
}

net::Page page(std::string_view path, const shell::Manager& manager, const net::Metrics& metrics) {
  if (path == "/healthz") return {.body = "ok\n"};
  if (path == "/readyz") {
    if (manager.ready()) return {.body = "ok\n"};
    return {.status = 503,
            .body = "not ready: the first list of the watched objects is not complete\n"};
  }
  if (path == "/metrics")
    return {.content_type = std::string(net::metrics_content_type), .body = metrics.text()};
  return {.status = 404, .body = "not found: use /healthz, /readyz or /metrics\n"};
}

int startup_failed(const Error& error) {
  log::error("cannot start", {{"error", error}});
  return 1;
}

}  // namespace

int run_controller(const Options& options) {
  asio::io_context io(1);
  const auto executor = io.get_executor();
  auto credentials = options.kubeconfig.empty()
                         ? net::load_in_cluster(net::pod_environment())
                         : net::load_kubeconfig(options.kubeconfig, options.context);
  if (!credentials) return startup_failed(credentials.error());
  const shell::Settings settings = to_settings(options, *credentials);
  log::info("starting", {{"version", LASTGOOD_VERSION},
                         {"api", credentials->source},
                         {"identity", settings.identity}});
  net::raise_open_files_limit();

  net::Metrics metrics;
  net::SystemClock clock(executor);
  net::HttpProber prober(executor);
  net::HttpClient http(executor);
  net::Files files;
  auto client = net::KubeClient::create(executor, std::move(*credentials), &metrics);
  if (!client) return startup_failed(client.error());
  auto manager = shell::Manager::create(executor,
                                        {.clock = clock,
                                         .kube = **client,
                                         .prober = prober,
                                         .http = http,
                                         .files = files,
                                         .telemetry = metrics},
                                        settings);
  if (!manager) return startup_failed(manager.error());
  auto server = net::HttpServer::bind(executor, options.listen, [&](std::string_view path) {
    return page(path, **manager, metrics);
  });
  if (!server) return startup_failed(server.error());
  log::info("listening", {{"port", (*server)->port()}});

  asio::cancellation_signal stop_signal_wait;
  asio::co_spawn(executor, net::wait_for_signal({SIGTERM, SIGINT}),
                 asio::bind_cancellation_slot(stop_signal_wait.slot(),
                                              [&](const std::exception_ptr& error, int number) {
                                                if (error) return;
                                                log::info("stopping", {{"signal", number}});
                                                (*manager)->stop();
                                              }));
  asio::co_spawn(executor, (*server)->run(), asio::detached);
  int exit_code = 0;
  asio::co_spawn(executor, (*manager)->run(), [&](const std::exception_ptr& error) {
    // The manager failed. The exit code is visible in the status of the pod.
    if (error) exit_code = 1;
    stop_signal_wait.emit(asio::cancellation_type::terminal);
    (*server)->stop();
    (*client)->stop();
  });
  io.run();
  log::info("stopped");
  return exit_code;
}

}  // namespace lastgood
