// Files reads the folders that the kubelet mounts.
#include "net/files.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "wire/support/files.hpp"

namespace lastgood::wire {

using Contents = api::StringMap;

TEST_CASE("reads the files of a mounted Secret by their links") {
  const Folder folder;
  // As the kubelet creates them: ..data is a link to the folder of the present version.
  std::filesystem::create_directory(folder.path("..1"));
  folder.write("..1/token", "abc\n");
  folder.write("..1/ca.crt", "");
  std::filesystem::create_directory_symlink("..1", folder.path("..data"));
  std::filesystem::create_symlink("..data/token", folder.path("token"));
  std::filesystem::create_symlink("..data/ca.crt", folder.path("ca.crt"));
  const auto files = net::Files().read_folder(folder.path(""));
  REQUIRE(files);
  CHECK(*files == Contents{{"token", "abc\n"}, {"ca.crt", ""}});
  // A new version.
  std::filesystem::create_directory(folder.path("..2"));
  folder.write("..2/token", "def\n");
  std::filesystem::remove(folder.path("..data"));
  std::filesystem::create_directory_symlink("..2", folder.path("..data"));
  std::filesystem::remove(folder.path("ca.crt"));
  CHECK(net::Files().read_folder(folder.path("")).value() == Contents{{"token", "def\n"}});
}

TEST_CASE("reports a missing folder, and an entry that is not a regular file") {
  const Folder folder;
  const auto missing = net::Files().read_folder(folder.path("missing"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::BadInput);
  CHECK_THAT(missing.error().message, Catch::Contains("missing: No such file"));
  std::filesystem::create_directory(folder.path("token"));
  const auto not_a_file = net::Files().read_folder(folder.path(""));
  REQUIRE_FALSE(not_a_file);
  CHECK_THAT(not_a_file.error().message, Catch::Contains("token: not a regular file"));
}

TEST_CASE("reads no folder with too many files or bytes") {
  const Folder many;
  for (int i = 0; i < 257; ++i) many.write(std::to_string(i), "");
  CHECK_THAT(net::Files().read_folder(many.path("")).error().message,
             Catch::Contains("more than 256 files"));
  const Folder large;
  large.write("a", std::string(600'000, 'a'));
  large.write("b", std::string(600'000, 'b'));
  CHECK_THAT(net::Files().read_folder(large.path("")).error().message,
             Catch::Contains("more than 1048576 bytes"));
}

}  // namespace lastgood::wire
