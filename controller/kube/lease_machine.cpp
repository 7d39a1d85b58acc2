#include "kube/lease_machine.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "codec/json_at.hpp"
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
// A longer spec.leaseDurationSeconds of another holder counts as this.
constexpr Duration max_lease_duration = std::chrono::minutes(5);
constexpr Duration max_retry_after = seconds(5);
constexpr Duration min_interval_of_hints{50};
constexpr int max_immediate_retries = 3;                 // without a wait, after conflicts
constexpr std::int64_t max_transitions = 2'000'000'000;  // spec.leaseTransitions is an int32

ResourceVersion version_of(const Json& lease) {
  return ResourceVersion(text_at(lease, {"metadata", "resourceVersion"}));
}

// True if the server may have performed the call although it failed.
bool is_response_lost(const Error& error) {
  return error.kind == ErrorKind::TimedOut || error.kind == ErrorKind::ConnectionClosed;
}

}  // namespace

Result<api::ApiCall> watch_of_lease(const Key& lease) {
  constexpr int watch_seconds = 300;
  const auto collection = collection_path(Resource::Lease, lease.namespace_);
  if (!collection) return std::unexpected(collection.error());
  api::ApiCall call = watch_call(*collection, {.timeout_seconds = watch_seconds,
                                               .field_selector = "metadata.name=" + lease.name});
  call.lane = api::Lane::Lease;
  return call;
}

bool says_released(std::string_view line) {
  if (line.size() > max_lease_bytes) return false;
  const auto event = codec::parse_json(std::string(line));
  if (!event || !event->is_object()) return false;
  const std::string type = text_at(*event, {"type"});
  if (type == "DELETED") return true;
  return type == "MODIFIED" && text_at(*event, {"object", "spec", "holderIdentity"}).empty();
}

Result<LeaseMachine> LeaseMachine::create(LeaseSettings settings) {
  const auto path = object_path(Resource::Lease, settings.lease);
  if (!path) return std::unexpected(path.error());
  if (settings.identity.empty() || settings.identity.size() > max_identity_bytes) {
    return fail(ErrorKind::BadInput, "the leader election identity " +
                                         in_quotes(settings.identity) +
                                         " is invalid: it must have 1 to 253 bytes");
  }
  return LeaseMachine(std::move(settings));
}

LeaseAction LeaseMachine::step(LeaseInput input, MonotonicTime now, Time wall) {
  return std::visit(
      [&](auto&& given) { return on(std::forward<decltype(given)>(given), now, wall); },
      std::move(input));
}

bool LeaseMachine::is_leader(MonotonicTime now) const {
  const auto until = leader_until();
  return until && now < *until;
}

std::optional<MonotonicTime> LeaseMachine::leader_until() const {
  if (!renewal_sent_at_) return std::nullopt;
  return *renewal_sent_at_ + settings_.renew_deadline;
}

LeaseAction LeaseMachine::on(LeaseTick, MonotonicTime now, Time wall) {
  if (phase_ == Phase::Done) return LeaseDone{};
  if (phase_ != Phase::Waiting) is_current_ = false;  // the call in flight was cancelled
  if (release_by_) return release(now, wall);
  if (phase_ == Phase::Waiting && now < wait_until_) return LeaseWait{wait_until_};
  if (!is_current_) return get(now);
  return held_by_us() || now >= takeover_at() ? write(now, wall) : get(now);
}

LeaseAction LeaseMachine::on(LeaseResponse response, MonotonicTime now, Time wall) {
  if (phase_ == Phase::Done) return LeaseDone{};
  if (phase_ == Phase::Waiting) return LeaseWait{wait_until_};
  if (!response.body) return on_failure(std::move(response.body.error()), now, wall);
  auto object = parse(*response.body);
  if (!object) return on_failure(*problem_, now, wall);
  problem_.reset();
  return on_object(std::move(*object), now, wall);
}

LeaseAction LeaseMachine::on(LeaseRelease, MonotonicTime now, Time wall) {
  if (phase_ == Phase::Done) return LeaseDone{};
  if (phase_ != Phase::Waiting) is_current_ = false;
  if (!release_by_) release_by_ = now + settings_.release_budget;
  return release(now, wall);
}

