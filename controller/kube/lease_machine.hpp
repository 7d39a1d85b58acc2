// Leader election with a coordination.k8s.io/v1 Lease, as a state machine without I/O, clock or
// random numbers.
//
// Protocol: client-go's tools/leaderelection/leaderelection.go with its default durations (lease
// 15 s, renew deadline 10 s, retry period 2 s). This program and client-go can compete for the same
// Lease.
//
//      .---------- tick, if the Lease as last read is ours or expired ----------.
//      |                                                                        v
//   Waiting --- tick ---> Getting ------- ours, free, expired --------> Updating, Creating
//    ^  ^                   |  ^                                            |      |
//    |  '- held by another -'  '--------- conflict, no response ------------'      |
//    '------------------------- acknowledged, other error -------------------------'
//
//   A Lease that does not exist is created. If the Lease of another holder was deleted, a new one
//   is created only when the deleted one would have expired.
//
//   LeaseReleased, while waiting for a Lease of another holder: read the Lease at once.
//
//   LeaseRelease, in any phase: clear the holder if the Lease is ours, then Done. "Ours" means that
//   the Lease has our identity as its holder.
//
// - The Lease of another holder is taken only after it has not changed for its whole duration (at
//   least 15 s, at most 5 min), measured on the monotonic clock of this process. The times in the
//   object are never compared: the clocks of two nodes may differ.
// - Leadership ends 10 s after the last acknowledged renewal, counted from when its request was
//   sent. This is at least 5 s before another candidate can take the Lease, even if the response
//   was slow.
// - A write without a response may or may not have happened, so the Lease is read again.
// - Every write sends the resourceVersion that was read. So of two concurrent writers, one gets 409
//   and reads again.
// - The identity must be unique among running processes. A Lease with our identity, for example
//   after a crash, is taken immediately.
//
// Use:
//
//   action = step(LeaseTick{}, ...)
//   repeat: perform the action; action = step(its result, ...)
//
// Check is_leader(now) immediately before each write to any other object.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "api/call.hpp"
#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "codec/json.hpp"

