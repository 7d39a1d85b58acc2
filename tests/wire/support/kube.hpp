// A KubeClient for a scripted server, its telemetry, and the calls that tests make.
#pragma once

#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "net/kube_client.hpp"
#include "wire/support/loop.hpp"
#include "wire/support/scripted_server.hpp"

namespace lastgood::wire {

struct RecordedRequest {
  std::string method;
  bool is_watch = false;
  int status = 0;

  bool operator==(const RecordedRequest&) const = default;
};

// Records the requests to the API server.
struct RecordingTelemetry final : ports::Telemetry {
  std::vector<RecordedRequest> requests;
  std::set<std::string> hosts;

  void api_request(const ports::ApiRequest& request) override {
    requests.push_back({.method = std::string(request.method),
                        .is_watch = request.is_watch,
                        .status = request.status});
    hosts.emplace(request.host);
  }
  void watch_restarted(std::string_view, std::string_view) override {}
  void leader(std::string_view, bool) override {}
  void max_concurrent_reconciles(std::size_t) override {}
  void queue_depth(std::size_t) override {}
  void key_added() override {}
  void key_requeued() override {}
  void reconcile_started(MonotonicTime, Duration) override {}
  void reconcile_finished(MonotonicTime, Duration, ports::ReconcileResult) override {}
  void guarded(std::size_t) override {}
  void measurement(std::string_view, std::string_view) override {}
  void state_entered(std::string_view, std::string_view) override {}
  void unreadable_objects(std::string_view, std::size_t) override {}
  void opt_in_lost() override {}
  void rollback_finished(std::string_view) override {}
  void decision_to_patch(Duration) override {}
};

inline std::ostream& operator<<(std::ostream& out, const RecordedRequest& request) {
  return out << request.method << (request.is_watch ? " (watch) " : " ") << request.status;
}

// For a server on this port of 127.0.0.1, without TLS.
inline net::Credentials plain_credentials(std::uint16_t port) {
  return {.tls = false, .host = "127.0.0.1", .port = port, .source = "the test"};
}

inline std::unique_ptr<net::KubeClient> client_for(asio::io_context& io,
                                                   net::Credentials credentials,
                                                   ports::Telemetry* telemetry = nullptr,
                                                   net::KubeClientLimits limits = {}) {
  auto client =
      net::KubeClient::create(io.get_executor(), std::move(credentials), telemetry, limits);
  if (!client) throw std::runtime_error(client.error().message);
  return *std::move(client);
}

inline ports::ApiCall get(std::string target = "/api") { return {.target = std::move(target)}; }
inline ports::ApiCall patch(std::string body = "[]") {
  return {.verb = ports::Verb::Patch,
          .target = "/web",
          .body = std::move(body),
          .content_type = std::string(ports::json_patch)};
}

}  // namespace lastgood::wire
