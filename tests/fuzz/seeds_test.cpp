// Runs each fuzzer once for each of its seeds. A seed is an example, or an input in which a fuzzer
// has found a fault.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "source_path.hpp"
#include "targets.hpp"

using namespace lastgood;

namespace {

std::vector<std::filesystem::path> seeds_of(const std::string& fuzzer) {
  const auto folder = test::source_path("tests/fuzz/seeds/" + fuzzer);
  std::vector<std::filesystem::path> seeds;
  if (!std::filesystem::exists(folder)) return seeds;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    seeds.push_back(entry.path());
  return seeds;
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("finds no fault when a fuzzer reads its seeds") {
  REQUIRE(!fuzz::targets().empty());
  for (const fuzz::Target& target : fuzz::targets()) {
    const auto seeds = seeds_of(target.name);
    INFO("fuzzer " << target.name);
    CHECK(!seeds.empty());
    for (const auto& seed : seeds) {
      INFO("seed " << seed);
      const std::string bytes = content_of(seed);
      // A copy without spare capacity: a sanitizer then finds each read after the end.
      const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
      CHECK_NOTHROW(target.run(exact.data(), exact.size()));
    }
  }
}
