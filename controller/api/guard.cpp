#include "api/guard.hpp"

#include "api/enums.hpp"

namespace lastgood::api {
namespace {

constexpr Spelling<State> states[] = {
    {State::Idle, "Idle"},           {State::Watching, "Watching"}, {State::Held, "Held"}, {State::RollingBack, "RollingBack"},
    {State::Verifying, "Verifying"}, {State::Frozen, "Frozen"},
};

constexpr Spelling<RevisionVerdict> verdicts[] = {
    {RevisionVerdict::Watching, "Watching"},         {RevisionVerdict::Good, "Good"},
    {RevisionVerdict::PresumedGood, "PresumedGood"}, {RevisionVerdict::Superseded, "Superseded"},
    {RevisionVerdict::Unjudged, "Unjudged"},         {RevisionVerdict::Breached, "Breached"},
    {RevisionVerdict::RolledBack, "RolledBack"},
};

constexpr Spelling<SampleResult> results[] = {
    {SampleResult::Pass, "Pass"},
    {SampleResult::Fail, "Fail"},
    {SampleResult::Unknown, "Unknown"},
};

}  // namespace

const char* to_string(State state) { return spell(states, state); }
std::optional<State> parse_state(std::string_view text) { return unspell(states, text); }

const char* to_string(RevisionVerdict verdict) { return spell(verdicts, verdict); }
std::optional<RevisionVerdict> parse_verdict(std::string_view text) { return unspell(verdicts, text); }

const char* to_string(SampleResult result) { return spell(results, result); }
std::optional<SampleResult> parse_sample_result(std::string_view text) { return unspell(results, text); }

}  // namespace lastgood::api
