// The fuzzers as functions, for a program without libFuzzer. CMake writes the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lastgood::fuzz {

struct Target {
  const char* name;
  int (*run)(const std::uint8_t* data, std::size_t size);
};

// The fuzzers of the layer of this program.
[[nodiscard]] std::span<const Target> targets();

}  // namespace lastgood::fuzz
