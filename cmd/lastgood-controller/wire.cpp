#include "wire.hpp"

#include <unistd.h>

#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <memory>
#include <optional>
#include <random>

#include "base/log.hpp"
#include "codec/alertmanager_webhook.hpp"
#include "net/files.hpp"
#include "net/http_client.hpp"
#include "net/kube_client.hpp"
#include "net/kubeconfig.hpp"
#include "net/memory.hpp"
#include "net/metrics.hpp"
#include "net/prober.hpp"
#include "net/process.hpp"
#include "net/server.hpp"
#include "net/system_clock.hpp"
#include "net/token.hpp"
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

// Without a successful call for this time, the kubelet restarts the container: a new process may
// have better credentials or a working connection. The time is longer than the 10 minutes after
// which the kubelet resets its restart backoff: an outage of the API server must not raise it.
constexpr Duration max_time_without_success = std::chrono::minutes(15);

net::Page health_page(const net::KubeClient& client) {
  const auto since = std::chrono::steady_clock::now() - client.last_success();
  if (since <= max_time_without_success) return {.body = "ok\n"};
  return {.status = 503,
          .body = "no call to the API server has succeeded for " +
                  format_duration(std::chrono::floor<std::chrono::seconds>(since)) + "\n"};
}

net::Page page(std::string_view path, const shell::Manager& manager, const net::Metrics& metrics,
               const net::KubeClient& client) {
  if (path == "/healthz") return health_page(client);
  if (path == "/readyz") {
    if (const auto why = manager.not_ready())
      return {.status = 503, .body = "not ready: " + *why + "\n"};
    return {.body = "ok\n"};
  }
  if (path == "/metrics")
    return {.content_type = std::string(net::metrics_content_type), .body = metrics.text()};
  return {.status = 404, .body = "not found: use /healthz, /readyz or /metrics\n"};
}

constexpr std::string_view alerts_path = "/alertmanager";
constexpr Duration token_reread_interval{10'000};
// Alertmanager keeps one connection for each of its receivers, so a few connections are enough.
constexpr net::HttpServerLimits alerts_limits{
    .connections = 16, .body_bytes = codec::max_webhook_size, .idle_timeout = Duration{30'000}};

asio::awaitable<net::Page> receive_alerts(shell::Manager& manager, std::string body) {
  const auto stored = co_await manager.receive_alerts(std::move(body));
  if (stored) co_return net::Page{.body = "ok\n"};
  const int status = codec::webhook_status(stored.error().kind);
  log::write(status == 503 ? log::Level::Info : log::Level::Warn,
             "a message of Alertmanager was not stored",
             {{"status", status}, {"error", stored.error()}});
  // 503 usually means that this replica is not the leader. It closes the connection, because
  // Alertmanager would keep using it. For a new connection, the Service may choose the leader.
  co_return net::Page{
      .status = status, .body = stored.error().message + "\n", .closes_connection = status == 503};
}

net::MessageHandler alerts_handler(shell::Manager& manager,
                                   std::shared_ptr<net::TokenSource> token) {
  return {
      .refuse = [token = std::move(token)](const net::Request& head) -> std::optional<net::Page> {
        const auto wanted = token->current(std::chrono::steady_clock::now());
        if (!wanted || !net::has_bearer_token(head.authorization, *wanted))
          return net::Page{.status = 401, .body = "the bearer token is missing or wrong\n"};
        if (head.path != alerts_path)
          return net::Page{.status = 404, .body = "not found: use /alertmanager\n"};
        return {};
      },
      .handle =
          [&manager](net::Request request) {
            return receive_alerts(manager, std::move(request.body));
          }};
}

// Null without --alerts-listen.
Result<std::unique_ptr<net::HttpServer>> alerts_server(const asio::any_io_executor& executor,
                                                       const Options& options,
                                                       shell::Manager& manager) {
  if (options.alerts_listen.empty()) return nullptr;
  auto token =
      std::make_shared<net::TokenSource>("", options.alerts_token_file, token_reread_interval);
  if (const auto read = token->current(std::chrono::steady_clock::now()); !read)
    return std::unexpected(read.error());
  return net::HttpServer::bind(executor, options.alerts_listen,
                               alerts_handler(manager, std::move(token)), alerts_limits);
}

int startup_failed(const Error& error) {
  log::error("cannot start", {{"error", error}});
  return 1;
}

}  // namespace

int run_controller(const Options& options) {
  asio::io_context io(1);
  const auto executor = io.get_executor();
  const net::KubeIdentity::Reload load_credentials = [&options] {
    return options.kubeconfig.empty() ? net::load_in_cluster(net::pod_environment())
                                      : net::load_kubeconfig(options.kubeconfig, options.context);
  };
  auto credentials = load_credentials();
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
  auto client =
      net::KubeClient::create(executor, std::move(*credentials), &metrics, {}, load_credentials);
  if (!client) return startup_failed(client.error());
  (*client)->report_dates([&clock](Time server) { clock.on_server_time(server); });
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
    return page(path, **manager, metrics, **client);
  });
  if (!server) return startup_failed(server.error());
  log::info("listening", {{"port", (*server)->port()}});
  auto alerts = alerts_server(executor, options, **manager);
  if (!alerts) return startup_failed(alerts.error());
  if (*alerts) log::info("listening for Alertmanager", {{"port", (*alerts)->port()}});

  asio::cancellation_signal stop_signal_wait;
  asio::co_spawn(executor, net::wait_for_signal({SIGTERM, SIGINT}),
                 asio::bind_cancellation_slot(stop_signal_wait.slot(),
                                              [&](const std::exception_ptr& error, int number) {
                                                if (error) return;
                                                log::info("stopping", {{"signal", number}});
                                                (*manager)->stop();
                                              }));
  asio::cancellation_signal stop_memory_watch;
  asio::co_spawn(executor, net::watch_memory(clock),
                 asio::bind_cancellation_slot(stop_memory_watch.slot(), asio::detached));
  asio::co_spawn(executor, (*server)->run(), asio::detached);
  if (*alerts) asio::co_spawn(executor, (*alerts)->run(), asio::detached);
  int exit_code = 0;
  asio::co_spawn(executor, (*manager)->run(), [&](const std::exception_ptr& error) {
    // An exception means that the manager failed. The status of the pod shows the exit code.
    if (error) exit_code = 1;
    stop_signal_wait.emit(asio::cancellation_type::terminal);
    stop_memory_watch.emit(asio::cancellation_type::terminal);
    (*server)->stop();
    if (*alerts) (*alerts)->stop();
    (*client)->stop();
  });
  io.run();
  log::info("stopped");
  return exit_code;
}

}  // namespace lastgood