namespace lastgood::kube {

struct LeaseSettings {
  Key lease;             // namespace and name
  std::string identity;  // 1 to 253 bytes; spec.holderIdentity
  Duration lease_duration{15'000};
  Duration renew_deadline{10'000};
  Duration retry_period{2'000};
  Duration call_timeout{3'000};
  Duration release_budget{1'000};  // for all calls after a LeaseRelease together
};

// Inputs.

struct LeaseTick {};  // the first input, and the input when a LeaseWait is over

struct LeaseResponse {  // the response to the last LeaseCall
  Result<std::string> body;
};

// The process stops: give the Lease back. The process writes no other object any more. Valid during
// a LeaseWait, and instead of the response to a LeaseCall that was cancelled.
struct LeaseRelease {};

// A watch has shown that the Lease has no holder. Valid during a LeaseWait. It is only a hint: the
// Lease is read again before it is taken.
struct LeaseReleased {};

using LeaseInput = std::variant<LeaseTick, LeaseResponse, LeaseRelease, LeaseReleased>;

// Actions.

struct LeaseCall {
  api::ApiCall call;
  Duration timeout{0};
};
struct LeaseWait {
  MonotonicTime until;
};
struct LeaseDone {};  // the Lease is released, or the release budget is used up

using LeaseAction = std::variant<LeaseCall, LeaseWait, LeaseDone>;

// The watch of one Lease, for a candidate that waits for it.
[[nodiscard]] Result<api::ApiCall> watch_of_lease(const Key& lease);
// True if this line of the watch says that the Lease has no holder, or was deleted.
[[nodiscard]] bool says_released(std::string_view line);

class LeaseMachine {
 public:
  // Returns BadInput if the namespace, name or identity is invalid.
  [[nodiscard]] static Result<LeaseMachine> create(LeaseSettings settings);

  // `wall` is written into the Lease for users to read.
  LeaseAction step(LeaseInput input, MonotonicTime now, Time wall);

  [[nodiscard]] bool is_leader(MonotonicTime now) const;

  // When the leadership ends, unless a renewal succeeds before. This time may be in the past. No
  // value if this process did not acquire the Lease, or if the Lease has another holder now.
  [[nodiscard]] std::optional<MonotonicTime> leader_until() const;

  // How many times this process became the leader. A decision of an earlier term is not valid.
  [[nodiscard]] std::uint64_t term() const { return term_; }

  [[nodiscard]] const Key& lease() const { return settings_.lease; }

  // The holder in the Lease as last read. Empty: no holder, or not read yet.
  [[nodiscard]] const std::string& holder() const { return holder_; }

  // The value of an annotation of the Lease as last read. Empty without the annotation. A user
  // closes the breaker with an annotation of the Lease.
  [[nodiscard]] std::string annotation(std::string_view key) const;

  // The last error, for the log. A later successful call clears it.
  [[nodiscard]] const std::optional<Error>& problem() const { return problem_; }

 private:
  enum class Phase : std::uint8_t { Waiting, Getting, Creating, Updating, Done };

  explicit LeaseMachine(LeaseSettings settings) : settings_(std::move(settings)) {}

  LeaseAction on(LeaseTick, MonotonicTime now, Time wall);
  LeaseAction on(LeaseResponse response, MonotonicTime now, Time wall);
  LeaseAction on(LeaseRelease, MonotonicTime now, Time wall);
  LeaseAction on(LeaseReleased, MonotonicTime now, Time wall);

  LeaseAction on_object(codec::Json object, MonotonicTime now, Time wall);
  LeaseAction on_failure(Error error, MonotonicTime now, Time wall);
  LeaseAction after_read(MonotonicTime now, Time wall);
  LeaseAction release(MonotonicTime now, Time wall);

  LeaseAction get(MonotonicTime now);
  LeaseAction create_lease(MonotonicTime now, Time wall);
  LeaseAction write(MonotonicTime now, Time wall);
  LeaseAction send(Phase phase, Result<api::ApiCall> call, MonotonicTime now);
  LeaseAction wait(MonotonicTime until);
  LeaseAction done();

  // Stores the Lease of a response, and when its spec last changed. Returns false and sets problem_
  // if the spec is not an object.
  [[nodiscard]] bool observe(codec::Json object, MonotonicTime now);
  [[nodiscard]] std::optional<codec::Json> parse(std::string_view body);
  void acknowledge_renewal(MonotonicTime now);
  void end_leadership() { renewal_sent_at_.reset(); }
  [[nodiscard]] MonotonicTime takeover_at() const;
  [[nodiscard]] bool held_by_us() const { return is_current_ && holder_ == settings_.identity; }

  LeaseSettings settings_;
  Phase phase_ = Phase::Waiting;
  MonotonicTime wait_until_ = MonotonicTime::min();
  std::optional<MonotonicTime> release_by_;  // set once a LeaseRelease arrived

  // True if object_, the Lease as last read, is the response to the last call. False after a call
  // that failed or was cancelled.
  bool is_current_ = false;
  codec::Json object_;
  std::string holder_;
  Duration duration_{0};                      // spec.leaseDurationSeconds of the holder
  std::string observed_spec_;                 // the last spec, as text
  std::optional<MonotonicTime> observed_at_;  // when the spec last changed

  bool has_written_ = false;  // this process has sent a write at least once
  MonotonicTime sent_at_;     // when the last call was sent
  // When the request of the last acknowledged renewal was sent. No value: not the leader.
  std::optional<MonotonicTime> renewal_sent_at_;
  std::uint64_t term_ = 0;
  int conflicts_ = 0;  // consecutive writes that conflicted
  std::optional<Error> problem_;
};

}  // namespace lastgood::kube
