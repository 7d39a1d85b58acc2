// From the answers of many pods to one measurement.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"
#include "checks/container.hpp"
#include "checks/http.hpp"
#include "checks/message.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {

using api::Reason;
namespace {

using api::ProbeOutcome;

enum class Kind : std::uint8_t {
  Passed,
  WrongStatus,
  TimedOut,
  Refused,
  Closed,
  Malformed,
  NotAsked,
  Stopped,
  Starting
};
constexpr std::size_t kinds = 9;

Reason reason_of(Kind kind) {
  switch (kind) {
    case Kind::Passed: return Reason::Passed;
    case Kind::WrongStatus: return Reason::WrongStatus;
    case Kind::TimedOut: return Reason::TimedOut;
    case Kind::Refused: return Reason::ConnectionRefused;
    case Kind::Closed: return Reason::ConnectionClosed;
    case Kind::Malformed: return Reason::InvalidResponse;
    case Kind::NotAsked: return Reason::Unreachable;
    case Kind::Stopped: return Reason::PodsTerminating;
    case Kind::Starting: return Reason::PodsStarting;
  }
  return Reason::Unreachable;
}

Kind kind_of_answer(const api::HttpCheck& http, const api::ProbeResponse& answer) {
  switch (answer.outcome) {
    case ProbeOutcome::Answered: {
      const auto covers = [&](const api::StatusRange& range) {
        return range.from <= answer.status && answer.status <= range.to;
      };
      return std::ranges::any_of(http.expected, covers) ? Kind::Passed : Kind::WrongStatus;
    }
    case ProbeOutcome::ConnectionRefused: return Kind::Refused;
    case ProbeOutcome::TimedOut: return Kind::TimedOut;
    case ProbeOutcome::ConnectionClosed: return Kind::Closed;
    case ProbeOutcome::InvalidResponse: return Kind::Malformed;
    case ProbeOutcome::DNSLookupFailed:
    case ProbeOutcome::Unreachable: return Kind::NotAsked;
  }
  return Kind::NotAsked;
}

bool is_silent(Kind kind) {
  return kind == Kind::TimedOut || kind == Kind::Refused || kind == Kind::Closed;
}

Kind kind_of(const api::HttpCheck& http, const ProbeResult& asked) {
  const Kind kind = kind_of_answer(http, asked.answer);
  if (kind == Kind::Passed || kind == Kind::NotAsked) return kind;
  if (asked.exclusion == ExclusionReason::Stopped) return Kind::Stopped;
  return asked.exclusion == ExclusionReason::Starting && is_silent(kind) ? Kind::Starting : kind;
}

std::string what_happened(const api::HttpCheck& http, const ProbeResult& asked, Kind kind) {
  const auto detail = asked.answer.detail.empty() ? "" : fmt::format(" ({})", asked.answer.detail);
  switch (kind) {
    case Kind::Passed:
    case Kind::WrongStatus:
      return fmt::format("answered {}, expected {}", asked.answer.status,
                         codec::format_status_ranges(http.expected));
    case Kind::TimedOut:
      return fmt::format("gave no answer within {}", format_duration(http.timeout));
    case Kind::Refused:
      return fmt::format("refused or reset the connection on port {}", asked.ask.question.port);
    case Kind::Closed: return "closed the connection before a whole answer";
    case Kind::Malformed: return "gave no HTTP answer" + detail;
    case Kind::NotAsked:
      return (asked.answer.outcome == ProbeOutcome::DNSLookupFailed
                  ? "has a name that does not resolve"
                  : "cannot be reached from here") +
             detail;
    case Kind::Stopped:
      return asked.ask.pod.empty() ? "was asked while pods were stopped"
                                   : "was stopped while it was asked";
    case Kind::Starting:
      return asked.ask.pod.empty() ? "was asked while no pod is ready yet"
                                   : "is not ready yet and may still be starting";
  }
  return {};
}

std::string shortened(const std::string& text) { return clip(text, 100); }

std::string who(const ProbeResult& asked) {
  const auto& question = asked.ask.question;
  if (!asked.ask.pod.empty()) return asked.ask.pod;
  return fmt::format("{}://{}{}", question.tls ? "https" : "http", shortened(question.host_header),
                     shortened(question.target));
}

struct Tally {
  std::array<std::size_t, kinds> count{};
  std::array<const ProbeResult*, kinds> first{};

