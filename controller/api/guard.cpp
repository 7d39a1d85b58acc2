#include "api/guard.hpp"

#include "api/enums.hpp"

namespace lastgood::api {
namespace {

constexpr Spelling<State> states[] = {
    {State::Idle, "Idle"},           {State::Evaluating, "Evaluating"},
    {State::Held, "Held"},           {State::RollingBack, "RollingBack"},
    {State::Verifying, "Verifying"}, {State::Frozen, "Frozen"},
};

constexpr Spelling<RevisionVerdict> verdicts[] = {
    {RevisionVerdict::Evaluating, "Evaluating"},     {RevisionVerdict::Good, "Good"},
    {RevisionVerdict::PresumedGood, "PresumedGood"}, {RevisionVerdict::Superseded, "Superseded"},
    {RevisionVerdict::Inconclusive, "Inconclusive"}, {RevisionVerdict::Breached, "Breached"},
    {RevisionVerdict::RolledBack, "RolledBack"},
};

constexpr Spelling<MeasurementResult> results[] = {
    {MeasurementResult::Pass, "Pass"},
    {MeasurementResult::Fail, "Fail"},
    {MeasurementResult::Unknown, "Unknown"},
};

}  // namespace

const char* to_string(State state) { return spelling_of(states, state); }
std::optional<State> parse_state(std::string_view text) { return parse_spelling(states, text); }

const char* to_string(RevisionVerdict verdict) { return spelling_of(verdicts, verdict); }
std::optional<RevisionVerdict> parse_verdict(std::string_view text) {
  return parse_spelling(verdicts, text);
}

const char* to_string(MeasurementResult result) { return spelling_of(results, result); }
std::optional<MeasurementResult> parse_measurement_result(std::string_view text) {
  return parse_spelling(results, text);
}

}  // namespace lastgood::api
