#include "kube/lease_machine.hpp"

#include <algorithm>
#include <utility>

#include "codec/json_at.hpp"
#include "base/text.hpp"
#include "kube/paths.hpp"

namespace lastgood::kube {
namespace {

using codec::Json;
using codec::number_at;
using codec::object_at;
using codec::text_at;
using std::chrono::seconds;

constexpr std::size_t max_lease_bytes = std::size_t{1024} * 1024;
constexpr std::size_t max_identity_bytes = 253;
constexpr Duration longest_lease = std::chrono::minutes(5);
constexpr Duration longest_retry_after = seconds(5);
constexpr int conflicts_at_once = 3;
constexpr std::int64_t most_transitions = 2'000'000'000;  // the field is an int32

ResourceVersion version_of(const Json& lease) { return ResourceVersion(text_at(lease, {"metadata", "resourceVersion"})); }

// It may have been done although no answer says so.
bool answer_was_lost(const Error& error) { return error.kind == ErrorKind::TimedOut || error.kind == ErrorKind::Closed; }

}  // namespace

Result<LeaseMachine> LeaseMachine::create(LeaseSettings settings) {
  const auto path = object_path(Resource::Lease, settings.lease);
  if (!path) return std::unexpected(path.error());
  if (settings.identity.empty() || settings.identity.size() > max_identity_bytes) {
    return fail(ErrorKind::BadInput, "the identity " + in_quotes(settings.identity) + " must have 1 to 253 bytes");
  }
  return LeaseMachine(std::move(settings));
}

LeaseAction LeaseMachine::step(LeaseInput input, Steady now, Time wall) {
  return std::visit([&](auto&& given) { return on(std::forward<decltype(given)>(given), now, wall); }, std::move(input));
}

bool LeaseMachine::is_leader(Steady now) const {
  const auto until = leader_until();
  return until && now < *until;
}

std::optional<Steady> LeaseMachine::leader_until() const {
  if (!led_since_sent_) return std::nullopt;
  return *led_since_sent_ + settings_.renew_deadline;
}

LeaseAction LeaseMachine::on(LeaseTick, Steady now, Time wall) {
  if (phase_ == Phase::Done) return LeaseDone{};
  if (phase_ != Phase::Waiting) known_ = false;  // the call under way was abandoned
  if (release_by_) return give_back(now, wall);
  if (phase_ == Phase::Waiting && now < wait_until_) return LeaseWait{wait_until_};
  if (!known_) return get(now);
  return held_by_us() || now >= takeover_at() ? write(now, wall) : get(now);
}

LeaseAction LeaseMachine::on(LeaseAnswer answer, Steady now, Time wall) {
  if (phase_ == Phase::Done) return LeaseDone{};
  if (phase_ == Phase::Waiting) return LeaseWait{wait_until_};
  if (!answer.body) return on_failure(std::move(answer.body.error()), now, wall);
  auto object = read(*answer.body);
  if (!object) return on_failure(*problem_, now, wall);
  problem_.reset();
  return on_object(std::move(*object), now, wall);
}

LeaseAction LeaseMachine::on(LeaseRelease, Steady now, Time wall) {
  if (phase_ == Phase::Done) return LeaseDone{};
  if (phase_ != Phase::Waiting) known_ = false;
  if (!release_by_) release_by_ = now + settings_.release_budget;
  return give_back(now, wall);
}

LeaseAction LeaseMachine::on_object(Json object, Steady now, Time wall) {
  const Phase asked = phase_;
  if (!observe(std::move(object), now)) return on_failure(*problem_, now, wall);
  if (asked == Phase::Getting) return decide(now, wall);
  if (release_by_) return done();
  if (!held_by_us()) {
    known_ = false;
    return on_failure({.kind = ErrorKind::Protocol, .message = "the Lease was written and is not ours"}, now, wall);
  }
  acknowledged(now);
  return wait(sent_at_ + settings_.retry_period);
}

LeaseAction LeaseMachine::on_failure(Error error, Steady now, Time wall) {
  const Phase asked = phase_;
  const ErrorKind kind = error.kind;
  const bool lost = answer_was_lost(error);
  const Duration wished = std::min(error.retry_after.value_or(Duration{0}), longest_retry_after);
  known_ = false;
  problem_ = std::move(error);
  if (asked == Phase::Getting && kind == ErrorKind::NotFound) {
    if (release_by_) return done();
    // Somebody deleted a Lease whose holder may still believe in it.
    const bool free = is_leader(now) || holder_ == settings_.identity || now >= takeover_at();
    return free ? create_lease(now, wall) : wait(std::min(now + settings_.retry_period, takeover_at()));
  }
  const bool overtaken = kind == ErrorKind::Conflict || kind == ErrorKind::AlreadyExists || kind == ErrorKind::NotFound;
  if (asked != Phase::Getting && (lost || (overtaken && ++conflicts_ <= conflicts_at_once))) {
    return release_by_ ? give_back(now, wall) : get(now);
  }
  if (release_by_) return done();
  conflicts_ = 0;
  return wait(now + std::max(settings_.retry_period, wished));
}

// Over a Lease that was just read.
LeaseAction LeaseMachine::decide(Steady now, Time wall) {
  if (release_by_) return give_back(now, wall);
  if (held_by_us() || now >= takeover_at()) return write(now, wall);
  return wait(std::min(now + settings_.retry_period, takeover_at()));
}

LeaseAction LeaseMachine::give_back(Steady now, Time wall) {
  const bool perhaps_ours = led_since_sent_ || held_by_us() || !known_;
  lose();
  if (!wrote_ || !perhaps_ours || now >= *release_by_) return done();
  if (!known_) return get(now);
  return held_by_us() ? write(now, wall) : done();
}

LeaseAction LeaseMachine::get(Steady now) { return send(Phase::Getting, kube::get(Resource::Lease, settings_.lease), now); }

LeaseAction LeaseMachine::create_lease(Steady now, Time wall) {
  const Json body = {{"apiVersion", api_version_of(Resource::Lease)},
                     {"kind", kind_of(Resource::Lease)},
                     {"metadata", {{"namespace", settings_.lease.namespace_}, {"name", settings_.lease.name}}},
                     {"spec",
                      {{"holderIdentity", settings_.identity},
                       {"leaseDurationSeconds", std::chrono::duration_cast<seconds>(settings_.lease_duration).count()},
                       {"acquireTime", format_micro_time(wall)},
                       {"renewTime", format_micro_time(wall)},
                       {"leaseTransitions", 0}}}};
  wrote_ = true;
  return send(Phase::Creating, kube::create(Resource::Lease, settings_.lease.namespace_, body), now);
}

// Acquires, renews or gives back. What else the Lease carries stays as it was read.
LeaseAction LeaseMachine::write(Steady now, Time wall) {
  Json body = object_;
  body["metadata"].erase("managedFields");
  Json spec = object_at(object_, {"spec"});
  const bool acquires = !held_by_us();
  const std::int64_t transitions = std::clamp<std::int64_t>(number_at(spec, {"leaseTransitions"}), 0, most_transitions);
  spec["holderIdentity"] = release_by_ ? "" : settings_.identity;
  spec["leaseDurationSeconds"] = release_by_ ? 1 : std::chrono::duration_cast<seconds>(settings_.lease_duration).count();
  spec["renewTime"] = format_micro_time(wall);
  if (acquires || release_by_ || text_at(spec, {"acquireTime"}).empty()) spec["acquireTime"] = format_micro_time(wall);
  spec["leaseTransitions"] = acquires ? transitions + 1 : transitions;
  body["spec"] = std::move(spec);
  wrote_ = true;
  return send(Phase::Updating, update(Resource::Lease, settings_.lease, body), now);
}

LeaseAction LeaseMachine::send(Phase phase, Result<api::ApiCall> call, Steady now) {
  if (!call) {  // create() has checked the name
    problem_ = std::move(call.error());
    return done();
  }
  phase_ = phase;
  sent_at_ = now;
  Duration timeout = settings_.call_timeout;
  if (release_by_) timeout = std::clamp(*release_by_ - now, Duration{1}, timeout);
  return LeaseCall{.call = std::move(*call), .timeout = timeout};
}

LeaseAction LeaseMachine::wait(Steady until) {
  phase_ = Phase::Waiting;
  wait_until_ = until;
  return LeaseWait{until};
}

LeaseAction LeaseMachine::done() {
  phase_ = Phase::Done;
  lose();
  return LeaseDone{};
}

std::optional<Json> LeaseMachine::read(std::string_view body) {
  if (body.size() > max_lease_bytes) {
    problem_ = Error{.kind = ErrorKind::TooLarge, .message = "the Lease has more than 1 MiB"};
    return std::nullopt;
  }
  auto json = codec::parse_json(body);
  if (json && json->is_object() && !version_of(*json).empty()) return std::move(*json);
  problem_ = json ? Error{.kind = ErrorKind::Protocol, .message = "the Lease has no resourceVersion"} : std::move(json.error());
  return std::nullopt;
}

// Takes what was read for the truth; from now on, if it differs from what was. False when it is no Lease.
bool LeaseMachine::observe(Json object, Steady now) {
  const auto found = object.find("spec");
  if (found != object.end() && !found->is_object() && !found->is_null()) {
    problem_ = Error{.kind = ErrorKind::Protocol, .message = "the spec of the Lease is not an object"};
    return false;
  }
  const Json spec = object_at(object, {"spec"});
  std::string bytes = spec.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (!observed_at_ || bytes != observed_spec_) {
    observed_spec_ = std::move(bytes);
    observed_at_ = now;
  }
  holder_ = text_at(spec, {"holderIdentity"});
  duration_ = seconds(std::clamp<std::int64_t>(number_at(spec, {"leaseDurationSeconds"}), 0, 3600));
  object_ = std::move(object);
  known_ = true;
  if (holder_ != settings_.identity) lose();
  return true;
}

std::string LeaseMachine::annotation(std::string_view key) const { return text_at(object_, {"metadata", "annotations", key}); }

void LeaseMachine::acknowledged(Steady now) {
  const bool led = is_leader(now);
  led_since_sent_ = sent_at_;
  if (!led && is_leader(now)) ++term_;
  conflicts_ = 0;
}

Steady LeaseMachine::takeover_at() const {
  if (holder_.empty() || !observed_at_) return Steady::min();
  return *observed_at_ + std::clamp(duration_, settings_.lease_duration, std::max(settings_.lease_duration, longest_lease));
}

}  // namespace lastgood::kube
