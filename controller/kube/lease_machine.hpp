// Leader election over one coordination.k8s.io/v1 Lease as a state machine. No I/O, no clock, no chance.
// Protocol: client-go's tools/leaderelection, with which it can share a Lease: 15 s of lease, 10 s to renew, 2 s between tries.
//
// - Another's lease is taken only after it has not changed for its whole duration (15 s at least) as this process saw it on
//   its own steady clock. The times in the object are written for people and never compared.
// - We lead only until 10 s after the last renewal that was acknowledged, counted from when its request was SENT. So we have
//   stopped 5 s before anybody else may begin, however late the answer came.
// - A write whose answer is lost is never taken for done: the Lease is read first. Every write carries the resourceVersion
//   that it is based on, so of two writers one gets 409 and reads.
// - The identity must be of this process alone, among those that run. A Lease that bears it (after a crash) is taken at once.
//
// How to drive it: action = step(LeaseTick{}, ...); then for ever: carry out the action and give what came of it to step.
// Ask is_leader(now) immediately before each write to anything else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "api/call.hpp"
#include "codec/objects.hpp"
#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace lastgood::kube {

struct LeaseSettings {
  Key lease;  // namespace and name
  std::string identity;
  Duration lease_duration{15'000};
  Duration renew_deadline{10'000};
  Duration retry_period{2'000};
  Duration call_timeout{3'000};
  Duration release_budget{1'000};  // for giving the lease back, all its calls together
};

struct LeaseTick {};  // the beginning, or the time of a LeaseWait has come

struct LeaseAnswer {  // of the LeaseCall; from KubeApi::call
  Result<std::string> body;
};

// We are stopping and write no more. During a LeaseWait, or instead of the answer of a LeaseCall that was abandoned.
struct LeaseRelease {};

using LeaseInput = std::variant<LeaseTick, LeaseAnswer, LeaseRelease>;

struct LeaseCall {
  api::ApiCall call;
  Duration timeout{0};
};
struct LeaseWait {
  Steady until;
};
struct LeaseDone {};  // released, or given up

using LeaseAction = std::variant<LeaseCall, LeaseWait, LeaseDone>;

class LeaseMachine {
 public:
  // BadInput when namespace, name or identity cannot be those of a Lease.
  [[nodiscard]] static Result<LeaseMachine> create(LeaseSettings settings);

  LeaseAction step(LeaseInput input, Steady now, Time wall);

  [[nodiscard]] bool is_leader(Steady now) const;

  // When is_leader turns false unless a renewal succeeds before; nothing when we do not lead.
  [[nodiscard]] std::optional<Steady> leader_until() const;

  // Counts the times that leadership began. What was decided in an earlier term is to be decided again.
  [[nodiscard]] std::uint64_t term() const { return term_; }

  // Who holds the lease as far as was last seen; empty: nobody, or unknown.
  [[nodiscard]] const std::string& holder() const { return holder_; }

  // Of the Lease as it was last read; empty without it. Where people say something to whoever leads.
  [[nodiscard]] std::string annotation(std::string_view key) const;

  // What went wrong last, for the log; set by the step that met it, cleared by the next success.
  [[nodiscard]] const std::optional<Error>& problem() const { return problem_; }

 private:
  enum class Phase : std::uint8_t { Waiting, Getting, Creating, Updating, Done };

  explicit LeaseMachine(LeaseSettings settings) : settings_(std::move(settings)) {}

  LeaseAction on(LeaseTick, Steady now, Time wall);
  LeaseAction on(LeaseAnswer answer, Steady now, Time wall);
  LeaseAction on(LeaseRelease, Steady now, Time wall);

  LeaseAction on_object(codec::Json object, Steady now, Time wall);
  LeaseAction on_failure(Error error, Steady now, Time wall);
  LeaseAction decide(Steady now, Time wall);
  LeaseAction give_back(Steady now, Time wall);

  LeaseAction get(Steady now);
  LeaseAction create_lease(Steady now, Time wall);
  LeaseAction write(Steady now, Time wall);
  LeaseAction send(Phase phase, Result<api::ApiCall> call, Steady now);
  LeaseAction wait(Steady until);
  LeaseAction done();

  [[nodiscard]] bool observe(codec::Json object, Steady now);
  [[nodiscard]] std::optional<codec::Json> read(std::string_view body);
  void acknowledged(Steady now);
  void lose() { led_since_sent_.reset(); }
  [[nodiscard]] Steady takeover_at() const;
  [[nodiscard]] bool held_by_us() const { return known_ && holder_ == settings_.identity; }

  LeaseSettings settings_;
  Phase phase_ = Phase::Waiting;
  Steady wait_until_ = Steady::min();
  std::optional<Steady> release_by_;  // set: we are stopping

  bool known_ = false;  // object_ is the Lease as last read, and no write of unknown fate came after
  codec::Json object_;
  std::string holder_;
  Duration duration_{0};       // of the holder's lease
  std::string observed_spec_;  // and since when it has been that
  std::optional<Steady> observed_at_;

  bool wrote_ = false;  // anything, ever
  Steady sent_at_;
  std::optional<Steady> led_since_sent_;  // when the request of the last acknowledged renewal was sent
  std::uint64_t term_ = 0;
  int conflicts_ = 0;  // in a row
  std::optional<Error> problem_;
};

}  // namespace lastgood::kube
