#include "test_names.hpp"

#include <algorithm>

namespace lastgood::architecture {
namespace {

constexpr std::size_t max_length = 90;
// These characters have a meaning in a list of CMake: ; [ ]
// These have a meaning in the test filter of Catch2: * [ and the backslash.
constexpr std::string_view forbidden = ";[]*\\";
constexpr std::string_view blanks = " \t\r\n";
// Split, so that the rule does not find a test case in this line.
constexpr std::string_view macro =
    "TEST_"
    "CASE(";

// The content of the string literals at the beginning of `text`, joined as the compiler joins them.
std::string joined_literals(std::string_view text) {
  std::string joined;
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    if (!text.starts_with('"')) return joined;
    std::size_t at = 1;
    for (; at < text.size() && text[at] != '"'; ++at) {
      joined += text[at];
      if (text[at] == '\\' && at + 1 < text.size()) joined += text[++at];
    }
    text.remove_prefix(std::min(at + 1, text.size()));
  }
}

}  // namespace

Violations bad_test_names(const std::vector<SourceFile>& files) {
  Violations found;
  for (const SourceFile& file : files) {
    const std::string_view text = file.text;
    for (auto at = text.find(macro); at != std::string_view::npos; at = text.find(macro, at + 1)) {
      const std::string name = joined_literals(text.substr(at + macro.size()));
      const auto line = static_cast<std::size_t>(1 + std::ranges::count(text.substr(0, at), '\n'));
      if (name.size() > max_length) {
        found.push_back(violation(file, line,
                                  "the name of the test has " + std::to_string(name.size()) +
                                      " characters, at most 90 are allowed"));
      }
      if (name.find_first_of(forbidden) != std::string::npos)
        found.push_back(violation(file, line, "the name of the test has one of ; [ ] * \\"));
    }
  }
  return found;
}

}  // namespace lastgood::architecture
