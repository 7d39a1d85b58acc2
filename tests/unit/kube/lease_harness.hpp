// A fake API server with one Lease, and a candidate that drives the real LeaseMachine against it.
// No sockets and no clock: `when` is the time in milliseconds after the beginning of the test.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <variant>

#include "api/call.hpp"
#include "base/result.hpp"
#include "codec/json.hpp"
#include "kube/lease_machine.hpp"
#include "support.hpp"

namespace lastgood::kube::test {

class FakeLeaseServer {
 public:
  // Performs the call and returns the response.
  Result<std::string> handle(const api::ApiCall& call) {
    if (call.verb == api::Verb::Get)
      return lease_ ? Result<std::string>(lease_->dump()) : not_found();
    const auto body = codec::Json::parse(call.body);
    if (call.verb == api::Verb::Post) {
      if (lease_) return std::unexpected(error(ErrorKind::AlreadyExists, 409));
      return store(body);
    }
    if (!lease_) return not_found();
    if (body["metadata"]["resourceVersion"] != (*lease_)["metadata"]["resourceVersion"]) {
      return std::unexpected(error(ErrorKind::Conflict, 409));
    }
    return store(body);
  }

  void remove() { lease_.reset(); }
  void set_spec(const char* field, codec::Json value) {
    auto changed = *lease_;
    changed["spec"][field] = std::move(value);
    static_cast<void>(store(changed));
  }
  // Stores a Lease with other times than LeaseMachine writes, and with a label that it does not
  // write. So tests see which of them LeaseMachine replaces.
  void put_lease_held_by(const std::string& holder) {
    static_cast<void>(store(
        {{"metadata",
          {{"namespace", "lastgood-system"}, {"name", "lastgood"}, {"labels", {{"team", "sre"}}}}},
         {"spec",
          {{"holderIdentity", holder},
           {"leaseDurationSeconds", 15},
           {"acquireTime", "2026-11-24T08:00:00.000000Z"},
           {"renewTime", "2030-01-01T00:00:00.000000Z"},
           {"leaseTransitions", 6}}}}));
  }

  [[nodiscard]] codec::Json spec() const { return (*lease_)["spec"]; }
  [[nodiscard]] std::string holder() const {
    return lease_ ? spec().value("holderIdentity", "") : "";
  }
  [[nodiscard]] const codec::Json& lease() const { return *lease_; }

 private:
  static Result<std::string> not_found() {
    return std::unexpected(error(ErrorKind::NotFound, 404));
  }

  Result<std::string> store(codec::Json body) {
    body["metadata"]["resourceVersion"] = std::to_string(++version_);
    lease_ = std::move(body);
    return lease_->dump();
  }

  std::optional<codec::Json> lease_;
  int version_ = 100;
};

// A LeaseAction, as tests compare and print it.
struct LeaseStep {
  enum Kind : std::uint8_t { Get, Create, Update, OtherCall, Wait, Done } kind = Done;
  std::int64_t until = 0;  // of a Wait, in milliseconds after the beginning of the test

  bool operator==(const LeaseStep&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const LeaseStep& step) {
  switch (step.kind) {
    case LeaseStep::Get: return out << "get";
    case LeaseStep::Create: return out << "create";
    case LeaseStep::Update: return out << "update";
    case LeaseStep::OtherCall: return out << "another call";
    case LeaseStep::Wait: return out << "wait until " << step.until;
    case LeaseStep::Done: return out << "done";
  }
  return out;
}

inline constexpr LeaseStep sends_get{.kind = LeaseStep::Get};
inline constexpr LeaseStep sends_create{.kind = LeaseStep::Create};
inline constexpr LeaseStep sends_update{.kind = LeaseStep::Update};
inline constexpr LeaseStep is_done{.kind = LeaseStep::Done};
constexpr LeaseStep waits_until(std::int64_t milliseconds) {
  return {.kind = LeaseStep::Wait, .until = milliseconds};
}

inline LeaseStep step_of(const LeaseAction& action) {
  if (std::holds_alternative<LeaseDone>(action)) return is_done;
  if (const auto* wait = std::get_if<LeaseWait>(&action))
    return waits_until(milliseconds(wait->until));
  switch (std::get<LeaseCall>(action).call.verb) {
    case api::Verb::Get: return sends_get;
    case api::Verb::Post: return sends_create;
    case api::Verb::Put: return sends_update;
    default: return {.kind = LeaseStep::OtherCall};
  }
}

class LeaseCandidate {
 public:
  LeaseCandidate(std::string identity, FakeLeaseServer& server)
      : machine_(LeaseMachine::create(
                     {.lease = {"lastgood-system", "lastgood"}, .identity = std::move(identity)})
                     .value()),
        server_(server) {}

  LeaseStep step(std::int64_t when, LeaseInput input) {
    action_ = machine_.step(std::move(input), at(when), start + Duration(when));
    return last();
  }
  LeaseStep tick(std::int64_t when) { return step(when, LeaseTick{}); }
  LeaseStep release(std::int64_t when) { return step(when, LeaseRelease{}); }
  LeaseStep hint(std::int64_t when) { return step(when, LeaseReleased{}); }
  // The server performs the last call, and its response arrives.
  LeaseStep respond(std::int64_t when) {
    return step(when, LeaseResponse{server_.handle(call().call)});
  }
  // The server performs the last call, but its response does not arrive.
  void lose_response() { static_cast<void>(server_.handle(call().call)); }
  // The last call fails. The server does not perform it, unless lose_response() was called before.
  LeaseStep fail(std::int64_t when, ErrorKind kind, int status = 0) {
    return step(when, LeaseResponse{std::unexpected(error(kind, status))});
  }

  [[nodiscard]] LeaseStep last() const { return step_of(action_); }
  [[nodiscard]] const LeaseCall& call() const { return std::get<LeaseCall>(action_); }
  [[nodiscard]] bool leads(std::int64_t when) const { return machine_.is_leader(at(when)); }
  [[nodiscard]] const LeaseMachine& machine() const { return machine_; }

 private:
  static constexpr Time start{std::chrono::sys_days{std::chrono::year(2026) / 11 / 24} +
                              std::chrono::hours(12) + std::chrono::milliseconds(250)};

  LeaseMachine machine_;
  FakeLeaseServer& server_;
  LeaseAction action_ = LeaseDone{};
};

// A candidate that became the leader at 0 ms. Its next renewal is due at 2,000 ms.
inline LeaseCandidate make_leader(FakeLeaseServer& server) {
  LeaseCandidate leader("a", server);
  leader.tick(0);
  leader.respond(0);
  if (leader.respond(0) != waits_until(2'000)) throw std::logic_error("no leader");
  return leader;
}

}  // namespace lastgood::kube::test