LeaseAction LeaseMachine::on(LeaseReleased, MonotonicTime now, Time) {
  if (phase_ == Phase::Done) return LeaseDone{};
  // A Lease that is released again and again must not cause a flood of reads.
  const bool is_candidate = phase_ == Phase::Waiting && !release_by_ && !held_by_us();
  if (!is_candidate) return LeaseWait{wait_until_};
  const MonotonicTime next = sent_at_ + min_interval_of_hints;
  return now >= next ? get(now) : wait(std::min(wait_until_, next));
}

LeaseAction LeaseMachine::on_object(Json object, MonotonicTime now, Time wall) {
  const Phase sent_in = phase_;
  if (!observe(std::move(object), now)) return on_failure(*problem_, now, wall);
  if (sent_in == Phase::Getting) return after_read(now, wall);
  if (release_by_) return done();
  if (!held_by_us()) {
    is_current_ = false;
    return on_failure({.kind = ErrorKind::Protocol,
                       .message = "the response to a write of the Lease has another holder"},
                      now, wall);
  }
  acknowledge_renewal(now);
  return wait(sent_at_ + settings_.retry_period);
}

LeaseAction LeaseMachine::on_failure(Error error, MonotonicTime now, Time wall) {
  const Phase sent_in = phase_;
  const ErrorKind kind = error.kind;
  const bool lost = is_response_lost(error);
  const Duration retry_after = std::min(error.retry_after.value_or(Duration{0}), max_retry_after);
  is_current_ = false;
  problem_ = std::move(error);
  if (sent_in == Phase::Getting && kind == ErrorKind::NotFound) {
    if (release_by_) return done();
    // The Lease was deleted. The holder that it had may act as the leader until the time at which
    // the deleted Lease would have expired.
    const bool may_create = is_leader(now) || holder_ == settings_.identity || now >= takeover_at();
    return may_create ? create_lease(now, wall)
                      : wait(std::min(now + settings_.retry_period, takeover_at()));
  }
  const bool conflict = kind == ErrorKind::Conflict || kind == ErrorKind::AlreadyExists ||
                        kind == ErrorKind::NotFound;
  if (sent_in != Phase::Getting && (lost || (conflict && ++conflicts_ <= max_immediate_retries))) {
    return release_by_ ? release(now, wall) : get(now);
  }
  if (release_by_) return done();
  conflicts_ = 0;
  return wait(now + std::max(settings_.retry_period, retry_after));
}

LeaseAction LeaseMachine::after_read(MonotonicTime now, Time wall) {
  if (release_by_) return release(now, wall);
  if (held_by_us() || now >= takeover_at()) return write(now, wall);
  return wait(std::min(now + settings_.retry_period, takeover_at()));
}

LeaseAction LeaseMachine::release(MonotonicTime now, Time wall) {
  const bool may_be_ours = renewal_sent_at_ || held_by_us() || !is_current_;
  end_leadership();
  if (!has_written_ || !may_be_ours || now >= *release_by_) return done();
  if (!is_current_) return get(now);
  return held_by_us() ? write(now, wall) : done();
}

LeaseAction LeaseMachine::get(MonotonicTime now) {
  return send(Phase::Getting, kube::get(Resource::Lease, settings_.lease), now);
}

LeaseAction LeaseMachine::create_lease(MonotonicTime now, Time wall) {
  const Json body = {
      {"apiVersion", api_version_of(Resource::Lease)},
      {"kind", kind_of(Resource::Lease)},
      {"metadata", {{"namespace", settings_.lease.namespace_}, {"name", settings_.lease.name}}},
      {"spec",
       {{"holderIdentity", settings_.identity},
        {"leaseDurationSeconds",
         std::chrono::duration_cast<seconds>(settings_.lease_duration).count()},
        {"acquireTime", format_micro_time(wall)},
        {"renewTime", format_micro_time(wall)},
        {"leaseTransitions", 0}}}};
  has_written_ = true;
  return send(Phase::Creating, kube::create(Resource::Lease, settings_.lease.namespace_, body),
              now);
}

