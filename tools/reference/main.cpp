// generate_reference [--check] FILE: writes the tables of docs/reference.md again. With --check it
// only compares. Exit codes: 0 the file is current, 1 it is not (--check), 2 wrong
// arguments, or FILE cannot be read or written.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "reference/render.hpp"

namespace {

constexpr int not_current = 1;
constexpr int unusable = 2;

std::optional<std::string> read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return in ? std::optional(text.str()) : std::nullopt;
}

int complain(const std::string& message) {
  fmt::print(stderr, "{}\n", message);
  return unusable;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const bool only_check = !words.empty() && words.front() == "--check";
  if (only_check) words.erase(words.begin());
  if (words.size() != 1) return complain("usage: generate_reference [--check] FILE");
  const std::string& path = words.front();

  const auto page = read(path);
  if (!page) return complain(fmt::format("{} cannot be read", path));
  const auto current = lastgood::reference::render_page(*page);
  if (!current) return complain(fmt::format("{}: {}", path, current.error().message));
  if (*current == *page) return 0;
  if (only_check) return not_current;
  std::ofstream out(path, std::ios::binary);
  out << *current;
  return out.flush() ? 0 : complain(fmt::format("{} cannot be written", path));
}