  void add(const ProbeResult& asked, Kind kind) {
    const auto at = static_cast<std::size_t>(kind);
    if (count[at]++ == 0) first[at] = &asked;
  }
  [[nodiscard]] std::size_t of(Kind kind) const { return count[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] const ProbeResult& one(Kind kind) const {
    return *first[static_cast<std::size_t>(kind)];
  }

  [[nodiscard]] Kind commonest_failure() const {
    Kind best = Kind::WrongStatus;
    for (const auto kind : {Kind::TimedOut, Kind::Refused, Kind::Closed, Kind::Malformed})
      if (of(kind) > of(best)) best = kind;
    return best;
  }

  // Where nobody is counted.
  [[nodiscard]] Kind why_none() const {
    if (of(Kind::NotAsked) > 0) return Kind::NotAsked;
    return of(Kind::Starting) > 0 ? Kind::Starting : Kind::Stopped;
  }
};

// What the numbers leave out: pods that could not be asked or did not stay, and those of many that
// were not asked.
std::string footnote(const Tally& tally, std::size_t asked, std::size_t pods) {
  std::string out;
  if (const auto not_asked = tally.of(Kind::NotAsked); not_asked > 0)
    out += fmt::format("; {} could not be reached and count for nothing", not_asked);
  if (const auto stopped = tally.of(Kind::Stopped); stopped > 0)
    out += fmt::format("; {} stopped meanwhile and count for nothing", stopped);
  if (const auto starting = tally.of(Kind::Starting); starting > 0)
    out += fmt::format("; {} still starting and count for nothing", starting);
  if (pods > asked) out += fmt::format("; {} of {} pods were asked", asked, pods);
  return out;
}

std::string summary(const api::HttpCheck& http, const Tally& tally, std::size_t failed,
                    std::size_t counted) {
  const auto kind = failed > 0 ? tally.commonest_failure() : Kind::Passed;
  const auto& one = tally.one(kind);
  if (one.ask.pod.empty()) return fmt::format("{} {}", who(one), what_happened(http, one, kind));
  return fmt::format("{} of {} pods {} {}: {} {} (limit {}% of pods)",
                     failed > 0 ? failed : counted, counted, failed > 0 ? "failed" : "passed",
                     shortened(one.ask.question.target), who(one), what_happened(http, one, kind),
                     http.max_failing_percent);
}

}  // namespace

Measurement measure_http(const api::Check& check, std::span<const ProbeResult> asked,
                         std::size_t pods) {
  Tally tally;
  for (const auto& one : asked) tally.add(one, kind_of(check.http, one));
  const auto counted =
      asked.size() - tally.of(Kind::NotAsked) - tally.of(Kind::Stopped) - tally.of(Kind::Starting);
  const auto failed = counted - tally.of(Kind::Passed);
  Measurement measurement{.check = check.name};
  if (asked.empty()) {
    measurement.reason = Reason::NoPodsToProbe;
    measurement.message = "no pod of the new revision was asked";
    return measurement;
  }
  if (counted == 0) {
    const auto kind = tally.why_none();
    const auto& one = tally.one(kind);
    measurement.reason = one.answer.outcome == ProbeOutcome::DNSLookupFailed
                             ? Reason::DNSLookupFailed
                             : Reason::Unreachable;
    if (kind != Kind::NotAsked) measurement.reason = reason_of(kind);
    measurement.message =
        clip(fmt::format("{} {}", who(one), what_happened(check.http, one, kind)), message_limit);
    return measurement;
  }
  const bool fails =
      failed * 100 >
      static_cast<std::size_t>(std::max(check.http.max_failing_percent, 0)) * counted;
  measurement.result = fails ? api::MeasurementResult::Fail : api::MeasurementResult::Pass;
  measurement.reason = reason_of(fails ? tally.commonest_failure() : Kind::Passed);
  measurement.message =
      clip(summary(check.http, tally, failed, counted) + footnote(tally, asked.size(), pods),
           message_limit);
  return measurement;
}

bool is_to_be_confirmed(const Measurement& measurement) {
  return measurement.result == api::MeasurementResult::Fail;
}

void exclude_terminating(std::span<ProbeResult> asked, std::span<const api::Pod> then,
                         std::span<const api::Pod> now) {
  std::set<std::string_view> stopped;
  for (const api::Pod& pod : then)
    if (is_pod_active(pod)) stopped.insert(pod.meta.key.name);
  for (const api::Pod& pod : now)
    if (is_pod_active(pod)) stopped.erase(pod.meta.key.name);
  for (ProbeResult& one : asked) {
    const bool is_stopped = one.ask.pod.empty() ? !stopped.empty() : stopped.contains(one.ask.pod);
    if (is_stopped) one.exclusion = ExclusionReason::Stopped;
  }
}

void exclude_starting(std::span<ProbeResult> asked, std::span<const api::Pod> pods,
                      const std::optional<Time>& rolled_out, Time now) {
  std::set<std::string_view> starting;
  for (const api::Pod& pod : pods)
    if (is_pod_active(pod) && starts_up(pod, rolled_out, now)) starting.insert(pod.meta.key.name);
  const bool is_any_ready = std::ranges::any_of(
      pods, [](const api::Pod& pod) { return is_pod_active(pod) && pod.ready; });
  for (ProbeResult& one : asked) {
    const bool starts =
        one.ask.pod.empty() ? !is_any_ready && !starting.empty() : starting.contains(one.ask.pod);
    if (starts && one.exclusion == ExclusionReason::None) one.exclusion = ExclusionReason::Starting;
  }
}

}  // namespace lastgood::checks
