#include "api/enum_docs.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace lastgood;

namespace {

bool is_sentence(std::string_view text) {
  return text.ends_with('.') && text.find_first_of("|\n") == std::string_view::npos;
}

// Every value whose text is read back as the value: the values of the enumeration.
template <class Enum>
std::vector<Enum> values_of(std::optional<Enum> (*parse)(std::string_view)) {
  std::vector<Enum> values;
  constexpr int more_than_any = 64;
  for (int i = 0; i < more_than_any; ++i) {
    const auto value = static_cast<Enum>(i);
    if (parse(api::to_string(value)) == value) values.push_back(value);
  }
  return values;
}

// The text of an action is not read back; an unknown value has the text of None.
std::vector<api::EventAction> actions() {
  std::vector<api::EventAction> values{api::EventAction::None};
  constexpr int more_than_any = 64;
  for (int i = 1; i < more_than_any; ++i) {
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

TEST_CASE("enum_docs has one sentence for each value, in the order of the enumeration") {
  check_docs(api::state_docs(), values_of(api::parse_state));
  check_docs(api::verdict_docs(), values_of(api::parse_verdict));
  check_docs(api::result_docs(), values_of(api::parse_measurement_result));
  check_docs(api::mode_docs(), values_of(api::parse_mode));
  check_docs(api::phase_docs(), values_of(api::parse_phase));
  check_docs(api::action_docs(), actions());
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
