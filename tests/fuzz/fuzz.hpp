// The functions that the fuzzers share. A fuzzer is a file NAME_fuzz.cpp: it gives bytes to a
// parser, and requires the properties that hold for all bytes. `./dev fuzz` runs it with libFuzzer,
// and seeds_test.cpp runs it once for each file in seeds/NAME.
//
// A fault is a property that does not hold, a crash, a report of a sanitizer, or an input that
// takes more than five seconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "codec/json.hpp"

// The function that libFuzzer calls. In the test programs, it has the name of the fuzzer.
// NOLINTNEXTLINE(readability-identifier-naming): the name is that of libFuzzer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace lastgood::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Reports a fault if the property does not hold.
inline void require(bool holds, const char* property) {
  if (!holds) throw std::logic_error(property);
}

// Requires that a message is text for users: valid UTF-8 of at most `max` bytes.
inline void require_message(std::string_view message, std::size_t max) {
  require(!message.empty(), "a message is not empty");
  require(message.size() <= max, "a message has a limit");
  require(clip(message, message.size()) == message, "a message is valid UTF-8");
}

inline std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// Numbers that follow only from the text, so that a finding is the same each time it runs.
class Choices {
 public:
  explicit Choices(std::string_view text) {
    for (const char c : text) state_ = (state_ ^ static_cast<std::uint8_t>(c)) * 1099511628211U;
  }
  // A number from 0 to count - 1.
  std::size_t below(std::size_t count) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::size_t>(state_ >> 33U) % count;
  }

 private:
  std::uint64_t state_ = 14695981039346656037U;
};

// The text in pieces of 1 to `max` bytes, as reads from a socket return it.
inline std::vector<std::string_view> pieces_of(std::string_view text, std::size_t max) {
  Choices choices(text);
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    pieces.push_back(text.substr(0, 1 + choices.below(max)));
    text.remove_prefix(pieces.back().size());
  }
  return pieces;
}

}  // namespace lastgood::fuzz
