#include "source_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "source_path.hpp"

namespace lastgood::architecture {
namespace {

std::string_view without_indentation(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

// The included file with its quotes or angle brackets; empty if the line includes nothing.
std::string_view included(std::string_view line) {
  line = without_indentation(line);
  if (!line.starts_with('#')) return {};
  line = without_indentation(line.substr(1));
  constexpr std::string_view directive = "include";
  if (!line.starts_with(directive)) return {};
  line = without_indentation(line.substr(directive.size()));
  if (line.empty()) return {};
  const char end = line.front() == '<' ? '>' : line.front();
  const auto close = line.find(end, 1);
  return close == std::string_view::npos ? std::string_view{} : line.substr(0, close + 1);
}

}  // namespace

std::vector<SourceFile> read_sources(const std::vector<std::string>& folders) {
  namespace fs = std::filesystem;
  const fs::path root = test::source_path("");
  std::vector<SourceFile> files;
  for (const std::string& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const fs::path& path = entry.path();
      if (path.extension() != ".cpp" && path.extension() != ".hpp") continue;
      std::ifstream in(path, std::ios::binary);
      std::ostringstream text;
      text << in.rdbuf();
      files.push_back({.path = fs::relative(path, root).generic_string(), .text = text.str()});
    }
  }
  if (files.empty()) throw std::runtime_error("there are no source files in " + root.string());
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

std::vector<Include> includes_of(const SourceFile& file) {
  std::vector<Include> includes;
  std::istringstream text(file.text);
  std::string line;
  for (std::size_t number = 1; std::getline(text, line); ++number) {
    const std::string_view found = included(line);
    if (found.size() <= 2) continue;
    includes.push_back({.line = number,
                        .file = std::string(found.substr(1, found.size() - 2)),
                        .quoted = found.front() == '"'});
  }
  return includes;
}

std::string folder_of(std::string_view path) {
  constexpr std::string_view controller = "controller/";
  if (path.starts_with("cmd/")) return "cmd";
  if (!path.starts_with(controller)) return "";
  path.remove_prefix(controller.size());
  const auto slash = path.find('/');
  return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash));
}

std::string include_path_of(std::string_view path) {
  for (const std::string_view root : {"controller/", "cmd/lastgood-controller/"}) {
    if (path.starts_with(root)) return std::string(path.substr(root.size()));
  }
  return std::string(path);
}

std::string violation(const SourceFile& file, std::size_t line, const std::string& text) {
  return file.path + ":" + std::to_string(line) + ": " + text;
}

}  // namespace lastgood::architecture
