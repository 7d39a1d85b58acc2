// A kube client against a scripted server, and the calls the tests make.
#pragma once

#include <string>
#include <vector>

#include "net/kube_client.hpp"
#include "wire/support/loop.hpp"
#include "wire/support/scripted_server.hpp"

namespace lastgood::wire {

// Remembers what was counted.
struct Counts final : ports::Telemetry {
  struct Call {
    std::string verb;
    int status = 0;
    bool operator==(const Call&) const = default;
  };
  std::vector<Call> calls;

  void leader(bool) override {}
  void guarded(std::size_t) override {}
  void sample(std::string_view, std::string_view) override {}
  void state_entered(std::string_view, std::string_view) override {}
  void rollback_finished(std::string_view) override {}
  void decision_to_patch(Duration) override {}
  void api_call(std::string_view verb, int status, Duration) override { calls.push_back({std::string(verb), status}); }
  void watch_restarted(std::string_view, std::string_view) override {}
  void reconciled(Duration) override {}
};

inline net::Credentials plain_credentials(std::uint16_t port) {
  return {.tls = false, .host = "127.0.0.1", .port = port, .source = "the test"};
}

inline std::unique_ptr<net::KubeClient> client_for(asio::io_context& io, net::Credentials credentials,
                                                   ports::Telemetry* telemetry = nullptr, net::KubeClientLimits limits = {}) {
  auto client = net::KubeClient::create(io.get_executor(), std::move(credentials), telemetry, limits);
  if (!client) throw std::runtime_error(client.error().message);
  return *std::move(client);
}

inline constexpr Duration ample{10'000};
inline constexpr Duration brief{60};

inline ports::ApiCall get(std::string target = "/api") { return {.target = std::move(target)}; }
inline ports::ApiCall patch(std::string body = "[]") {
  return {.verb = ports::Verb::Patch, .target = "/web", .body = std::move(body), .content_type = std::string(ports::json_patch)};
}

}  // namespace lastgood::wire
