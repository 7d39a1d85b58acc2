// From the answers of many pods to one sample.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "codec/values.hpp"
#include "base/text.hpp"
#include "checks/container.hpp"
#include "checks/http.hpp"
#include "checks/message.hpp"

namespace lastgood::checks {
namespace {

using api::HttpOutcome;

enum class Kind : std::uint8_t { Passed, WrongStatus, TimedOut, Refused, Closed, Malformed, NotAsked, Stopped, Starting };
constexpr std::size_t kinds = 9;

const char* reason_of(Kind kind) {
  switch (kind) {
    case Kind::Passed: return "Passed";
    case Kind::WrongStatus: return "WrongStatus";
    case Kind::TimedOut: return "TimedOut";
    case Kind::Refused: return "Refused";
    case Kind::Closed: return "Closed";
    case Kind::Malformed: return "Malformed";
    case Kind::NotAsked: return "NotAsked";
    case Kind::Stopped: return "Stopped";
    case Kind::Starting: return "PodsStarting";
  }
  return "NotAsked";
}

Kind kind_of_answer(const api::HttpCheck& http, const api::HttpAnswer& answer) {
  switch (answer.outcome) {
    case HttpOutcome::Answered: {
      const auto covers = [&](const api::StatusRange& range) { return range.from <= answer.status && answer.status <= range.to; };
      return std::ranges::any_of(http.expected, covers) ? Kind::Passed : Kind::WrongStatus;
    }
    case HttpOutcome::Refused: return Kind::Refused;
    case HttpOutcome::TimedOut: return Kind::TimedOut;
    case HttpOutcome::Closed: return Kind::Closed;
    case HttpOutcome::Malformed: return Kind::Malformed;
    case HttpOutcome::Unresolved:
    case HttpOutcome::Unreachable: return Kind::NotAsked;
  }
  return Kind::NotAsked;
}

bool is_silent(Kind kind) { return kind == Kind::TimedOut || kind == Kind::Refused || kind == Kind::Closed; }

Kind kind_of(const api::HttpCheck& http, const HttpAsked& asked) {
  const Kind kind = kind_of_answer(http, asked.answer);
  if (kind == Kind::Passed || kind == Kind::NotAsked) return kind;
  if (asked.excuse == Excuse::Stopped) return Kind::Stopped;
  return asked.excuse == Excuse::Starting && is_silent(kind) ? Kind::Starting : kind;
}

std::string what_happened(const api::HttpCheck& http, const HttpAsked& asked, Kind kind) {
  const auto detail = asked.answer.detail.empty() ? "" : fmt::format(" ({})", asked.answer.detail);
  switch (kind) {
    case Kind::Passed:
    case Kind::WrongStatus:
      return fmt::format("answered {}, expected {}", asked.answer.status, codec::format_status_ranges(http.expected));
    case Kind::TimedOut: return fmt::format("gave no answer within {}", format_duration(http.timeout));
    case Kind::Refused: return fmt::format("refused or reset the connection on port {}", asked.ask.question.port);
    case Kind::Closed: return "closed the connection before a whole answer";
    case Kind::Malformed: return "gave no HTTP answer" + detail;
    case Kind::NotAsked:
      return (asked.answer.outcome == HttpOutcome::Unresolved ? "has a name that does not resolve"
                                                              : "cannot be reached from here") +
             detail;
    case Kind::Stopped: return asked.ask.pod.empty() ? "was asked while pods were stopped" : "was stopped while it was asked";
    case Kind::Starting:
      return asked.ask.pod.empty() ? "was asked while no pod is ready yet" : "is not ready yet and may still be starting";
  }
  return {};
}

std::string shortened(const std::string& text) { return clip(text, 100); }

std::string who(const HttpAsked& asked) {
  const auto& question = asked.ask.question;
  if (!asked.ask.pod.empty()) return asked.ask.pod;
  return fmt::format("{}://{}{}", question.tls ? "https" : "http", shortened(question.host_header), shortened(question.target));
}

struct Tally {
  std::array<std::size_t, kinds> count{};
  std::array<const HttpAsked*, kinds> first{};

