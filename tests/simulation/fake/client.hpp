// One user's way to the server: takes time, and goes wrong where the script of a test says so.
// Must not know what is asked or why.
#pragma once

#include <functional>
#include <string>

#include "ports/kube_api.hpp"
#include "simulation/fake/server.hpp"

namespace lastgood::simulation {

enum class Mishap : std::uint8_t {
  None,
  LoseCall,       // the connection breaks before the server has the call
  LoseAnswer,     // the server does it, the answer does not arrive
  Hang,           // no answer, and nothing done, until the caller gives up
  Conflict,       // 409, nothing done
  Unprocessable,  // 422 of a test that failed, nothing done
  NotAdmitted,    // 422 of an admission policy, nothing done
  Slow,           // 429
  Broken,         // 500
};

struct Attempt {
  const std::string& user;
  const api::ApiCall& call;
  [[nodiscard]] bool writes() const { return call.verb != api::Verb::Get; }
  [[nodiscard]] bool about(std::string_view part) const { return call.target.find(part) != std::string::npos; }
};

// Asked once for each call and each stream, when it arrives at the server.
using Script = std::function<Mishap(const Attempt&)>;

class Client final : public ports::KubeApi {
 public:
  Client(Server& server, VirtualClock& clock, std::string user, const Script& script)
      : server_(server), clock_(clock), user_(std::move(user)), script_(script) {}

  boost::asio::awaitable<Result<std::string>> call(api::ApiCall call, Duration timeout) override;
  boost::asio::awaitable<Result<void>> stream(api::ApiCall call, Duration idle_timeout,
                                              std::function<bool(std::string_view)> on_bytes) override;

 private:
  [[nodiscard]] Mishap mishap(const api::ApiCall& call) const;

  Server& server_;
  VirtualClock& clock_;
  std::string user_;
  const Script& script_;
};

}  // namespace lastgood::simulation
