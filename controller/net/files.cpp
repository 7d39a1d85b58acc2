#include "net/files.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include "net/file.hpp"

namespace lastgood::net {
namespace {

constexpr std::size_t max_files = 256;
constexpr std::size_t max_bytes = std::size_t{1024} * 1024;  // of all files

}  // namespace

Result<api::StringMap> Files::read_folder(const std::string& path) {
  namespace fs = std::filesystem;
  const auto unreadable = [&path](const std::string& problem) {
    return fail(ErrorKind::BadInput, path + ": " + problem);
  };
  std::error_code error;
  fs::directory_iterator entry(path, error);
  api::StringMap files;
  std::size_t size = 0;
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name.starts_with('.')) continue;
    if (files.size() == max_files)
      return unreadable("the folder has more than " + std::to_string(max_files) + " files");
    auto text = read_file(entry->path().string(), max_bytes);
    if (!text) return std::unexpected(text.error());
    size += text->size();
    if (size > max_bytes)
      return unreadable("the files have more than " + std::to_string(max_bytes) + " bytes");
    files.emplace(std::move(name), *std::move(text));
  }
  if (error) return unreadable(error.message());
  return files;
}

}  // namespace lastgood::net
