#include "api/enum_docs.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace lastgood;

namespace {

constexpr int max_values = 64;  // more than any of the enumerations has

// Ends with a period and fits into a cell of a Markdown table.
bool is_sentence(std::string_view text) {
  return text.ends_with('.') && text.find_first_of("|\n") == std::string_view::npos;
}

// All values of an enumeration: the numbers whose text `parse` reads as the same number.
template <class Enum>
std::vector<Enum> values_of(std::optional<Enum> (*parse)(std::string_view)) {
  std::vector<Enum> values;
  for (int i = 0; i < max_values; ++i) {
    const auto value = static_cast<Enum>(i);
    if (parse(api::to_string(value)) == value) values.push_back(value);
  }
  return values;
}

// All values of EventAction, which has no parse function. A number that is not a value has the text
// "None".
std::vector<api::EventAction> event_actions() {
  std::vector<api::EventAction> values{api::EventAction::None};
  for (int i = 1; i < max_values; ++i) {
    const auto value = static_cast<api::EventAction>(i);
    if (api::to_string(value) != std::string("None")) values.push_back(value);
  }
  return values;
}

template <class Enum>
void check_docs(std::span<const api::ValueDoc<Enum>> docs, const std::vector<Enum>& values) {
  std::vector<Enum> documented;
  for (const api::ValueDoc<Enum>& doc : docs) {
    INFO(api::to_string(doc.value) << ": " << doc.meaning << " " << doc.action);
    documented.push_back(doc.value);
    CHECK(is_sentence(doc.meaning));
    CHECK((doc.action.empty() || is_sentence(doc.action)));
  }
  CHECK(documented == values);
}

}  // namespace

TEST_CASE("enum_docs has an entry for each value, in the order of the enumeration") {
  check_docs(api::state_docs(), values_of(api::parse_state));
  check_docs(api::verdict_docs(), values_of(api::parse_verdict));
  check_docs(api::result_docs(), values_of(api::parse_measurement_result));
  check_docs(api::mode_docs(), values_of(api::parse_mode));
  check_docs(api::phase_docs(), values_of(api::parse_phase));
  check_docs(api::action_docs(), event_actions());
}

TEST_CASE("values_of finds the first and the last value of an enumeration") {
  const auto states = values_of(api::parse_state);
  REQUIRE(states.size() == 6);
  CHECK(states.front() == api::State::Idle);
  CHECK(states.back() == api::State::Frozen);
}

TEST_CASE("condition_docs describes both statuses of each condition") {
  for (const api::ConditionDoc& doc : api::condition_docs()) {
    INFO(doc.kind << " " << doc.type);
    CHECK(is_sentence(doc.if_true));
    CHECK(is_sentence(doc.otherwise));
  }
}