  void add(const HttpAsked& asked, Kind kind) {
    const auto at = static_cast<std::size_t>(kind);
    if (count[at]++ == 0) first[at] = &asked;
  }
  [[nodiscard]] std::size_t of(Kind kind) const { return count[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] const HttpAsked& one(Kind kind) const { return *first[static_cast<std::size_t>(kind)]; }

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

// What the numbers leave out: pods that could not be asked or did not stay, and those of many that were not asked.
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

std::string summary(const api::HttpCheck& http, const Tally& tally, std::size_t failed, std::size_t counted) {
  const auto kind = failed > 0 ? tally.commonest_failure() : Kind::Passed;
  const auto& one = tally.one(kind);
  if (one.ask.pod.empty()) return fmt::format("{} {}", who(one), what_happened(http, one, kind));
  return fmt::format("{} of {} pods {} {}: {} {} (limit {}% of pods)", failed > 0 ? failed : counted, counted,
                     failed > 0 ? "failed" : "passed", shortened(one.ask.question.target), who(one),
                     what_happened(http, one, kind), http.max_failing_percent);
}

}  // namespace

Sample judge_http(const api::Check& check, std::span<const HttpAsked> asked, std::size_t pods) {
  Tally tally;
  for (const auto& one : asked) tally.add(one, kind_of(check.http, one));
  const auto counted = asked.size() - tally.of(Kind::NotAsked) - tally.of(Kind::Stopped) - tally.of(Kind::Starting);
  const auto failed = counted - tally.of(Kind::Passed);
  Sample sample{.check = check.name};
  if (asked.empty()) {
    sample.reason = "NoPodToAsk";
    sample.message = "no pod of the new revision was asked";
    return sample;
  }
  if (counted == 0) {
    const auto kind = tally.why_none();
    const auto& one = tally.one(kind);
    sample.reason = one.answer.outcome == HttpOutcome::Unresolved ? "Unresolved" : "Unreachable";
    if (kind != Kind::NotAsked) sample.reason = reason_of(kind);
    sample.message = clip(fmt::format("{} {}", who(one), what_happened(check.http, one, kind)), message_limit);
    return sample;
  }
  const bool fails = failed * 100 > static_cast<std::size_t>(std::max(check.http.max_failing_percent, 0)) * counted;
  sample.result = fails ? api::SampleResult::Fail : api::SampleResult::Pass;
  sample.reason = reason_of(fails ? tally.commonest_failure() : Kind::Passed);
  sample.message = clip(summary(check.http, tally, failed, counted) + footnote(tally, asked.size(), pods), message_limit);
  return sample;
}

bool is_to_be_confirmed(const Sample& sample) { return sample.result == api::SampleResult::Fail; }

void excuse_stopped(std::span<HttpAsked> asked, std::span<const api::Pod> then, std::span<const api::Pod> now) {
  std::set<std::string_view> stopped;
  for (const api::Pod& pod : then)
    if (is_living(pod)) stopped.insert(pod.meta.key.name);
  for (const api::Pod& pod : now)
    if (is_living(pod)) stopped.erase(pod.meta.key.name);
  for (HttpAsked& one : asked) {
    const bool is_stopped = one.ask.pod.empty() ? !stopped.empty() : stopped.contains(one.ask.pod);
    if (is_stopped) one.excuse = Excuse::Stopped;
  }
}

void excuse_starting(std::span<HttpAsked> asked, std::span<const api::Pod> pods, const std::optional<Time>& rolled_out,
                     Time now) {
  std::set<std::string_view> starting;
  for (const api::Pod& pod : pods)
    if (is_living(pod) && starts_up(pod, rolled_out, now)) starting.insert(pod.meta.key.name);
  const bool is_any_ready = std::ranges::any_of(pods, [](const api::Pod& pod) { return is_living(pod) && pod.ready; });
  for (HttpAsked& one : asked) {
    const bool starts = one.ask.pod.empty() ? !is_any_ready && !starting.empty() : starting.contains(one.ask.pod);
    if (starts && one.excuse == Excuse::None) one.excuse = Excuse::Starting;
  }
}

}  // namespace lastgood::checks
