// The connection of one user to the fake API server. Each call takes time, and fails if the
// FaultScript of the test returns a fault for it.
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "ports/kube_api.hpp"
#include "simulation/fake/api_server.hpp"

namespace lastgood::simulation {

enum class Fault : std::uint8_t {
  None,
  LoseCall,         // the connection closes before the server has the call
  LoseResponse,     // the server carries out the call; its response does not arrive
  SlowResponse,     // the server carries out the call; its response arrives 3 s later
  Hang,             // no response until the client's timeout; nothing is carried out
  LateExecution,    // no response; the server carries out the call ApiServer::late_by later
  Conflict,         // 409; nothing is carried out
  Unprocessable,    // 422 of a JSON patch whose test fails; nothing is carried out
  AdmissionDenied,  // 422 of an admission policy; nothing is carried out
  TooManyRequests,  // 429; nothing is carried out
  Unavailable,      // 503; nothing is carried out
  InternalError,    // 500; nothing is carried out
};
std::ostream& operator<<(std::ostream& out, Fault fault);

// A call of `user` that arrives at the server.
struct Attempt {
  const std::string& user;
  const api::ApiCall& call;
  [[nodiscard]] bool is_write() const { return call.verb != api::Verb::Get; }
  // True if the path or query contains `part`.
  [[nodiscard]] bool targets(std::string_view part) const { return call.target.contains(part); }
};

// Called once for each call and each stream, at the time when the server receives it.
using FaultScript = std::function<Fault(const Attempt&)>;
// Called once for each call, when the client begins to send it.
using SendHook = std::function<void(const Attempt&)>;
inline const SendHook no_send_hook{};

class ApiClient final : public ports::KubeApi {
 public:
  ApiClient(ApiServer& server, VirtualClock& clock, std::string user, const FaultScript& script,
            const SendHook& at_each_send = no_send_hook)
      : server_(server),
        clock_(clock),
        user_(std::move(user)),
        script_(script),
        at_each_send_(at_each_send) {}

  boost::asio::awaitable<Result<std::string>> call(api::ApiCall call, Duration timeout) override;
  boost::asio::awaitable<Result<ports::ResponseWithWarnings>> call_with_warnings(
      api::ApiCall call, Duration timeout) override;
  boost::asio::awaitable<Result<void>> stream(
      api::ApiCall call, Duration idle_timeout,
      std::function<bool(std::string_view)> on_bytes) override;

 private:
  [[nodiscard]] Fault fault_for(const api::ApiCall& call) const;

  ApiServer& server_;
  VirtualClock& clock_;
  std::string user_;
  const FaultScript& script_;
  const SendHook& at_each_send_;
};

}  // namespace lastgood::simulation
