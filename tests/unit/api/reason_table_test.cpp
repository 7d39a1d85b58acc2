#include <array>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/reasons.hpp"

using namespace lastgood;
using api::Reason;
using api::ReasonPlace;

namespace {

constexpr auto all_reasons = std::to_array<Reason>({
#define LASTGOOD_REASON(name) Reason::name,
    LASTGOOD_REASONS(LASTGOOD_REASON)
#undef LASTGOOD_REASON
});

// Ends with a period and fits into a cell of a Markdown table.
bool is_sentence(std::string_view text) {
  return text.ends_with('.') && text.find_first_of("|\n") == std::string_view::npos;
}

}  // namespace

TEST_CASE("reason_table has an entry for every reason") {
  std::set<Reason> documented;
  for (const api::ReasonEntry& entry : api::reason_table()) documented.insert(entry.reason);
  for (const Reason reason : all_reasons) {
    INFO(api::to_string(reason));
    CHECK(documented.contains(reason) == (reason != Reason::None));
  }
}

TEST_CASE("reason_table has each reason at most once for a place") {
  std::set<std::pair<ReasonPlace, Reason>> seen;
  for (const api::ReasonEntry& entry : api::reason_table()) {
    INFO(api::to_string(entry.reason));
    CHECK(seen.emplace(entry.place, entry.reason).second);
  }
}

TEST_CASE("reason_table has the entries of each place together, in the order of the places") {
  std::vector<ReasonPlace> places;
  for (const api::ReasonEntry& entry : api::reason_table()) {
    if (places.empty() || places.back() != entry.place) places.push_back(entry.place);
  }
  CHECK(places == std::vector{ReasonPlace::State, ReasonPlace::Hold, ReasonPlace::Rejection,
                              ReasonPlace::Preflight, ReasonPlace::Policy, ReasonPlace::Check,
                              ReasonPlace::Event});
}

TEST_CASE("reason_table has whole sentences that fit into a cell of a Markdown table") {
  for (const api::ReasonEntry& entry : api::reason_table()) {
    INFO(api::to_string(entry.reason) << ": " << entry.meaning << " " << entry.action);
    CHECK_FALSE(entry.detail.empty());
    CHECK(entry.detail.find_first_of("|\n") == std::string_view::npos);
    CHECK(is_sentence(entry.meaning));
    CHECK((entry.action.empty() || is_sentence(entry.action)));
  }
}

TEST_CASE("reason_table says for every rejection whether force overrides it") {
  for (const api::ReasonEntry& entry : api::reason_table()) {
    if (entry.place != ReasonPlace::Rejection) continue;
    INFO(api::to_string(entry.reason));
    CHECK((entry.detail == "yes" || entry.detail == "no"));
  }
}
