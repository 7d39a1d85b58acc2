// A matcher for messages to users. It compares only the names and numbers that a user needs, so
// that the sentences can be rewritten without a change of the tests.
//   CHECK_THAT(hold.message, mentions({"revision 2", "limit 3"}));
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

namespace lastgood::testing {

class Mentions : public Catch::MatcherBase<std::string> {
 public:
  explicit Mentions(std::vector<std::string> parts) : parts_(std::move(parts)) {}

  [[nodiscard]] bool match(const std::string& message) const override {
    for (const std::string& part : parts_) {
      if (!message.contains(part)) return false;
    }
    return true;
  }

  [[nodiscard]] std::string describe() const override {
    std::string text = "mentions";
    for (const std::string& part : parts_) text += " \"" + part + "\"";
    return text;
  }

 private:
  std::vector<std::string> parts_;
};

[[nodiscard]] inline Mentions mentions(std::vector<std::string> parts) {
  return Mentions(std::move(parts));
}

}  // namespace lastgood::testing