// Acquires, renews or releases the Lease. All other fields stay as they were read.
LeaseAction LeaseMachine::write(MonotonicTime now, Time wall) {
  Json body = object_;
  body["metadata"].erase("managedFields");
  Json spec = object_at(object_, {"spec"});
  const bool acquiring = !held_by_us();
  const std::int64_t transitions =
      std::clamp<std::int64_t>(number_at(spec, {"leaseTransitions"}), 0, max_transitions);
  spec["holderIdentity"] = release_by_ ? "" : settings_.identity;
  spec["leaseDurationSeconds"] =
      release_by_ ? 1 : std::chrono::duration_cast<seconds>(settings_.lease_duration).count();
  spec["renewTime"] = format_micro_time(wall);
  if (acquiring || release_by_ || text_at(spec, {"acquireTime"}).empty())
    spec["acquireTime"] = format_micro_time(wall);
  spec["leaseTransitions"] = acquiring ? transitions + 1 : transitions;
  body["spec"] = std::move(spec);
  has_written_ = true;
  return send(Phase::Updating, update(Resource::Lease, settings_.lease, body), now);
}

LeaseAction LeaseMachine::send(Phase phase, Result<api::ApiCall> call, MonotonicTime now) {
  if (!call) {  // cannot happen: create() has checked the name
    problem_ = std::move(call.error());
    return done();
  }
  phase_ = phase;
  sent_at_ = now;
  Duration timeout = settings_.call_timeout;
  if (release_by_) timeout = std::clamp(*release_by_ - now, Duration{1}, timeout);
  call->lane = api::Lane::Lease;
  return LeaseCall{.call = std::move(*call), .timeout = timeout};
}

LeaseAction LeaseMachine::wait(MonotonicTime until) {
  phase_ = Phase::Waiting;
  wait_until_ = until;
  return LeaseWait{until};
}

LeaseAction LeaseMachine::done() {
  phase_ = Phase::Done;
  end_leadership();
  return LeaseDone{};
}

std::optional<Json> LeaseMachine::parse(std::string_view body) {
  if (body.size() > max_lease_bytes) {
    problem_ = Error{.kind = ErrorKind::TooLarge,
                     .message = "the response with the Lease has more than 1 MiB"};
    return std::nullopt;
  }
  auto json = codec::parse_json(body);
  if (json && json->is_object() && !version_of(*json).empty()) return std::move(*json);
  problem_ = json
                 ? Error{.kind = ErrorKind::Protocol, .message = "the Lease has no resourceVersion"}
                 : std::move(json.error());
  return std::nullopt;
}

bool LeaseMachine::observe(Json object, MonotonicTime now) {
  const auto found = object.find("spec");
  if (found != object.end() && !found->is_object() && !found->is_null()) {
    problem_ =
        Error{.kind = ErrorKind::Protocol, .message = "the spec of the Lease is not an object"};
    return false;
  }
  const Json spec = object_at(object, {"spec"});
  std::string text = spec.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (!observed_at_ || text != observed_spec_) {
    observed_spec_ = std::move(text);
    observed_at_ = now;
  }
  holder_ = text_at(spec, {"holderIdentity"});
  duration_ = seconds(std::clamp<std::int64_t>(number_at(spec, {"leaseDurationSeconds"}), 0, 3600));
  object_ = std::move(object);
  is_current_ = true;
  if (holder_ != settings_.identity) end_leadership();
  return true;
}

std::string LeaseMachine::annotation(std::string_view key) const {
  return text_at(object_, {"metadata", "annotations", key});
}

void LeaseMachine::acknowledge_renewal(MonotonicTime now) {
  const bool was_leader = is_leader(now);
  renewal_sent_at_ = sent_at_;
  if (!was_leader && is_leader(now)) ++term_;
  conflicts_ = 0;
}

MonotonicTime LeaseMachine::takeover_at() const {
  if (holder_.empty() || !observed_at_) return MonotonicTime::min();
  return *observed_at_ + std::clamp(duration_, settings_.lease_duration,
                                    std::max(settings_.lease_duration, max_lease_duration));
}

}  // namespace lastgood::kube
