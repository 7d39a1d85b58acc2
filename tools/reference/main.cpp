// generate_reference [--check] FILE: renders the tables in FILE (docs/reference.md) again and
// writes FILE. With --check, it only compares FILE with the rendered page. Exit codes:
//   0  FILE is current
//   1  FILE is not current (only with --check)
//   2  the arguments are wrong, or FILE cannot be read, rendered or written
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
constexpr int cannot_run = 2;

std::optional<std::string> read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return in ? std::optional(text.str()) : std::nullopt;
}

int fail_with(const std::string& message) {
  fmt::print(stderr, "{}\n", message);
  return cannot_run;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool only_check = !arguments.empty() && arguments.front() == "--check";
  if (only_check) arguments.erase(arguments.begin());
  if (arguments.size() != 1) return fail_with("usage: generate_reference [--check] FILE");
  const std::string& path = arguments.front();

  const auto page = read(path);
  if (!page) return fail_with(fmt::format("{} cannot be read", path));
  const auto rendered = lastgood::reference::render_page(*page);
  if (!rendered) return fail_with(fmt::format("{}: {}", path, rendered.error().message));
  if (*rendered == *page) return 0;
  if (only_check) return not_current;
  std::ofstream out(path, std::ios::binary);
  out << *rendered;
  return out.flush() ? 0 : fail_with(fmt::format("{} cannot be written", path));
}
